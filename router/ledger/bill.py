"""What one reply costs, and what it would have cost at the baseline. Pure."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from router.catalog.upstream import Upstream
from router.ledger.entry import CostSource
from router.usage import Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """The cost of one reply in USD, where it comes from, and the baseline's cost for the same tokens.

    A cost that cannot be known is None. `price_as_of` dates the price used, None where the provider sent its own bill.
    """

    cost: Decimal | None
    source: CostSource
    price_as_of: date | None = None
    baseline_cost: Decimal | None = None


def bill(upstream: Upstream, usage: Usage, baseline: Upstream | None, at: datetime | None = None) -> Bill:
    """Return the bill for `usage` at `upstream`: the provider's own figure where it sent one, else tokens at the price.

    `at` is the moment (aware) of the call, whose price counts; None one outside of peak hours. The baseline is charged
    for the same buckets, cached tokens included: a single model would have cached as well.
    """
    compared = baseline.price if baseline is not None else None
    saved_against = None if compared is None else compared.at(at).cost(usage)
    if usage.reported_cost is not None:
        return Bill(cost=usage.reported_cost, source=CostSource.PROVIDER, baseline_cost=saved_against)
    if upstream.price is None:
        return Bill(cost=None, source=CostSource.UNKNOWN, baseline_cost=saved_against)
    return Bill(
        cost=upstream.price.at(at).cost(usage),
        source=CostSource.ESTIMATED if usage.estimated else CostSource.COMPUTED,
        price_as_of=upstream.price.as_of,
        baseline_cost=saved_against,
    )
