"""Bills: the provider's own figure first, then tokens at the price, and never a zero for the unknown."""

from dataclasses import dataclass
from decimal import Decimal

import pytest

from router.catalog.price import Peak
from router.catalog.upstream import Upstream
from router.ledger.bill import bill
from router.ledger.entry import CostSource
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
