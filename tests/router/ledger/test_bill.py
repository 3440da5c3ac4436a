"""Bills: the provider's own figure first, then tokens at the price, and never a zero for the unknown."""

from dataclasses import dataclass
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.catalog.price import Peak
from router.catalog.upstream import Upstream
from router.ledger.bill import bill
from router.ledger.entry import CostSource
from router.ledger.rows import from_pico, to_pico
from router.usage import Usage
from tests.fakes.values import NOW, TODAY, a_price, an_upstream, price_of

USAGE = Usage(input=1000, output=500)


@dataclass(frozen=True)
class Case:
    """One usage at one upstream and what it costs."""

    id: str
    upstream: Upstream
    usage: Usage
    cost: Decimal | None
    source: CostSource


CASES = [
    Case("computed", an_upstream(), USAGE, Decimal("0.002"), CostSource.COMPUTED),
    Case(
        "estimated",
        an_upstream(),
        Usage(input=1000, output=500, estimated=True),
        Decimal("0.002"),
        CostSource.ESTIMATED,
    ),
    Case("unknown price", an_upstream(price=None), USAGE, None, CostSource.UNKNOWN),
    Case(
        "the provider's bill",
        an_upstream(price=None),
        Usage(input=1000, output=500, reported_cost=Decimal("0.0042")),
        Decimal("0.0042"),
        CostSource.PROVIDER,
    ),
    Case(
        "more digits than a row holds",
        an_upstream(price=a_price("0.4999993", "0")),
        Usage(input=1479, output=0),
        Decimal("0.000739498965"),
        CostSource.COMPUTED,
    ),
    Case(
        "a bill with as many, half to even",
        an_upstream(),
        Usage(input=1000, output=500, reported_cost=Decimal("0.0000000000025")),
        Decimal("0.000000000002"),
        CostSource.PROVIDER,
    ),
    Case(
        "a bill that is none",
        an_upstream(),
        Usage(input=1000, output=500, reported_cost=Decimal("1E+400")),
        None,
        CostSource.UNKNOWN,
    ),
    Case("zero tokens cost zero", an_upstream(), Usage(input=0, output=0), Decimal(0), CostSource.COMPUTED),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_cost_and_its_source(case: Case) -> None:
    """The cost comes with where it comes from."""
    paid = bill(case.upstream, case.usage, None)

    assert (paid.cost, paid.source, paid.baseline_cost) == (case.cost, case.source, None)


def test_the_baseline_is_charged_for_the_same_tokens() -> None:
    """The saving is measured on equal buckets, and the price is dated."""
    dear = an_upstream("dear", price=a_price("10", "20"))

    paid = bill(an_upstream(), USAGE, dear)

    assert paid.baseline_cost == Decimal("0.02")
    assert paid.price_as_of == TODAY
    assert price_of(paid.rates or "").cost(USAGE) == paid.cost


def test_a_baseline_without_a_price_saves_nothing_known() -> None:
    """An unknown baseline cost is None."""
    assert bill(an_upstream(), USAGE, an_upstream("dear", price=None)).baseline_cost is None


def test_the_hour_of_the_call_sets_the_price() -> None:
    """In peak hours both the bill and the baseline's are higher; at no known hour neither is."""
    peak = Peak(factor=Decimal(2), hours=((12 * 60, 13 * 60),))
    upstream, dear = an_upstream(price=a_price(peak=peak)), an_upstream("dear", price=a_price("10", "20", peak=peak))

    now, unknown = bill(upstream, USAGE, dear, NOW), bill(upstream, USAGE, dear)

    assert (now.cost, now.baseline_cost) == (Decimal("0.004"), Decimal("0.04"))
    assert (unknown.cost, unknown.baseline_cost) == (Decimal("0.002"), Decimal("0.02"))


@given(
    rates=st.lists(st.decimals(0, 1000, places=9), min_size=2, max_size=2),
    usage=st.builds(Usage, input=st.integers(0, 2**21), output=st.integers(0, 2**21)),
)
def test_who_shows_keeps_or_adds_up_a_bill_says_the_same(rates: list[Decimal], usage: Usage) -> None:
    """However many decimals the prices have: the row holds exactly what was billed, and so does a sum of rows."""
    one = an_upstream(price=a_price(*map(str, rates)))

    paid = bill(one, usage, one)

    assert from_pico(to_pico(paid.cost)) == paid.cost
    assert paid.baseline_cost == paid.cost
    assert abs(paid.cost - one.price.cost(usage)) <= Decimal("5E-13")
