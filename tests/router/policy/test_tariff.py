"""What a request would cost in each tier."""

from dataclasses import replace
from decimal import Decimal

from classifier.tier import Tier
from router.catalog.catalog import Catalog
from router.policy.decide import View
from router.policy.estimate import PRIOR_OUTPUT_TOKENS
from router.policy.rules import Route
from router.policy.tariff import Tariff
from router.request import Needs
from tests.fakes.values import TODAY, a_price, a_request, an_upstream

SMALL = an_upstream("small", price=a_price("1", "2"))
LARGE = an_upstream("large", Tier.HARD, price=a_price("10", "20"))
REQUEST = a_request(input_tokens=100)


def a_tariff(*upstreams, **route) -> Tariff:
    """Return the tariff of a route over some upstreams."""
    return Tariff(route=Route(name="auto", **route), view=View(catalog=Catalog(upstreams=upstreams), today=TODAY))


def test_each_tier_costs_what_its_first_upstream_would():
    """The answer is as long in every tier: only the prices differ."""
    answer = PRIOR_OUTPUT_TOKENS[Tier.MEDIUM]
    small = Decimal(100 * 1 + answer * 2) / 1_000_000
    large = Decimal(100 * 10 + answer * 20) / 1_000_000

    assert a_tariff(SMALL, LARGE).costs(REQUEST, Tier.MEDIUM) == (small, large, large)


def test_a_longer_answer_costs_more_in_every_tier():
    """The label of the prompt sets the length."""
    tariff = a_tariff(SMALL, LARGE)
    easy, hard = tariff.costs(REQUEST, Tier.EASY), tariff.costs(REQUEST, Tier.HARD)

    assert all(less < more for less, more in zip(easy, hard, strict=True))


def test_the_routes_own_list_counts():
    """A route that names the large one for everything pays for it."""
    easy, medium, hard = a_tariff(SMALL, LARGE, tiers={Tier.EASY: frozenset({"large"})}).costs(REQUEST, Tier.EASY)

    assert easy == medium == hard


def test_what_nobody_serves_or_prices_is_unknown():
    """No upstream of the tier, one too small, or one without a price: None, not zero."""
    easy, medium, hard = a_tariff(SMALL, replace(LARGE, price=None)).costs(REQUEST, Tier.EASY)
    assert easy is not None
    assert (medium, hard) == (None, None)
    assert a_tariff(SMALL).costs(REQUEST, Tier.EASY)[1:] == (None, None)
    huge = replace(REQUEST, needs=Needs(context_tokens=10**9))
    assert a_tariff(SMALL, LARGE).costs(huge, Tier.EASY) == (None, None, None)
