"""The order of the candidates: by price, without those in cooldown, within the route's lists and promises."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from classifier.tier import Tier
from router.catalog.catalog import Catalog
from router.catalog.price import Peak
from router.catalog.upstream import Capability, Upstream
from router.errors import NoEligibleUpstream
from router.policy.decide import View, decide
from router.policy.decision import Cause, Decision, Reason
from router.policy.estimate import Observed
from router.policy.resolve import RouteTarget
from router.policy.rules import Policy, Route
from router.request import Needs
from tests.fakes.values import NOW, TODAY, a_price, a_request, an_assessment, an_upstream

NONE: frozenset[Capability] = frozenset()
SMALL = an_upstream("small", Tier.EASY, price=a_price("0.1", "0.3"), capabilities=NONE, window=32_000)
MIDDLE = an_upstream("middle", Tier.MEDIUM, price=a_price("0.5", "1.5"), capabilities=frozenset({Capability.TOOLS}))
LARGE = an_upstream("large", Tier.HARD, price=a_price("2", "8"), window=1_000_000)
VIEW = View(catalog=Catalog(upstreams=(LARGE, MIDDLE, SMALL)), today=TODAY)
AUTO = Route(name="auto")


def names(decision: Decision) -> list[str]:
    """Return who is ranked, in order."""
    return [candidate.upstream.name for candidate in decision.ranked]


def on(route: Route = AUTO) -> RouteTarget:
    """Return a target on `route` at its own dial."""
    return RouteTarget(route=route, dial=route.dial)


def view_of(*upstreams: Upstream, resting: Mapping[str, float] | None = None) -> View:
    """Return a view of some upstreams."""
    return View(catalog=Catalog(upstreams=upstreams), today=TODAY, resting=resting or {})


def test_known_prices_rank_before_trial_and_unknown_ones() -> None:
    """A promotional zero is never the cheapest, an unknown price comes last, ties go to the weaker and the earlier."""
    trial = an_upstream("trial", price=a_price("0", "0"), trial=True)
    unknown = an_upstream("unknown", price=None)
    unknown_trial = an_upstream("unknown-trial", price=None, trial=True)
    first, second = an_upstream("first", Tier.MEDIUM), an_upstream("second", Tier.MEDIUM)
    weaker, free = an_upstream("weaker"), an_upstream("free", price=a_price("0", "0"))

    decision = decide(
        a_request(),
        on(),
        an_assessment(),
        view_of(unknown, unknown_trial, trial, first, second, weaker, free),
    )

    assert names(decision) == ["free", "weaker", "first", "second", "trial", "unknown", "unknown-trial"]
    assert decision.ranked[-1].expected_cost is None


def test_the_price_of_this_request_counts() -> None:
    """What is cheap for long prompts is not cheap for long answers, and what was observed outweighs what is assumed."""
    reader = an_upstream("reader", price=a_price("0.1", "10"))
    writer = an_upstream("writer", price=a_price("2", "1"))
    view = view_of(reader, writer)
    terse = View(catalog=view.catalog, today=TODAY, observed={"reader": Observed(output_tokens=(1.0, None, None))})

    assert names(decide(a_request(input_tokens=100_000), on(), an_assessment(), view)) == ["reader", "writer"]
    assert names(decide(a_request(input_tokens=10), on(), an_assessment(), view)) == ["writer", "reader"]
    assert names(decide(a_request(input_tokens=10), on(), an_assessment(), terse)) == ["reader", "writer"]


def test_an_upstream_in_cooldown_is_left_out() -> None:
    """Others serve, and the decision says for how long it rests."""
    decision = decide(a_request(), on(), an_assessment(), view_of(SMALL, MIDDLE, resting={"small": 12.4}))

    assert names(decision) == ["middle"]
    assert [(r.upstream.name, r.cause, r.detail) for r in decision.rejected] == [
        ("small", Cause.COOLDOWN, "it is left alone for another 12 s after it failed")
    ]


def test_the_last_ones_are_used_in_spite_of_a_cooldown() -> None:
    """If every eligible upstream rests, the one that is back soonest is asked first."""
    resting = {"middle": 5.0, "large": 3.0, "elsewhere": 1.0}

    decision = decide(a_request(), on(), an_assessment(Tier.MEDIUM), view_of(SMALL, MIDDLE, LARGE, resting=resting))

    assert names(decision) == ["large", "middle"]
    assert [refusal.cause for refusal in decision.rejected] == [Cause.TIER]


def test_a_route_may_list_who_serves_a_tier() -> None:
    """Only the listed upstreams are ranked, even if another is cheaper or has to rest."""
    route = Route(name="auto", tiers={Tier.EASY: frozenset({"middle"})})

    decision = decide(a_request(), on(route), an_assessment(), view_of(SMALL, MIDDLE, resting={"middle": 9.0}))

    assert names(decision) == ["middle"]
    assert decision.reason is Reason.CLASSIFIED
    assert [(r.upstream.name, r.cause, r.detail) for r in decision.rejected] == [
        ("small", Cause.ROUTE, "route 'auto' does not list it for easy work")
    ]


def test_a_listed_upstream_is_still_no_stronger_than_it_is() -> None:
    """A list cannot give an upstream harder work than its tier."""
    route = Route(name="auto", tiers={Tier.HARD: frozenset({"small", "large"})})

    decision = decide(a_request(), on(route), an_assessment(Tier.HARD), VIEW)

    assert names(decision) == ["large"]


def test_the_order_follows_the_hour() -> None:
    """Who is cheaper but for its peak hours serves outside of them."""
    peak = Peak(factor=Decimal(2), hours=((0, 24 * 60),), days=frozenset({NOW.weekday()}))
    by_the_hour = an_upstream("by-the-hour", price=a_price("1", "2", peak=peak))
    steady = an_upstream("steady", price=a_price("1.5", "3"))
    view = View(catalog=Catalog(upstreams=(by_the_hour, steady)), today=TODAY)
    orders = [
        names(decide(a_request(), on(AUTO), an_assessment(), replace(view, at=at)))
        for at in (NOW, NOW + timedelta(days=1), None)
    ]

    assert orders == [["steady", "by-the-hour"], ["by-the-hour", "steady"], ["by-the-hour", "steady"]]


def test_too_many_tools_for_the_tier_go_one_tier_up() -> None:
    """A limit on the number of tools excludes its upstream, with the numbers; a smaller request of the kind stays."""
    narrow, wide = an_upstream("narrow", max_tools=128), an_upstream("wide", Tier.MEDIUM)
    view = View(catalog=Catalog(upstreams=(narrow, wide)), today=TODAY)
    few, many = (a_request(needs=Needs(tools=True, tool_count=count)) for count in (128, 129))

    assert names(decide(few, on(AUTO), an_assessment(), view)) == ["narrow", "wide"]
    decision = decide(many, on(AUTO), an_assessment(), view)
    assert (names(decision), decision.reason) == (["wide"], Reason.ESCALATED_CAPABILITY)
    assert [refusal.detail for refusal in decision.rejected] == ["takes at most 128 tools < 129 declared"]


def test_who_cannot_do_it_hands_over_to_the_next_list() -> None:
    """If no listed upstream of the tier has the capability, those listed for the next tier up serve."""
    route = Route(name="auto", tiers={Tier.EASY: frozenset({"small"}), Tier.MEDIUM: frozenset({"middle", "gone"})})

    decision = decide(a_request(needs=Needs(tools=True)), on(route), an_assessment(), VIEW)

    assert names(decision) == ["middle"]
    assert decision.reason is Reason.ESCALATED_CAPABILITY


def test_a_stronger_one_alone_is_no_escalation() -> None:
    """Where the tier has no upstream of its own, nothing was escalated."""
    decision = decide(a_request(), on(), an_assessment(Tier.MEDIUM), view_of(SMALL, LARGE))

    assert names(decision) == ["large"]
    assert decision.reason is Reason.CLASSIFIED


def test_one_of_the_tier_that_can_do_it_is_no_escalation() -> None:
    """What one upstream of the tier lacks, another of the same tier has."""
    able = an_upstream("able", Tier.EASY)

    decision = decide(a_request(needs=Needs(images=True)), on(), an_assessment(), view_of(SMALL, able, LARGE))

    assert names(decision) == ["able", "large"]
    assert decision.reason is Reason.CLASSIFIED


def test_a_policy_filters() -> None:
    """The route's promise excludes whoever does not keep it."""
    route = Route(name="legal", policy=Policy(name="eu_only", regions=frozenset({"eu"})))
    near = an_upstream("near", region="eu", price=a_price("9", "9"))

    decision = decide(a_request(), on(route), an_assessment(), view_of(SMALL, near))

    assert names(decision) == ["near"]


def test_a_list_that_nobody_can_serve_is_told() -> None:
    """An upstream that could serve but is not listed appears with that reason."""
    nowhere = frozenset({"gone"})
    route = Route(name="auto", tiers={Tier.EASY: nowhere, Tier.MEDIUM: nowhere, Tier.HARD: nowhere})

    with pytest.raises(NoEligibleUpstream, match="small: route 'auto' does not list it for easy work"):
        decide(a_request(), on(route), an_assessment(), view_of(SMALL))


def test_an_empty_catalog_is_told() -> None:
    """Without upstreams the message says so."""
    with pytest.raises(NoEligibleUpstream, match="None is configured"):
        decide(a_request(), on(), an_assessment(), view_of())
