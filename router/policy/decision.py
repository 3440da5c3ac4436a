"""The decision as a value: who may serve the request, in which order, and why the others may not."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from classifier.assessment import Assessment
from classifier.tier import Tier
from router.catalog.upstream import Upstream
from router.quick import quick


class Reason(StrEnum):
    """Why this upstream: the closed list of the header x-router-reason."""

    CLASSIFIED = "classified"
    LOW_CONFIDENCE = "low_confidence"
    NEEDS_INFO = "needs_info"
    EXPLICIT = "explicit"
    """The client named the upstream."""

    OVERRIDE = "override"
    """The client fixed the tier, or raised it by x-router-min-tier."""

    ESCALATED_CONTEXT = "escalated_context"
    """No upstream of the tier itself has the window; a stronger one has."""

    ESCALATED_CAPABILITY = "escalated_capability"
    """No upstream of the tier itself has the capability; a stronger one has."""

    ESCALATED_ANSWER = "escalated_answer"
    """The first answer was not what it had to be; an upstream of the next tier up gave another."""

    FALLBACK = "fallback"
    """A better ranked upstream was tried and failed."""

    CHEAPEST = "cheapest"
    """Embeddings: the cheapest of the upstreams that serve the model; no prompt was sized."""

    CLASSIFIER_FAILED = "classifier_failed"
    """The classifier failed or was too slow: the route's default tier serves."""


class Cause(StrEnum):
    """Why an upstream is not eligible."""

    TIER = "tier"
    ROUTE = "route"
    STATUS = "status"
    RETIRED = "retired"
    REGION = "region"
    LICENCE = "licence"
    TOOLS = "tools"
    PARALLEL_TOOLS = "parallel_tools"
    TOOL_COUNT = "tool_count"
    VISION = "vision"
    JSON_SCHEMA = "json_schema"
    REASONING = "reasoning"
    AUDIO = "audio"
    WINDOW = "window"
    MAX_OUTPUT = "max_output"
    COOLDOWN = "cooldown"


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An eligible upstream with the expected cost of this request in USD; None where its price is unknown."""

    upstream: Upstream
    expected_cost: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """An upstream that may not serve this request, the cause, and one sentence with the numbers."""

    upstream: Upstream
    cause: Cause
    detail: str


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Who may serve a request.

    `ranked` is in the order of attempts, cheapest first, unknown and trial prices last. `label` is what the header
    x-router-tier says (`easy`, `medium`, `hard`, `needs_info`; None when the client named an upstream); `tier` is the
    strength that every ranked upstream has at least. `route` and `tier` are None too when the client named an upstream;
    for embeddings `route` is the group, and there is neither label nor tier.
    """

    route: str | None
    label: str | None
    tier: Tier | None
    reason: Reason
    assessment: Assessment | None
    ranked: tuple[Candidate, ...]
    rejected: tuple[Rejection, ...]
