"""What becomes of an answer that was verified: passed on, or asked for once more, one tier up. Pure."""

from dataclasses import replace
from enum import StrEnum

from classifier.tier import Tier
from router.catalog.upstream import Upstream
from router.errors import NoEligibleUpstream
from router.policy.decide import View, decide
from router.policy.decision import Decision, Reason
from router.policy.resolve import TierTarget
from router.policy.rules import Route
from router.request import Request


class Verdict(StrEnum):
    """What verifying came to: the closed list of the header x-router-verified."""

    OK = "ok"
    """The first answer is what it had to be."""

    ESCALATED = "escalated"
    """The first was not; the one that is given out, of the next tier up, is."""

    FAILED = "failed"
    """The one that is given out is not, and there was nobody left to ask."""

    UNKNOWN = "unknown"
    """It could not be told: the schema is none, too large or takes too long."""


def escalated(request: Request, decision: Decision, served: Upstream, route: Route, view: View) -> Decision | None:
    """Return who may answer in place of `served`, whose answer was not what it had to be; None when there is nobody.

    It is the next tier up that has somebody stronger than `served`, or somebody whom the route lists for it: the
    operator's lists say who is stronger. The label stays what the classifier said.
    """
    if decision.tier is None:
        return None
    for level in range(decision.tier + 1, Tier.HARD + 1):
        tier = Tier(level)
        try:
            stronger = decide(request, TierTarget(route=route, tier=tier), decision.assessment, view)
        except NoEligibleUpstream:
            continue
        ranked = tuple(
            candidate
            for candidate in stronger.ranked
            if candidate.upstream is not served and (tier in route.tiers or candidate.upstream.tier > served.tier)
        )
        if ranked:
            return replace(stronger, label=decision.label, reason=Reason.ESCALATED_ANSWER, ranked=ranked)
    return None
