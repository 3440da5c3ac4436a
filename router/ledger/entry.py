"""One request's account, as a value."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from router.quick import quick
from router.usage import Usage


class EntryStatus(StrEnum):
    """How the request ended for the client."""

    OK = "ok"
    REJECTED = "rejected"
    """Refused before or instead of an answer, through the request's own fault (4xx)."""

    FAILED = "failed"
    """No upstream answered (5xx, or 429 from all)."""

    INTERRUPTED = "interrupted"
    """The answer began and broke off."""

    CLIENT_CLOSED = "client_closed"
    """The client left before the answer was complete."""


class CostSource(StrEnum):
    """Where the cost comes from; what it cannot be computed from is UNKNOWN, and the cost None."""

    PROVIDER = "provider"
    """The provider's own bill in the reply."""

    COMPUTED = "computed"
    """Reported tokens at the configured price."""

    ESTIMATED = "estimated"
    """Our own token estimate at the configured price: the reply carried no usage."""

    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """What the answer to one attempt cost: tokens and USD, None where unknown; `rates` as in LedgerEntry."""

    input_tokens: int
    output_tokens: int
    cost: Decimal | None
    cost_source: CostSource
    rates: str | None = None


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One call of an upstream.

    `ending` is a policy.outcome.Ending, `invalid` or `abandoned`; `latency_ms` counts from sending to the ending.
    `paid` is there where a request has more than one answer that was paid; only the last was given out.
    `ambiguous`: the upstream may have read the request once more than was answered, and may charge for it.
    """

    upstream: str
    provider: str
    ending: str
    status: int | None = None
    latency_ms: float = 0.0
    paid: Paid | None = None
    ambiguous: bool = False


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One request's account. No prompt, no key, no address.

    `at` is aware (UTC). `tier` is the label (easy, medium, hard, needs_info; None for an explicit upstream),
    `required_tier` what was asked of the upstream. `cost` and `baseline_cost` are USD, None where unknown: never 0 for
    unknown. `usage` is that of the answer given out, `cost` that of every answer that was paid (see Attempt), and
    `cost_source` the weakest of theirs. `rates` (Price.rates, JSON) are those that the answer given out was billed at,
    `price_as_of` is their date; None where none were used. Durations are milliseconds.
    """

    request_id: str
    decision_id: str
    at: datetime
    caller: str
    model_asked: str
    status: EntryStatus
    http_status: int
    route: str | None = None
    stream: bool = False
    tier: str | None = None
    required_tier: str | None = None
    reason: str | None = None
    probabilities: tuple[float, float, float] | None = None
    confidence: float | None = None
    missing: float | None = None
    artifact: str | None = None
    upstream: str | None = None
    provider: str | None = None
    model: str | None = None
    usage: Usage | None = None
    cost: Decimal | None = None
    cost_source: CostSource = CostSource.UNKNOWN
    price_as_of: date | None = None
    baseline: str | None = None
    baseline_cost: Decimal | None = None
    latency_ms: float = 0.0
    first_byte_ms: float | None = None
    overhead_ms: float | None = None
    error_code: str | None = None
    attempts: tuple[Attempt, ...] = ()
    rates: str | None = None
