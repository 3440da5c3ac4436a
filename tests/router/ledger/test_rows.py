"""Rows: every entry goes into SQLite and comes back the same."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.ledger.entry import Attempt, CostSource, EntryStatus, LedgerEntry
from router.ledger.rows import (
    COLUMNS,
    INSERTIONS,
    WIDTH,
    flatten,
    from_pico,
    from_row,
    held_back,
    pack,
    to_instant,
    to_pico,
    to_row,
    unpack,
)
from router.ledger.schema import upgrade
from router.usage import Usage
from tests.fakes.ledger import a_refusal, an_entry

MONEY = st.decimals(min_value=0, max_value=9_000_000, places=12)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
COUNT = st.integers(0, 2**62)
REAL = st.floats(0, 1e12)
SHARE = st.floats(0, 1)


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    """Any legal usage."""
    into, out = draw(COUNT), draw(COUNT)
    cached = draw(st.none() | st.integers(0, into))
    return Usage(
        input=into,
        output=out,
        cached_input=cached,
        cache_write=draw(st.none() | st.integers(0, into - (cached or 0))),
        reasoning=draw(st.none() | st.integers(0, out)),
        reported_cost=draw(st.none() | MONEY),
        estimated=draw(st.booleans()),
    )


ATTEMPTS = st.builds(
    Attempt, upstream=TEXT, provider=TEXT, ending=TEXT, status=st.none() | st.integers(100, 599), latency_ms=REAL
)


@st.composite
def priced(draw: st.DrawFn) -> LedgerEntry:
    """Any entry of known cost."""
    return LedgerEntry(
        request_id=draw(TEXT),
        decision_id=draw(TEXT),
        at=draw(st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))),  # noqa: DTZ001
        caller=draw(TEXT),
        model_asked=draw(TEXT),
        status=draw(st.sampled_from(EntryStatus)),
        http_status=draw(st.integers(100, 599)),
        stream=draw(st.booleans()),
        tier=draw(st.none() | TEXT),
        probabilities=draw(st.none() | st.tuples(SHARE, SHARE, SHARE)),
        confidence=draw(st.none() | SHARE),
        usage=draw(st.none() | usages()),
        cost=draw(MONEY),
        cost_source=draw(st.sampled_from(CostSource)),
        price_as_of=draw(st.none() | st.dates(min_value=date(2000, 1, 1))),
        rates=draw(st.none() | st.just('{"input": "0.1", "output": "2"}')),
        baseline_cost=draw(st.none() | MONEY),
        latency_ms=draw(REAL),
        first_byte_ms=draw(st.none() | REAL),
        attempts=tuple(draw(st.lists(ATTEMPTS, max_size=3))),
    )


@pytest.fixture(scope="module")
def table() -> Iterator[sqlite3.Connection]:
    """An empty ledger in memory."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    upgrade(connection)
    yield connection
    connection.close()


def _through(table: sqlite3.Connection, *entries: LedgerEntry) -> list[LedgerEntry]:
    """Write entries by one insertion and read what is there."""
    table.execute("DELETE FROM request")
    table.execute(INSERTIONS[len(entries)], flatten(to_row(entry) for entry in entries))
    return [from_row(row) for row in table.execute(f"SELECT {COLUMNS} FROM request ORDER BY id")]


@given(entry=priced())
def test_an_entry_comes_back_exactly(table: sqlite3.Connection, entry: LedgerEntry) -> None:
    """Whatever an entry holds, the row gives the same entry back: money to the last digit, times to the microsecond."""
    assert _through(table, entry) == [entry]


@pytest.mark.parametrize("count", INSERTIONS)
def test_many_rows_by_one_statement(table: sqlite3.Connection, count: int) -> None:
    """Each prepared size inserts as many rows as it says, in order."""
    entries = [an_entry() for _ in range(count)]

    assert _through(table, *entries) == entries


@given(usd=MONEY)
def test_money_survives_as_whole_pico_usd(usd: Decimal) -> None:
    """An amount with twelve decimals becomes an integer and the same amount again."""
    assert from_pico(to_pico(usd)) == usd


@dataclass(frozen=True)
class Case:
    """An amount in USD and the pico-USD kept of it."""

    id: str
    usd: Decimal | None
    pico: int | None


CASES = [
    Case("unknown is not zero", None, None),
    Case("zero is not unknown", Decimal(0), 0),
    Case("the smallest", Decimal("1E-12"), 1),
    Case("more digits than a row holds are rounded half to even", Decimal("0.0000000000025"), 2),
    Case("and up where nearer", Decimal("0.0000000000026"), 3),
    Case("the largest", Decimal("9223372.036854775807"), 2**63 - 1),
    Case("too large to be a cost", Decimal("9223372.036854775808"), None),
    Case("absurd", Decimal("1E+400"), None),
    Case("not a number", Decimal("NaN"), None),
    Case("infinite", Decimal("Infinity"), None),
    Case("a credit", Decimal("-0.5"), -500_000_000_000),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_pico(case: Case) -> None:
    """USD become whole pico-USD, or unknown where they cannot."""
    assert to_pico(case.usd) == case.pico


def test_a_cost_that_no_row_can_hold_is_unknown(table: sqlite3.Connection) -> None:
    """A provider's absurd bill is stored as unknown, and its source says so."""
    (entry,) = _through(table, an_entry(cost=Decimal("1E+30"), cost_source=CostSource.PROVIDER))

    assert entry.cost is None
    assert entry.cost_source is CostSource.UNKNOWN


def test_tokens_that_no_row_can_hold_are_not_reported(table: sqlite3.Connection) -> None:
    """A count beyond 64 bits spoils no batch: it counts as not reported."""
    (entry,) = _through(table, an_entry(usage=Usage(input=2**70, output=1)))

    assert entry.usage is None


def test_a_lone_surrogate_becomes_a_question_mark(table: sqlite3.Connection) -> None:
    """Text that UTF-8 cannot hold spoils no batch."""
    (entry,) = _through(table, a_refusal(model_asked="gpt-\ud800"))

    assert entry.model_asked == "gpt-?"


def test_a_time_without_zone_is_refused() -> None:
    """A naive time would be written as if it were UTC: it is refused instead."""
    with pytest.raises(ValueError, match="zone"):
        to_instant(datetime(2026, 1, 1))  # noqa: DTZ001


def test_a_row_is_as_wide_as_its_columns() -> None:
    """A row has a value for each column."""
    assert len(to_row(an_entry())) == len(to_row(a_refusal())) == WIDTH


@given(entry=priced())
def test_a_row_comes_back_from_its_pack(entry: LedgerEntry) -> None:
    """Exactly, where there is room."""
    row = to_row(entry)

    assert unpack(pack(row, 1_000_000)) == row


@given(entry=priced(), long=st.text(st.characters(exclude_categories=["Cs"]), max_size=400), tried=st.integers(0, 20))
def test_a_row_that_is_too_long_keeps_its_ids_and_its_money(entry: LedgerEntry, long: str, tried: int) -> None:
    """It always has room in a thousand bytes: texts are cut, and attempts and rates left out."""
    attempts = (Attempt(upstream=long, provider=long, ending="broken"),) * tried
    entry = replace(
        entry, decision_id="d" * 36, caller=long, model_asked=long, model=long, rates=long, attempts=attempts
    )

    data = pack(to_row(entry), 1000)
    row = unpack(data)

    assert len(data) <= 1000
    assert row is not None
    back = from_row(row)
    same = ("decision_id", "at", "status", "usage", "cost", "cost_source", "baseline_cost", "latency_ms")
    known = from_row(to_row(entry))
    assert [getattr(back, name) for name in same] == [getattr(known, name) for name in same]


@pytest.mark.parametrize("data", [b"[]", b"[1,2]", b'{"a":1}'])
def test_a_row_of_other_columns_is_none(data: bytes) -> None:
    """Another version may have written it."""
    assert unpack(data) is None


def test_only_an_answer_is_held_back() -> None:
    """What ended otherwise has ended so, whatever the ledger did."""
    refusal = to_row(a_refusal())

    assert held_back(refusal) == refusal
    assert from_row(held_back(to_row(an_entry()))).status is EntryStatus.INTERRUPTED
