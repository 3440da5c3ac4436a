"""The decision: the tier that must be met, who may serve it, in which order."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from classifier.assessment import Assessment, Doubt
from classifier.tier import Tier
from router.catalog.catalog import Catalog
from router.catalog.upstream import Capability, Status, Upstream
from router.errors import NoEligibleUpstream
from router.policy.decide import View, baseline, decide, requirement
from router.policy.decision import Decision, Reason
from router.policy.resolve import RouteTarget, TierTarget, UpstreamTarget
from router.policy.rules import DoubtAction, Route
from router.request import Needs
from tests.fakes.values import TODAY, a_price, a_request, an_assessment, an_upstream

NONE: frozenset[Capability] = frozenset()
SMALL = an_upstream("small", Tier.EASY, price=a_price("0.1", "0.3"), capabilities=NONE, window=32_000)
MIDDLE = an_upstream("middle", Tier.MEDIUM, price=a_price("0.5", "1.5"), capabilities=frozenset({Capability.TOOLS}))
LARGE = an_upstream("large", Tier.HARD, price=a_price("2", "8"), window=1_000_000)
CATALOG = Catalog(upstreams=(LARGE, MIDDLE, SMALL), baseline=LARGE)
VIEW = View(catalog=CATALOG, today=TODAY)
AUTO = Route(name="auto")
PLAIN = Needs(context_tokens=10)
UNSURE = an_assessment(Tier.EASY, doubt=Doubt.LOW_CONFIDENCE)
LACKING = an_assessment(Tier.EASY, doubt=Doubt.MISSING_INFORMATION)


def names(decision: Decision) -> list[str]:
    """Return who is ranked, in order."""
    return [candidate.upstream.name for candidate in decision.ranked]


def on(route: Route = AUTO) -> RouteTarget:
    """Return a target on `route` at its own dial."""
    return RouteTarget(route=route, dial=route.dial)


def view_of(*upstreams: Upstream, resting: Mapping[str, float] | None = None) -> View:
    """Return a view of some upstreams."""
    return View(catalog=Catalog(upstreams=upstreams), today=TODAY, resting=resting or {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    id: str
    assessment: Assessment | None
    route: dict[str, Any] = field(default_factory=dict)
    floor: Tier | None = None
    needs: Needs = PLAIN
    label: str = "easy"
    tier: Tier = Tier.EASY
    reason: Reason = Reason.CLASSIFIED
    ranked: tuple[str, ...] = ("small", "middle", "large")


CASES = (
    Case(id="easy", assessment=an_assessment(Tier.EASY)),
    Case(
        id="medium",
        assessment=an_assessment(Tier.MEDIUM),
        label="medium",
        tier=Tier.MEDIUM,
        ranked=("middle", "large"),
    ),
    Case(id="hard", assessment=an_assessment(Tier.HARD), label="hard", tier=Tier.HARD, ranked=("large",)),
    Case(
        id="unsure: one tier up by default",
        assessment=UNSURE,
        label="needs_info",
        tier=Tier.MEDIUM,
        reason=Reason.LOW_CONFIDENCE,
        ranked=("middle", "large"),
    ),
    Case(
        id="unsure and hard already",
        assessment=an_assessment(Tier.HARD, doubt=Doubt.LOW_CONFIDENCE),
        label="needs_info",
        tier=Tier.HARD,
        reason=Reason.LOW_CONFIDENCE,
        ranked=("large",),
    ),
    Case(
        id="lacking: the label only by default",
        assessment=LACKING,
        label="needs_info",
        reason=Reason.NEEDS_INFO,
    ),
    Case(
        id="lacking: a tier of its own",
        assessment=LACKING,
        route={"on_missing_information": DoubtAction.HARD},
        label="needs_info",
        tier=Tier.HARD,
        reason=Reason.NEEDS_INFO,
        ranked=("large",),
    ),
    Case(
        id="unsure: a fixed tier may be lower",
        assessment=an_assessment(Tier.HARD, doubt=Doubt.LOW_CONFIDENCE),
        route={"on_low_confidence": DoubtAction.EASY},
        label="needs_info",
        reason=Reason.LOW_CONFIDENCE,
    ),
    Case(
        id="classifier failed",
        assessment=None,
        label="medium",
        tier=Tier.MEDIUM,
        reason=Reason.CLASSIFIER_FAILED,
        ranked=("middle", "large"),
    ),
    Case(
        id="classifier failed under a floor",
        assessment=None,
        floor=Tier.HARD,
        label="medium",
        tier=Tier.HARD,
        reason=Reason.CLASSIFIER_FAILED,
        ranked=("large",),
    ),
    Case(
        id="raised by the client",
        assessment=an_assessment(Tier.EASY),
        floor=Tier.MEDIUM,
        tier=Tier.MEDIUM,
        reason=Reason.OVERRIDE,
        ranked=("middle", "large"),
    ),
    Case(id="a floor that is met", assessment=an_assessment(Tier.EASY), floor=Tier.EASY),
    Case(
        id="a floor below the tier",
        assessment=an_assessment(Tier.HARD),
        floor=Tier.EASY,
        label="hard",
        tier=Tier.HARD,
        ranked=("large",),
    ),
    Case(
        id="too long for the tier",
        assessment=an_assessment(Tier.EASY),
        needs=Needs(context_tokens=40_000),
        reason=Reason.ESCALATED_CONTEXT,
        ranked=("middle", "large"),
    ),
    Case(
        id="an image",
        assessment=an_assessment(Tier.MEDIUM),
        needs=Needs(images=True),
        label="medium",
        tier=Tier.MEDIUM,
        reason=Reason.ESCALATED_CAPABILITY,
        ranked=("large",),
    ),
    Case(
        id="an image after a failed classifier",
        assessment=None,
        needs=Needs(images=True),
        label="medium",
        tier=Tier.MEDIUM,
        reason=Reason.CLASSIFIER_FAILED,
        ranked=("large",),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_tier_is_met_by_the_cheapest(case: Case) -> None:
    """From assessment, route, floor and needs follow label, tier, reason and order."""
    route = Route(name="auto", **case.route)

    decision = decide(a_request(needs=case.needs, floor=case.floor), on(route), case.assessment, VIEW)

    assert (decision.label, decision.tier, decision.reason) == (case.label, case.tier, case.reason)
    assert tuple(names(decision)) == case.ranked
    assert decision.route == "auto"
    assert decision.assessment is case.assessment
    assert {refusal.upstream.name for refusal in decision.rejected} == {"small", "middle", "large"} - set(case.ranked)


def test_a_tier_that_the_client_fixed_needs_no_classifier() -> None:
    """`tier/medium` is an override, at that tier, on the route's upstreams."""
    decision = decide(a_request(), TierTarget(route=AUTO, tier=Tier.MEDIUM), None, VIEW)

    assert (decision.label, decision.tier, decision.reason) == ("medium", Tier.MEDIUM, Reason.OVERRIDE)
    assert names(decision) == ["middle", "large"]


def test_nothing_eligible_lists_everyone_with_a_reason() -> None:
    """A 422 names every upstream and what it lacks, with the numbers."""
    request = a_request(needs=Needs(images=True, tools=True, context_tokens=2_000_000), input_tokens=1_500_000)

    with pytest.raises(NoEligibleUpstream) as caught:
        decide(request, on(), an_assessment(Tier.MEDIUM), VIEW)

    assert caught.value.status == 422
    assert caught.value.message == (
        "No upstream may serve this request (medium, tools, vision, about 1,500,000 tokens of input, "
        "counted as 2,000,000 for the window). "
        "large: window 1,000,000 < 2,001,024 needed (prompt 2,000,000 + answer 1,024); "
        "middle: it takes no images, and the request has some; "
        "small: tier easy < medium required."
    )


def test_a_named_upstream_is_taken_at_its_word() -> None:
    """It is ranked alone: no floor, capability, window or cooldown re-routes it."""
    request = a_request(needs=Needs(images=True, context_tokens=99_000), floor=Tier.HARD)
    view = view_of(SMALL, LARGE, resting={"small": 60.0})

    decision = decide(request, UpstreamTarget(upstream=SMALL), None, view)

    assert names(decision) == ["small"]
    assert decision.reason is Reason.EXPLICIT
    assert (decision.route, decision.label, decision.tier, decision.rejected) == (None, None, None, ())
    assert decision.ranked[0].expected_cost == (5 * Decimal("0.1") + 400 * Decimal("0.3")) / 1_000_000


@pytest.mark.parametrize(
    ("upstream", "says"),
    [
        (an_upstream("gone", status=Status.RETIRED), "gone: it is marked as retired"),
        (an_upstream("off", status=Status.DISABLED), "off: it is disabled in the configuration"),
        (an_upstream("old", retires_on=TODAY), "old: it was retired on 2026-11-21"),
        (an_upstream("loop", model="auto"), "loop: its model 'auto' names a router"),
    ],
    ids=lambda value: value.name if isinstance(value, Upstream) else "",
)
def test_a_named_upstream_that_is_gone_is_refused(upstream: Upstream, says: str) -> None:
    """Nobody else is taken in its place."""
    with pytest.raises(NoEligibleUpstream) as caught:
        decide(a_request(), UpstreamTarget(upstream=upstream), None, view_of(upstream, LARGE))

    assert says in caught.value.message


def test_the_baseline_is_estimated_alike() -> None:
    """The same request at the baseline's price; None without a baseline."""
    request = a_request(input_tokens=1_000)

    found = baseline(request, Tier.HARD, VIEW)

    assert found is not None
    assert found.upstream is LARGE
    assert found.expected_cost == (1_000 * Decimal(2) + 800 * Decimal(8)) / 1_000_000
    assert baseline(request, None, view_of(SMALL)) is None


def test_a_requirement_is_known_without_a_catalog() -> None:
    """The tier that must be met follows from the target, the assessment and the floor alone."""
    wanted = requirement(on(), UNSURE, Tier.EASY)

    assert (wanted.label, wanted.tier, wanted.reason) == ("needs_info", Tier.MEDIUM, Reason.LOW_CONFIDENCE)
