"""The spend table: shares, signed savings, and the unknown kept out of every sum of money."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.ledger.spend import EXPLICIT, NOT_SENT, Grouping, Simulated, Sums, tabulate


def _sums(group: str, cost: str, baseline: str, **rest: int) -> Sums:
    """Return ten priced and compared rows."""
    paid = Decimal(cost)
    return Sums(
        group=group,
        requests=10,
        priced=10,
        cost=paid,
        compared=10,
        compared_cost=paid,
        baseline_cost=Decimal(baseline),
        **rest,
    )


def test_shares_and_savings() -> None:
    """Each line has its share of the whole cost, and its saving signed: a loss is negative."""
    table = tabulate(Grouping.TIER, [_sums("hard", "3", "2"), _sums("easy", "1", "10")])
    easy, hard = table.lines

    assert (easy.share, easy.saving, easy.saving_percent) == (25, 9, 90)
    assert (hard.share, hard.saving, hard.saving_percent) == (75, -1, -50)
    assert (table.total.cost, table.total.share, table.total.baseline, table.total.saving) == (4, 100, 12, 8)


def test_nothing_known_is_unknown() -> None:
    """A group without a known cost has neither cost nor saving, and is counted apart."""
    table = tabulate(Grouping.TIER, [Sums(group="easy", requests=4, unpriced=3)])

    for line in (*table.lines, table.total):
        assert [line.cost, line.share, line.baseline, line.saving, line.saving_percent] == [None] * 5
        assert (line.sums.requests, line.sums.unpriced) == (4, 3)


def test_a_saving_is_over_compared_rows_only() -> None:
    """Rows that have only one of the two costs change the cost but not the saving."""
    sums = Sums(
        group="easy",
        requests=3,
        priced=2,
        unpriced=1,
        cost=Decimal(5),
        compared=1,
        compared_cost=Decimal(1),
        baseline_cost=Decimal(4),
    )
    (line,) = tabulate(Grouping.TIER, [sums]).lines

    assert (line.cost, line.baseline, line.saving, line.saving_percent) == (5, 4, 3, 75)


def test_a_free_baseline_has_no_percentage() -> None:
    """Where the baseline costs nothing a saving has no percentage, and where all is free nothing has a share."""
    (line,) = tabulate(Grouping.TIER, [_sums("easy", "0", "0")]).lines

    assert (line.cost, line.saving) == (0, 0)
    assert (line.share, line.saving_percent) == (None, None)


def test_tokens_are_summed_where_reported() -> None:
    """The total of a bucket is over what was reported, and unknown when nothing was."""
    table = tabulate(Grouping.TIER, [Sums(group="easy", requests=1, input=5), Sums(group="hard", requests=1)])

    assert table.total.sums.input == 5
    assert table.total.sums.output is None


ORDERS = [
    (Grouping.TIER, [NOT_SENT, EXPLICIT, "needs_info", "hard", "easy", "medium"], "easy medium hard needs_info"),
    (Grouping.DAY, ["2026-02-01", "2026-01-31", "2025-12-31"], "2025-12-31 2026-01-31 2026-02-01"),
]


@pytest.mark.parametrize(("by", "groups", "expected"), ORDERS, ids=["tier", "day"])
def test_order(by: Grouping, groups: list[str], expected: str) -> None:
    """Tiers stand by strength with the explicit and the refused at the end, days by date."""
    lines = [line.sums.group for line in tabulate(by, [Sums(group=group, requests=1) for group in groups]).lines]

    assert lines[: len(expected.split())] == expected.split()
    assert by is Grouping.DAY or lines[-2:] == [EXPLICIT, NOT_SENT]


def test_others_stand_by_cost() -> None:
    """Models, providers and callers stand by cost, the dearest first, then by name; the refused last."""
    sums = [Sums(group=NOT_SENT, requests=9), _sums("b", "1", "1"), _sums("a", "1", "1"), _sums("c", "2", "1")]
    lines = tabulate(Grouping.MODEL, sums).lines

    assert [line.sums.group for line in lines] == ["c", "a", "b", NOT_SENT]


@given(costs=st.lists(st.decimals(0, 1_000_000, places=12), min_size=1, max_size=20))
def test_nothing_is_lost_in_a_total(costs: list[Decimal]) -> None:
    """The total is the exact sum of the lines, and the shares add up to a hundred."""
    table = tabulate(Grouping.CALLER, [_sums(str(n), str(cost), "1") for n, cost in enumerate(costs)])

    assert table.total.cost == sum(costs)
    assert table.total.sums.requests == 10 * len(costs)
    if any(costs):
        assert abs(sum(line.share or 0 for line in table.lines) - 100) < Decimal("1e-20")


def test_simulated_groups_are_left_out_beside_real_ones() -> None:
    """Their money is in no line, share or saving, and is told apart."""
    table = tabulate(Grouping.TIER, [_sums("easy", "1", "2"), _sums("easy", "5", "9", simulated=True)])

    assert [(line.sums.requests, line.cost, line.share, line.saving) for line in table.lines] == [(10, 1, 100, 1)]
    assert table.simulated == Simulated(requests=10, cost=Decimal(5), counted=False, alone=False)


def test_simulated_groups_are_counted_when_asked_for() -> None:
    """They are one line with the real ones of the same group."""
    both = [_sums("easy", "1", "2"), _sums("easy", "5", "9", simulated=True)]
    table = tabulate(Grouping.TIER, both, with_simulated=True)

    assert [(line.sums.requests, line.cost, line.saving) for line in table.lines] == [(20, 6, 5)]
    assert table.simulated == Simulated(requests=10, cost=Decimal(5), counted=True, alone=False)


def test_simulated_groups_alone_are_counted() -> None:
    """So too beside requests that were refused before anybody was called, which tell nothing of who would have been."""
    unsent = Sums(group=NOT_SENT, requests=3, unsent=3)
    table = tabulate(Grouping.TIER, [Sums(group="easy", requests=2, simulated=True), unsent])

    assert table.total.sums.requests == 5
    assert table.simulated == Simulated(requests=2, cost=None, counted=True, alone=True)


def test_without_simulated_requests_nothing_is_said_of_them() -> None:
    """Neither in a ledger of real requests nor in an empty one."""
    assert tabulate(Grouping.TIER, [_sums("easy", "1", "2")]).simulated is None
    assert tabulate(Grouping.TIER, []).simulated is None


def test_an_empty_ledger_has_no_lines() -> None:
    """Without rows there is a total of nothing."""
    table = tabulate(Grouping.TIER, [])

    assert table.lines == ()
    assert (table.total.sums.requests, table.total.cost) == (0, None)
