"""What one request is expected to cost in each tier of a route, its answer as long in one as in the other. Pure."""

from dataclasses import dataclass
from decimal import Decimal

from classifier.tier import Tier
from router.errors import NoEligibleUpstream
from router.policy.decide import View, decide
from router.policy.estimate import Workload, expected_cost
from router.policy.resolve import TierTarget
from router.policy.rules import Route
from router.request import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """Prices the requests of one route as of one moment."""

    route: Route
    view: View

    def costs(self, request: Request, answer: Tier) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
        """Return the expected cost in USD in the easy, medium and hard tier; None where nobody serves or no price is.

        It is the cost at the upstream that would be called first. `answer` is the tier whose usual length the answer is
        assumed to have: the prompt decides how much there is to say, not who says it.
        """
        easy, medium, hard = (self._cost(request, tier, answer) for tier in Tier)
        return easy, medium, hard

    def _cost(self, request: Request, tier: Tier, answer: Tier) -> Decimal | None:
        try:
            decision = decide(request, TierTarget(route=self.route, tier=tier), None, self.view)
        except NoEligibleUpstream:
            return None
        return expected_cost(
            decision.ranked[0].upstream, Workload.of(request, answer), self.view.observed, self.view.at
        )
