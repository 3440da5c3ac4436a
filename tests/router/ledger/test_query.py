"""Questions to the ledger's file: sums per group, while it is being written."""

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from router.errors import LedgerUnavailable
from router.ledger.connection import connect
from router.ledger.entry import Attempt, CostSource, EntryStatus, LedgerEntry
from router.ledger.query import entries, find, rates, sums
from router.ledger.rows import to_row
from router.ledger.spend import EMBEDDINGS, EXPLICIT, NOT_NAMED, NOT_SENT, SIMULATED, Grouping, Sums
from router.ledger.writer import Writer
from router.settings.load import load_simulated
from router.usage import Usage
from tests.fakes.ledger import a_refusal, an_entry

Fill = Callable[..., Path]


@pytest.fixture
def fill(tmp_path: Path) -> Fill:
    """Return what writes entries to a ledger and gives its path."""

    def write(*several: LedgerEntry) -> Path:
        path = tmp_path / "ledger.db"
        writer = Writer(path, "process")
        writer.open()
        if several:
            writer.write([to_row(entry) for entry in several])
        writer.close()
        return path

    return write


def _unpriced(**fields: object) -> LedgerEntry:
    return an_entry(cost=None, cost_source=CostSource.UNKNOWN, price_as_of=None, **fields)


def test_sums_of_a_group(fill: Fill) -> None:
    """Tokens, money and counts are summed; what is unknown is in no sum and is counted apart."""
    path = fill(
        an_entry(cost=Decimal("0.000000000001"), baseline_cost=Decimal(2), usage=Usage(input=10, output=5)),
        an_entry(cost=Decimal(3), baseline_cost=None, usage=Usage(input=1, output=1, cached_input=1, reasoning=1)),
        _unpriced(baseline_cost=Decimal(100), usage=Usage(input=7, output=7, cache_write=3, estimated=True)),
        an_entry(usage=None, cost=None, cost_source=CostSource.UNKNOWN, baseline_cost=None),
    )

    assert sums(path, Grouping.TIER) == (
        Sums(
            group="easy",
            requests=4,
            input=18,
            output=13,
            cached_input=1,
            cache_write=3,
            reasoning=1,
            priced=2,
            unpriced=2,
            estimated=1,
            cost=Decimal("3.000000000001"),
            compared=1,
            compared_cost=Decimal("0.000000000001"),
            baseline_cost=Decimal(2),
        ),
    )


def test_a_request_that_was_not_sent_costs_nothing(fill: Fill) -> None:
    """A refusal is no request of unknown cost; one that called an upstream in vain is."""
    call = Attempt(upstream="small", provider="house", ending="timeout")
    path = fill(a_refusal(), a_refusal(status=EntryStatus.FAILED, http_status=504, attempts=(call,)))
    by_group = {group.group: group for group in sums(path, Grouping.MODEL)}

    assert by_group[NOT_SENT].unpriced == 0
    assert by_group[NOT_NAMED].unpriced == 1


def test_who_could_not_be_connected_to_costs_nothing(fill: Fill) -> None:
    """All attempts refused is a cost of nothing, counted apart; one that may have been read is a cost unknown."""
    refused = Attempt(upstream="small", provider="house", ending="unreachable")
    lost = Attempt(upstream="small", provider="house", ending="unreachable", ambiguous=True)
    failed = {"status": EntryStatus.FAILED, "http_status": 503}
    [group] = sums(
        fill(*(a_refusal(attempts=tried, **failed) for tried in ((refused, refused), (refused, lost)))), Grouping.MODEL
    )

    assert (group.requests, group.unreached, group.unpriced, group.priced) == (2, 1, 1, 0)


def _tried(*attempts: Attempt, status: EntryStatus = EntryStatus.FAILED, code: str = "upstream_refused") -> LedgerEntry:
    """Return the row of a request that these attempts did not serve."""
    return a_refusal(status=status, http_status=502, error_code=code, attempts=attempts, provider="house")


def _ended(ending: str, status: int | None, *, ambiguous: bool = False) -> Attempt:
    return Attempt(upstream="small", provider="house", ending=ending, status=status, ambiguous=ambiguous)


@pytest.mark.parametrize(
    "attempts",
    [
        [_ended("rejected", 400)],
        [_ended("refused", 401)],
        [_ended("refused", 404), _ended("rate_limited", 429)],
        [_ended("unreachable", None), _ended("refused", 403)],
        [_ended("unfit", None)],
    ],
)
def test_what_was_refused_is_not_charged(fill: Fill, attempts: list[Attempt]) -> None:
    """A request that every upstream turned away with a 4xx cost nothing, and is counted apart from the unknown."""
    [group] = sums(fill(_tried(*attempts), _tried(*attempts, status=EntryStatus.REJECTED)), Grouping.MODEL)

    assert (group.requests, group.refused, group.unreached, group.unpriced) == (2, 2, 0, 0)


@pytest.mark.parametrize(
    "attempts",
    [
        [_ended("broken", 500), _ended("refused", 401)],
        [_ended("timeout", None)],
        [_ended("timeout", 408)],
        [_ended("abandoned", None)],
        [_ended("refused", None)],
        [_ended("refused", 401, ambiguous=True)],
        [_ended("overflow", 400)],
    ],
)
def test_what_may_have_been_charged_is_unknown(fill: Fill, attempts: list[Attempt]) -> None:
    """One call that broke, was left, was read twice or answered before it refused makes the cost unknown."""
    [group] = sums(fill(_tried(*attempts)), Grouping.MODEL)

    assert (group.refused, group.unpriced) == (0, 1)


@pytest.mark.parametrize("code", ["content_filter", "tool_use_failed", "json_validate_failed"])
def test_a_refusal_that_came_after_the_work_is_unknown(fill: Fill, code: str) -> None:
    """A filtered prompt was read, a call that the model got wrong was written: hosts charge for it."""
    row = _tried(_ended("rejected", 400), status=EntryStatus.REJECTED, code=code)

    assert [(group.refused, group.unpriced) for group in sums(fill(row), Grouping.MODEL)] == [(0, 1)]


def test_rows_from_before_a_flag_are_unknown(fill: Fill) -> None:
    """Attempts without the keys that are looked at are no refusals."""
    path = fill(_tried(_ended("refused", 401)))
    with closing(connect(path, "rw")) as connection:
        connection.execute("""UPDATE request SET attempts = '[{"ending": "refused"}]'""")

    assert [(group.refused, group.unpriced) for group in sums(path, Grouping.MODEL)] == [(0, 1)]


def test_embeddings_have_a_line_of_their_own(fill: Fill) -> None:
    """A group that was asked for is neither a tier nor an explicit upstream; it has no baseline, which is counted."""
    bare = {"tier": None, "required_tier": None, "baseline": None, "baseline_cost": None}
    path = fill(
        an_entry(reason="cheapest", **bare),
        an_entry(reason="fallback", **bare),
        an_entry(reason="explicit", route=None, **bare),
    )
    by_group = {group.group: group for group in sums(path, Grouping.TIER)}

    assert {name: group.requests for name, group in by_group.items()} == {EMBEDDINGS: 2, EXPLICIT: 1}
    assert by_group[EMBEDDINGS].without_baseline == 2


def test_simulated_rows_are_summed_apart(fill: Fill) -> None:
    """Who called only the simulator is simulated; where another provider was called too, its money may be real."""
    simulated, real = (Attempt(upstream="x", provider=provider, ending="answered") for provider in (SIMULATED, "house"))
    path = fill(
        an_entry(),
        an_entry(provider=SIMULATED, attempts=(simulated,), rates="{}"),
        an_entry(provider=SIMULATED, attempts=(real, simulated), rates="{}"),
        a_refusal(),
    )
    groups = sums(path, Grouping.CALLER)

    assert sorted((group.simulated, group.requests, group.unsent) for group in groups) == [(False, 3, 1), (True, 1, 0)]
    assert [(one.simulated, one.requests) for one in rates(path)] == [(True, 1), (False, 1)]


def test_the_shipped_simulated_upstreams_are_known_by_their_provider() -> None:
    """The name in config/simulated.yaml is the one that rows are told by."""
    assert list(load_simulated(1, {}).providers) == [SIMULATED]


GROUPS = {
    Grouping.TIER: {"easy": 1, "needs_info": 1, EXPLICIT: 1, NOT_SENT: 1},
    Grouping.MODEL: {"small-wire": 2, "large-wire": 1, NOT_SENT: 1},
    Grouping.PROVIDER: {"house": 2, "abroad": 1, NOT_SENT: 1},
    Grouping.CALLER: {"team-a": 3, "team-b": 1},
    Grouping.DAY: {"2026-11-21": 3, "2026-11-22": 1},
}


@pytest.mark.parametrize("by", Grouping)
def test_groups(fill: Fill, by: Grouping) -> None:
    """Each grouping has a line for each of its values, and one for requests that have none."""
    path = fill(
        an_entry(),
        an_entry(tier="needs_info", caller="team-b", at=datetime(2026, 11, 22, tzinfo=UTC)),
        an_entry(tier=None, reason="explicit", model="large-wire", provider="abroad"),
        a_refusal(),
    )

    assert {group.group: group.requests for group in sums(path, by)} == GROUPS[by]


def test_since_includes_its_instant(fill: Fill) -> None:
    """Rows that came at the instant or later count, however the zone of the instant is written."""
    times = [datetime(2026, 11, 21, hour, tzinfo=UTC) for hour in (10, 11, 12)]
    path = fill(*(an_entry(at=at) for at in times))

    assert [group.requests for group in sums(path, Grouping.TIER, times[1])] == [2]
    assert [entry.at for entry in entries(path, times[1].astimezone())] == times[1:]
    assert sums(path, Grouping.TIER, datetime(2027, 1, 1, tzinfo=UTC)) == ()


def test_sums_beyond_sixty_four_bits(fill: Fill) -> None:
    """A total above 9.2 million USD is exact."""
    dear = Decimal("9000000.000000000001")
    path = fill(*(an_entry(cost=dear, baseline_cost=dear) for _ in range(3)))
    (group,) = sums(path, Grouping.TIER)

    assert group.cost == group.compared_cost == group.baseline_cost == Decimal("27000000.000000000003")


def test_a_request_can_be_found(fill: Fill) -> None:
    """An entry is found by its request id; an unknown id is None."""
    entry = an_entry()
    path = fill(an_entry(), entry)

    assert find(path, entry.decision_id) == entry
    assert find(path, "' OR 1=1 --") is None


def test_reading_goes_on_while_the_ledger_is_written(fill: Fill) -> None:
    """A reader sees what is committed while a writer has the file open and holds its lock, and changes nothing."""
    path = fill(an_entry())
    with closing(connect(path, "rw")) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("DELETE FROM request")
        assert [group.requests for group in sums(path, Grouping.TIER)] == [1]
        writer.execute("ROLLBACK")


def test_no_ledger_is_a_clear_error(tmp_path: Path) -> None:
    """A file that is not there is named with the next step, and is not made."""
    with pytest.raises(LedgerUnavailable, match="There is no ledger at") as missing:
        sums(tmp_path / "none.db", Grouping.TIER)
    assert "tierwise serve" in missing.value.fix
    assert list(tmp_path.iterdir()) == []


def test_an_empty_file_is_a_clear_error(tmp_path: Path) -> None:
    """A file without tables is refused and stays empty."""
    path = tmp_path / "ledger.db"
    path.touch()
    with pytest.raises(LedgerUnavailable, match="empty or of an older version"):
        find(path, "x")
    assert path.read_bytes() == b""


def test_a_file_that_is_no_database_is_a_clear_error(tmp_path: Path) -> None:
    """Another kind of file is refused with the reason."""
    path = tmp_path / "ledger.db"
    path.write_text("provider: openai\n" * 100, encoding="utf-8")
    with pytest.raises(LedgerUnavailable, match="cannot be read: the file is not a database"):
        list(entries(path))
