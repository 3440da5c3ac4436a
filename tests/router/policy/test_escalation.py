"""Who answers in place of an answer that was broken."""

from dataclasses import dataclass, field, replace

import pytest

from classifier.tier import Tier
from router.catalog.catalog import Catalog
from router.catalog.upstream import Capability, Upstream
from router.policy.decide import View, decide
from router.policy.decision import Reason
from router.policy.escalation import escalated
from router.policy.resolve import RouteTarget
from router.policy.rules import Route
from router.request import Needs
from tests.fakes.values import TODAY, a_price, a_request, an_assessment, an_upstream

SMALL = an_upstream("small")
MIDDLE = an_upstream("middle", Tier.MEDIUM, price=a_price("5", "10"))
CHEAP_MIDDLE = an_upstream("cheap-middle", Tier.MEDIUM, price=a_price("0.1", "0.1"))
LARGE = an_upstream("large", Tier.HARD, price=a_price("10", "20"))
MUTE = an_upstream("mute", Tier.MEDIUM, price=a_price("4", "4"), capabilities=frozenset({Capability.VISION}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """The upstreams, the assessed tier, and who answers next, in order."""

    id: str
    upstreams: tuple[Upstream, ...] = (SMALL, MIDDLE, LARGE)
    tier: Tier = Tier.EASY
    tiers: dict[Tier, frozenset[str]] = field(default_factory=dict)
    tools: bool = False
    expected: tuple[str, ...]


CASES = (
    Case(id="the next tier up, cheapest first", expected=("middle", "large")),
    Case(id="from the middle", tier=Tier.MEDIUM, expected=("large",)),
    Case(id="nobody is above the highest", tier=Tier.HARD, expected=()),
    Case(id="a tier that is not there is skipped", upstreams=(SMALL, LARGE), expected=("large",)),
    Case(id="nobody else", upstreams=(SMALL,), expected=()),
    Case(
        id="whoever was strong already is not asked again, nor his equals",
        upstreams=(CHEAP_MIDDLE, SMALL, MIDDLE, LARGE),
        expected=("large",),
    ),
    Case(
        id="who cannot do it is not asked",
        upstreams=(SMALL, MUTE, LARGE),
        tools=True,
        expected=("large",),
    ),
    Case(
        id="the route's list says who is stronger",
        tiers={Tier.EASY: frozenset({"large"}), Tier.MEDIUM: frozenset({"middle"})},
        expected=("middle",),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_who_answers_next(case: Case) -> None:
    """The ranking is that of the tier above, without those who are no stronger; label and assessment stay."""
    view = View(catalog=Catalog(upstreams=case.upstreams), today=TODAY)
    route = Route(name="auto", tiers=case.tiers)
    request = a_request(needs=Needs(tools=case.tools, context_tokens=10))
    decision = decide(request, RouteTarget(route=route, dial="balanced"), an_assessment(case.tier), view)

    better = escalated(request, decision, decision.ranked[0].upstream, route, view)

    assert tuple(one.upstream.name for one in better.ranked) == case.expected if better else case.expected == ()
    if better is not None:
        assert (better.label, better.reason) == (case.tier.label, Reason.ESCALATED_ANSWER)
        assert better.assessment is decision.assessment
        assert better.tier > decision.tier


def test_an_upstream_that_was_named_is_not_replaced() -> None:
    """A decision without a tier leads nowhere."""
    view = View(catalog=Catalog(upstreams=(SMALL, LARGE)), today=TODAY)
    route = Route(name="auto")
    decision = decide(a_request(), RouteTarget(route=route, dial="balanced"), an_assessment(), view)

    assert escalated(a_request(), replace(decision, tier=None), SMALL, route, view) is None
