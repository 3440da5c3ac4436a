"""Whether an upstream can take a request at all, and if not, the first cause in a fixed order."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from classifier.tier import Tier
from router.catalog.upstream import Capability, Status, Upstream
from router.policy.decision import Cause, Rejection
from router.policy.rules import OPEN, Policy
from router.request import Needs

DEFAULT_ANSWER_TOKENS = 1024
"""Tokens kept free for the answer where the client sets no limit: a choice, enough for most chat answers, small enough
not to shut a small window out. An upstream that cannot write as much reserves what it can write."""

TOO_SMALL = frozenset({Cause.WINDOW, Cause.MAX_OUTPUT})
"""Causes that lie in the size of a request."""

INCAPABLE = frozenset(
    {Cause.VISION, Cause.TOOLS, Cause.PARALLEL_TOOLS, Cause.TOOL_COUNT, Cause.JSON_SCHEMA, Cause.REASONING, Cause.AUDIO}
)
"""Causes that lie in what a request brings along."""

_ROUTER_MODEL = "auto"
_NOT_SERVED = {Status.DISABLED: Cause.STATUS, Status.RETIRED: Cause.RETIRED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What one request demands of whoever serves it: its needs, the tier, the route's policy, and the day it is.

    `capabilities` is `needs` as the set that an upstream declares.
    """

    needs: Needs
    tier: Tier
    today: date
    policy: Policy = OPEN
    capabilities: frozenset[Capability] = field(init=False)

    def __post_init__(self) -> None:
        """Name the capabilities once, not once an upstream."""
        needs = self.needs
        pairs = (
            (needs.images, Capability.VISION),
            (needs.tools, Capability.TOOLS),
            (needs.parallel_tools, Capability.PARALLEL_TOOLS),
            (needs.json_schema, Capability.JSON_SCHEMA),
            (needs.reasoning, Capability.REASONING),
            (needs.audio, Capability.AUDIO),
        )
        object.__setattr__(self, "capabilities", frozenset(capability for needed, capability in pairs if needed))


def rejection(upstream: Upstream, demand: Demand) -> Rejection | None:
    """Return why `upstream` may not serve `demand`, in one sentence with the numbers, or None when it may.

    The causes are looked at in this order and the first counts: status and retirement, a model that is a router,
    region, licence, tier, vision, tools, parallel_tools, json_schema, reasoning, audio, the number of tools, window,
    max_output. Cooldown is not among them: it passes, and it yields when nobody else is left (see `decide`).
    """
    cause = obstacle(upstream, demand)
    if cause is None:
        return None
    return Rejection(upstream=upstream, cause=cause, detail=_SENTENCES[cause](upstream, demand))


def obstacle(upstream: Upstream, demand: Demand) -> Cause | None:
    """Return the first cause why `upstream` may not serve `demand`, without its sentence; None when it may."""
    standing = exclusion(upstream, demand.policy, demand.today)
    if standing is not None:
        return standing
    if upstream.tier < demand.tier:
        return Cause.TIER
    if not demand.capabilities <= upstream.capabilities:
        return _first_missing(demand.capabilities - upstream.capabilities)
    return _limit_passed(upstream, demand.needs)


def _limit_passed(upstream: Upstream, needs: Needs) -> Cause | None:
    """Return which of the upstream's limits the request passes, None when it keeps to all."""
    if upstream.max_tools is not None and needs.tool_count > upstream.max_tools:
        return Cause.TOOL_COUNT
    if needs.context_tokens + answer_reserve(upstream, needs) > upstream.window:
        return Cause.WINDOW
    if upstream.max_output is not None and (needs.max_output_tokens or 0) > upstream.max_output:
        return Cause.MAX_OUTPUT
    return None


def exclusion(upstream: Upstream, policy: Policy, today: date) -> Cause | None:
    """Return why `upstream` serves no request of this policy today (STATUS, RETIRED, ROUTE, REGION, LICENCE), or None.

    A region or licence that is not declared is not in any allowed set: a promise is kept by proof. ROUTE here means
    that its model is itself a router's name (`auto`, `auto:cheap`): calling it could end where it began.
    """
    if upstream.status in _NOT_SERVED:
        return _NOT_SERVED[upstream.status]
    if upstream.retires_on is not None and upstream.retires_on <= today:
        return Cause.RETIRED
    if upstream.model[:4] == _ROUTER_MODEL and upstream.model.partition(":")[0] == _ROUTER_MODEL:
        return Cause.ROUTE
    if policy.regions and region(upstream) not in policy.regions:
        return Cause.REGION
    if policy.licences and upstream.licence not in policy.licences:
        return Cause.LICENCE
    return None


def region(upstream: Upstream) -> str | None:
    """Return where the upstream runs: its own region, else its provider's, else None (not declared)."""
    return upstream.region or upstream.provider.region


def answer_reserve(upstream: Upstream, needs: Needs) -> int:
    """Return the tokens to keep free for the answer: what the client allows, else DEFAULT_ANSWER_TOKENS at most."""
    if needs.max_output_tokens is not None:
        return needs.max_output_tokens
    limit = upstream.max_output
    return DEFAULT_ANSWER_TOKENS if limit is None or limit > DEFAULT_ANSWER_TOKENS else limit


_BY_CAPABILITY = (
    (Capability.VISION, Cause.VISION),
    (Capability.TOOLS, Cause.TOOLS),
    (Capability.PARALLEL_TOOLS, Cause.PARALLEL_TOOLS),
    (Capability.JSON_SCHEMA, Cause.JSON_SCHEMA),
    (Capability.REASONING, Cause.REASONING),
    (Capability.AUDIO, Cause.AUDIO),
)


def _first_missing(missing: frozenset[Capability]) -> Cause:
    """Return the cause for the first of the missing capabilities, of which there is one at least."""
    return next(cause for capability, cause in _BY_CAPABILITY if capability in missing)


def _retired(upstream: Upstream, demand: Demand) -> str:
    """Say since when the upstream is gone."""
    if upstream.retires_on is None or upstream.retires_on > demand.today:
        return "it is marked as retired"
    return f"it was retired on {upstream.retires_on.isoformat()}"


def _window(upstream: Upstream, demand: Demand) -> str:
    """Give the window and what it would have to hold."""
    prompt, answer = demand.needs.context_tokens, answer_reserve(upstream, demand.needs)
    return f"window {upstream.window:,} < {prompt + answer:,} needed (prompt {prompt:,} + answer {answer:,})"


def _allowed(names: frozenset[str]) -> str:
    """List the names that a policy allows."""
    return ", ".join(sorted(names))


_SENTENCES: dict[Cause, Callable[[Upstream, Demand], str]] = {
    Cause.STATUS: lambda _upstream, _demand: "it is disabled in the configuration",
    Cause.RETIRED: _retired,
    Cause.ROUTE: lambda upstream, _demand: f"its model '{upstream.model}' names a router, which is never a candidate",
    Cause.REGION: lambda upstream, demand: (
        f"region {region(upstream) or 'not declared'}, policy '{demand.policy.name}' allows "
        f"{_allowed(demand.policy.regions)}"
    ),
    Cause.LICENCE: lambda upstream, demand: (
        f"licence {upstream.licence or 'not declared'}, policy '{demand.policy.name}' allows "
        f"{_allowed(demand.policy.licences)}"
    ),
    Cause.TIER: lambda upstream, demand: f"tier {upstream.tier.label} < {demand.tier.label} required",
    Cause.VISION: lambda _upstream, _demand: "it takes no images, and the request has some",
    Cause.TOOLS: lambda _upstream, _demand: "it takes no tools, and the request declares some",
    Cause.PARALLEL_TOOLS: lambda _upstream, _demand: (
        "it takes one tool call a turn, and the history has several in one"
    ),
    Cause.TOOL_COUNT: lambda upstream, demand: (
        f"takes at most {upstream.max_tools:,} tools < {demand.needs.tool_count:,} declared"
    ),
    Cause.AUDIO: lambda _upstream, _demand: "it takes no sound, and the request has some or wants some",
    Cause.JSON_SCHEMA: lambda _upstream, _demand: "it cannot keep to a JSON schema, and the request asks for one",
    Cause.REASONING: lambda _upstream, _demand: "it cannot reason, and the request asks for it",
    Cause.WINDOW: _window,
    Cause.MAX_OUTPUT: lambda upstream, demand: (
        f"answers at most {upstream.max_output:,} tokens < {demand.needs.max_output_tokens:,} asked for"
    ),
}
