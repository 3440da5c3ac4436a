"""What one reply costs, and what it would have cost at the baseline. Pure."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal

from router.catalog.upstream import Upstream
from router.ledger.entry import Attempt, CostSource
from router.quick import quick
from router.usage import Usage

_PICO = Decimal("1E-12")
_MOST = (2**63 - 1) * _PICO


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """The cost of one reply in USD, where it comes from, and the baseline's cost for the same tokens.

    Both are whole pico-USD, so that whoever shows, keeps or adds them up says the same. A cost that cannot be known is
    None. `rates` are those of the price used (Price.rates), `price_as_of` is its date: None where the provider sent its
    own bill.
    """

    cost: Decimal | None
    source: CostSource
    price_as_of: date | None = None
    rates: str | None = None
    baseline_cost: Decimal | None = None


def bill(upstream: Upstream, usage: Usage, baseline: Upstream | None, at: datetime | None = None) -> Bill:
    """Return the bill for `usage` at `upstream`: the provider's own figure where it sent one, else tokens at the price.

    `at` is the moment (aware) of the call, whose price counts; None one outside of peak hours. The baseline is charged
    for the same buckets, cached tokens included: a single model would have cached as well.
    """
    compared = baseline.price if baseline is not None else None
    saved_against = None if compared is None else in_pico(compared.at(at).cost(usage))
    price = None if upstream.price is None else upstream.price.at(at)
    exact = usage.reported_cost
    if exact is None and price is not None:
        exact = price.cost(usage)
    cost = None if exact is None else in_pico(exact)
    if cost is None:
        return Bill(cost=None, source=CostSource.UNKNOWN, baseline_cost=saved_against)
    if usage.reported_cost is not None or price is None:
        return Bill(cost=cost, source=CostSource.PROVIDER, baseline_cost=saved_against)
    return Bill(
        cost=cost,
        source=CostSource.ESTIMATED if usage.estimated else CostSource.COMPUTED,
        price_as_of=price.as_of,
        rates=price.rates,
        baseline_cost=saved_against,
    )


def in_pico(usd: Decimal) -> Decimal | None:
    """Return USD with at most twelve decimals, half-even where there are more; None for what no row can hold.

    A "cost" beyond 9.2 million USD is a broken bill, which counts as unknown.
    """
    if not usd.is_finite() or not -_MOST <= usd <= _MOST:
        return None
    rounded = usd.quantize(_PICO, ROUND_HALF_EVEN)
    return usd if rounded == usd else rounded  # without zeros that nobody wrote


_OPEN = frozenset({"abandoned", "unknown"})
"""Endings that are none: nobody knows what became of the call."""

_WEAKEST = (CostSource.UNKNOWN, CostSource.ESTIMATED, CostSource.COMPUTED, CostSource.PROVIDER)


def known_sum(attempts: tuple[Attempt, ...]) -> tuple[Decimal | None, CostSource]:
    """Return what the paid among `attempts`, one at least, cost together, and how that is known.

    None where the cost of one is not known. Where nobody waited for the end of another, for which there may be a bill
    too, what is known is an estimate of the whole.
    """
    paid = [attempt.paid for attempt in attempts if attempt.paid is not None]
    costs = [each.cost for each in paid if each.cost is not None]
    sources = [each.cost_source for each in paid]
    if any(attempt.paid is None and (attempt.ambiguous or attempt.ending in _OPEN) for attempt in attempts):
        sources.append(CostSource.ESTIMATED)
    return sum(costs, Decimal(0)) if len(costs) == len(paid) else None, min(sources, key=_WEAKEST.index)
