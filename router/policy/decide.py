"""The decision: which upstreams may serve a request, in which order, and why the others may not. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from math import inf
from typing import NamedTuple

from classifier.assessment import NEEDS_INFO, Assessment, Doubt
from classifier.tier import Tier
from router.catalog.catalog import Catalog
from router.catalog.upstream import Upstream
from router.errors import NoEligibleUpstream
from router.policy.decision import Candidate, Cause, Decision, Reason, Rejection
from router.policy.eligibility import INCAPABLE, TOO_SMALL, Demand, answer_reserve, exclusion, obstacle, rejection
from router.policy.estimate import Observed, Workload, expected_cost
from router.policy.resolve import RouteTarget, Target, TierTarget, UpstreamTarget
from router.policy.rules import OPEN, DoubtAction, Route
from router.request import Needs, Request

_FREE = Decimal(0)
_UNLIMITED = Needs()


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What is known at the moment of a decision.

    `at` is the moment itself (aware), for prices that differ by the hour; None: outside of their peak hours. `resting`
    gives the seconds that an upstream in cooldown has left, by name; `observed` what replies have shown.
    """

    catalog: Catalog
    today: date
    at: datetime | None = None
    resting: Mapping[str, float] = field(default_factory=dict)
    observed: Mapping[str, Observed] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """The label to show, the tier to meet, and what led to it."""

    label: str
    tier: Tier
    reason: Reason


def decide(request: Request, target: Target, assessment: Assessment | None, view: View) -> Decision:
    """Return who may serve `request`, cheapest first; NoEligibleUpstream (422) when nobody may.

    `assessment` None for a RouteTarget means that the classifier failed: the route's default tier serves. For the other
    targets it decides nothing. Known prices rank by expected cost (ties: the weaker tier, then file order), then trial
    prices, then unknown ones. Upstreams in cooldown are left out unless no other is eligible: then they are ranked,
    soonest back first. An upstream that the client named is ranked alone and its capabilities, window and cooldown
    are not looked at: whoever names one gets that one's own answer. Only a retired or disabled one is refused.
    """
    if isinstance(target, UpstreamTarget):
        return _named(request, target.upstream, assessment, view)
    wanted = requirement(target, assessment, request.floor)
    able, rejected, escalation = _sifted(request.needs, wanted.tier, target.route, view)
    if not able:
        demand = Demand(needs=request.needs, tier=wanted.tier, today=view.today, policy=target.route.policy)
        raise _nobody(request, demand, rejected)
    reason = wanted.reason if escalation is None or wanted.reason is Reason.CLASSIFIER_FAILED else escalation
    awake = tuple(upstream for upstream in able if upstream.name not in view.resting) if view.resting else able
    if awake and len(awake) < len(able):
        rejected += tuple(
            resting_rejection(upstream, view.resting) for upstream in able if upstream.name in view.resting
        )
    return Decision(
        route=target.route.name,
        label=wanted.label,
        tier=wanted.tier,
        reason=reason,
        assessment=assessment,
        ranked=_rank(awake or able, Workload.of(request, wanted.tier), view, soonest_first=not awake),
        rejected=rejected,
    )


def requirement(target: RouteTarget | TierTarget, assessment: Assessment | None, floor: Tier | None) -> Requirement:
    """Return the tier that must be met: the classifier's, the route's answer to a doubt, or the client's own.

    `floor` (x-router-min-tier) only ever raises. The label stays what the classifier said. CLASSIFIER_FAILED is kept as
    the reason even where the floor raised the tier: an operator must see it.
    """
    if isinstance(target, TierTarget):
        found = Requirement(label=target.tier.label, tier=target.tier, reason=Reason.OVERRIDE)
    elif assessment is None:
        tier = target.route.on_failure
        found = Requirement(label=tier.label, tier=tier, reason=Reason.CLASSIFIER_FAILED)
    elif assessment.doubt is None:
        found = _CLASSIFIED[assessment.tier]
    elif assessment.doubt is Doubt.MISSING_INFORMATION:
        found = _doubtful(target.route.on_missing_information, Reason.NEEDS_INFO, assessment.tier)
    else:
        found = _doubtful(target.route.on_low_confidence, Reason.LOW_CONFIDENCE, assessment.tier)
    if floor is None or floor <= found.tier:
        return found
    reason = found.reason if found.reason is Reason.CLASSIFIER_FAILED else Reason.OVERRIDE
    return Requirement(label=found.label, tier=floor, reason=reason)


def baseline(request: Request, tier: Tier | None, view: View) -> Candidate | None:
    """Return the baseline upstream with what `request` would be expected to cost there; None when there is none."""
    upstream = view.catalog.baseline
    return None if upstream is None else _candidate(upstream, Workload.of(request, _tier_or_middle(tier)), view)


_CLASSIFIED = tuple(Requirement(label=tier.label, tier=tier, reason=Reason.CLASSIFIED) for tier in Tier)


@lru_cache(maxsize=64)
def _doubtful(action: DoubtAction, reason: Reason, tier: Tier) -> Requirement:
    """Return what a route that takes this action does with a prompt that is labelled needs_info."""
    if action is DoubtAction.RAISE_TIER:
        tier = Tier(min(tier + 1, Tier.HARD))
    elif action is not DoubtAction.LABEL_ONLY:
        tier = Tier.parse(action.value)
    return Requirement(label=NEEDS_INFO, tier=tier, reason=reason)


class _Sifted(NamedTuple):
    """Who may serve one kind of request on one route, as long as its size suits everyone who can do it.

    That is: at most `tools` tools, and at most `room` tokens of input where the client sets no limit to the answer,
    else input and limit within `window` and the limit within `output`. `catalog` and `route` are what this is for.
    """

    catalog: Catalog
    route: Route
    able: tuple[Upstream, ...]
    rejected: tuple[Rejection, ...]
    escalation: Reason | None
    room: int
    window: int
    output: float
    tools: float

    def suits(self, needs: Needs) -> bool:
        """Say whether everyone who can serve requests of this kind can serve one of this size."""
        limit = needs.max_output_tokens
        if needs.tool_count > self.tools:
            return False
        if limit is None:
            return needs.context_tokens <= self.room
        return needs.context_tokens + limit <= self.window and limit <= self.output


_REMEMBERED = 1024
_KINDS: dict[tuple[object, ...], _Sifted] = {}
"""What was found for each kind of request, forgotten when it is too much. Requests differ in little else than size, and
one look here takes a fifth of the time of sifting anew."""


def _sifted(
    needs: Needs, tier: Tier, route: Route, view: View
) -> tuple[tuple[Upstream, ...], tuple[Rejection, ...], Reason | None]:
    """Return who may serve a request, who may not and why, and why a stronger one than necessary serves, if it does."""
    catalog, today = view.catalog, view.today
    kind = (needs.images, needs.tools, needs.parallel_tools, needs.json_schema, needs.reasoning, needs.audio)
    key = (id(catalog), id(route), today, tier, kind)
    found = _KINDS.get(key)
    if found is None or found.catalog is not catalog or found.route is not route:
        if len(_KINDS) >= _REMEMBERED:
            _KINDS.clear()
        found = _KINDS[key] = _sift_kind(
            replace(needs, context_tokens=0, max_output_tokens=0, tool_count=0), tier, route, view
        )
    if found.suits(needs):
        return found.able, found.rejected, found.escalation
    demand = Demand(needs=needs, tier=tier, today=today, policy=route.policy)
    able, rejected = _sift(catalog.upstreams, route, demand)
    return tuple(able), tuple(rejected), _escalation(able, rejected, route, tier)


def _sift_kind(needs: Needs, tier: Tier, route: Route, view: View) -> _Sifted:
    """Sift for requests of one kind; `needs` are those of one that fits everywhere."""
    demand = Demand(needs=needs, tier=tier, today=view.today, policy=route.policy)
    able, rejected = _sift(view.catalog.upstreams, route, demand)
    capable = [upstream for upstream in view.catalog.upstreams if obstacle(upstream, demand) is None]
    return _Sifted(
        catalog=view.catalog,
        route=route,
        able=tuple(able),
        rejected=tuple(rejected),
        escalation=_escalation(able, rejected, route, tier),
        room=min((upstream.window - answer_reserve(upstream, _UNLIMITED) for upstream in capable), default=-1),
        window=min((upstream.window for upstream in capable), default=-1),
        output=min((upstream.max_output for upstream in capable if upstream.max_output is not None), default=inf),
        tools=min((upstream.max_tools for upstream in capable if upstream.max_tools is not None), default=inf),
    )


def _sift(upstreams: Sequence[Upstream], route: Route, demand: Demand) -> tuple[list[Upstream], list[Rejection]]:
    """Part the upstreams into those that may serve the demand on this route and those that may not."""
    able: list[Upstream] = []
    rejected: list[Rejection] = []
    for upstream in upstreams:
        refusal = rejection(upstream, demand)
        if refusal is None:
            able.append(upstream)
        else:
            rejected.append(refusal)
    if not route.tiers:
        return able, rejected
    listed = _listed(able, route, demand.tier)
    for upstream in able:
        if upstream not in listed:
            detail = f"route '{route.name}' does not list it for {demand.tier.label} work"
            rejected.append(Rejection(upstream=upstream, cause=Cause.ROUTE, detail=detail))
    return listed, rejected


def _listed(able: list[Upstream], route: Route, tier: Tier) -> list[Upstream]:
    """Keep the able upstreams that the route lists for `tier`; if none of them is able, those of the next tier up."""
    for level in range(tier, Tier.HARD + 1):
        names = route.tiers.get(Tier(level))
        found = able if names is None else [upstream for upstream in able if upstream.name in names]
        if found:
            return found
    return []


def _escalation(able: list[Upstream], rejected: list[Rejection], route: Route, tier: Tier) -> Reason | None:
    """Return why a stronger upstream serves: those of the tier itself are too small or incapable. Else None."""
    names = route.tiers.get(tier)

    def belongs(upstream: Upstream) -> bool:
        return upstream.tier == tier if names is None else upstream.name in names

    if any(belongs(upstream) for upstream in able):
        return None
    causes = {refusal.cause for refusal in rejected if belongs(refusal.upstream)}
    if causes & TOO_SMALL:
        return Reason.ESCALATED_CONTEXT
    return Reason.ESCALATED_CAPABILITY if causes & INCAPABLE else None


def _rank(
    upstreams: Sequence[Upstream], workload: Workload, view: View, *, soonest_first: bool
) -> tuple[Candidate, ...]:
    """Order by expected cost, ties by tier and file order; by the end of the cooldown first if `soonest_first`."""
    if len(upstreams) == 1:
        return (_candidate(upstreams[0], workload, view),)
    keyed = []
    for place, upstream in enumerate(upstreams):
        cost = expected_cost(upstream, workload, view.observed, view.at)
        group = 2 if cost is None else int(upstream.trial)
        wait = view.resting.get(upstream.name, 0.0) if soonest_first else 0.0
        keyed.append(
            (wait, group, cost or _FREE, upstream.tier, place, Candidate(upstream=upstream, expected_cost=cost))
        )
    keyed.sort()
    return tuple(entry[-1] for entry in keyed)


def _named(request: Request, upstream: Upstream, assessment: Assessment | None, view: View) -> Decision:
    """Return the decision for the one upstream that the client named."""
    demand = Demand(needs=request.needs, tier=upstream.tier, today=view.today)
    if exclusion(upstream, OPEN, view.today) is not None:
        refusal = rejection(upstream, demand)
        raise _nobody(request, demand, [refusal] if refusal else [])
    return Decision(
        route=None,
        label=None,
        tier=None,
        reason=Reason.EXPLICIT,
        assessment=assessment,
        ranked=(_candidate(upstream, Workload.of(request, _tier_or_middle(None)), view),),
        rejected=(),
    )


def _candidate(upstream: Upstream, workload: Workload, view: View) -> Candidate:
    """Put an upstream together with its estimate."""
    return Candidate(upstream=upstream, expected_cost=expected_cost(upstream, workload, view.observed, view.at))


def _tier_or_middle(tier: Tier | None) -> Tier:
    """Return the tier whose answers' length to assume where nobody assessed the prompt: medium."""
    return Tier.MEDIUM if tier is None else tier


def resting_rejection(upstream: Upstream, resting: Mapping[str, float]) -> Rejection:
    """Say how long an upstream is still left alone."""
    detail = f"it is left alone for another {resting[upstream.name]:.0f} s after it failed"
    return Rejection(upstream=upstream, cause=Cause.COOLDOWN, detail=detail)


def _nobody(request: Request, demand: Demand, rejected: Sequence[Rejection]) -> NoEligibleUpstream:
    """Build the 422 that lists every upstream with its reason."""
    needs = [demand.tier.label, *(capability.value for capability in sorted(demand.capabilities))]
    size = f"about {request.input_tokens:,} tokens of input, counted as {request.needs.context_tokens:,} for the window"
    reasons = "; ".join(f"{refusal.upstream.name}: {refusal.detail}" for refusal in rejected)
    asked = ", ".join((*needs, size))
    return NoEligibleUpstream(f"No upstream may serve this request ({asked}). {reasons or 'None is configured'}.")
