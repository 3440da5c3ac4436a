"""From what happened to the row that says so. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from router.catalog.upstream import Upstream
from router.errors import RouterError
from router.ledger.bill import bill, known_sum
from router.ledger.entry import Attempt, CostSource, EntryStatus, LedgerEntry, Paid
from router.ledger.intent import Intent
from router.policy.decision import Decision, Reason
from router.quick import quick
from router.request import Request
from router.usage import Usage

LONGEST_NAME = 300
"""Characters of what a client asked for that a row keeps: no model has a longer name."""


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What happened to one request: when, how long (milliseconds), what was decided, who was tried, what was used."""

    at: datetime
    decision_id: str
    request: Request
    decision: Decision | None
    upstream: Upstream | None
    baseline: Upstream | None
    usage: Usage | None
    attempts: tuple[Attempt, ...]
    latency_ms: float
    first_byte_ms: float | None
    overhead_ms: float


def reason_of(decision: Decision, upstream: Upstream | None, tries: int) -> Reason:
    """Return why `upstream`, which serves after `tries` attempts, is the one it is."""
    return Reason.FALLBACK if tries > 1 and upstream is not decision.ranked[0].upstream else decision.reason


def paid_for(upstream: Upstream, usage: Usage, at: datetime | None) -> Paid:
    """Return what an answer cost that was asked for at `at` (aware); None: outside of peak hours."""
    charged = bill(upstream, usage, None, at)
    return Paid(
        input_tokens=usage.input,
        output_tokens=usage.output,
        cost=charged.cost,
        cost_source=charged.source,
        rates=charged.rates,
    )


def _asked_at(course: Course) -> datetime | None:
    """Return when the request came, where a price of its upstream or of the baseline differs by the hour."""
    prices = [one.price for one in (course.upstream, course.baseline) if one is not None]
    if not any(price is not None and price.peak is not None for price in prices):
        return None
    return course.at - timedelta(milliseconds=course.latency_ms)


def _all_paid(course: Course) -> tuple[tuple[Attempt, ...], Decimal | None, CostSource]:
    """Return the attempts of a course with several paid answers, what they cost together, and how that is known."""
    attempts, upstream = course.attempts, course.upstream
    if upstream is not None and course.usage is not None and attempts:
        served = max(place for place, attempt in enumerate(attempts) if attempt.upstream == upstream.name)
        kept = replace(attempts[served], paid=paid_for(upstream, course.usage, _asked_at(course)))
        attempts = (*attempts[:served], kept, *attempts[served + 1 :])
    return attempts, *known_sum(attempts)


def intent(
    decision_id: str,
    at: datetime,
    request: Request,
    decision: Decision,
    upstream: Upstream,
    tried: tuple[Attempt, ...],
) -> Intent:
    """Return what is kept of a call to `upstream` before it leaves; `tried` are the attempts until then."""
    tier = decision.tier
    return Intent(
        decision_id=decision_id,
        request_id=request.id,
        at=at,
        caller=request.caller,
        model_asked=request.model_asked[:LONGEST_NAME],
        stream=request.stream,
        upstream=upstream.name,
        provider=upstream.provider.name,
        model=upstream.model,
        input_tokens=request.input_tokens,
        route=decision.route,
        tier=decision.label,
        required_tier=None if tier is None else tier.label,
        reason=decision.reason,
        attempts=tried,
    )


def account(course: Course, status: EntryStatus, http_status: int, error: RouterError | None = None) -> LedgerEntry:
    """Return the ledger entry for a request that took `course` and ended as `status`."""
    request, decision, upstream = course.request, course.decision, course.upstream
    assessment = decision.assessment if decision is not None else None
    paid = None
    if upstream is not None and course.usage is not None:
        paid = bill(upstream, course.usage, course.baseline, _asked_at(course))
    attempts, cost = course.attempts, paid.cost if paid else None
    source = paid.source if paid else CostSource.UNKNOWN
    if len(attempts) > 1 and any(attempt.paid is not None for attempt in attempts):
        attempts, cost, source = _all_paid(course)
    return LedgerEntry(
        request_id=request.id,
        decision_id=course.decision_id,
        at=course.at,
        caller=request.caller,
        model_asked=request.model_asked[:LONGEST_NAME],
        status=status,
        http_status=http_status,
        route=decision.route if decision else None,
        stream=request.stream,
        tier=decision.label if decision else None,
        required_tier=decision.tier.label if decision and decision.tier is not None else None,
        reason=reason_of(decision, upstream, len(attempts)) if decision else None,
        probabilities=assessment.probabilities if assessment else None,
        confidence=assessment.confidence if assessment else None,
        missing=assessment.missing if assessment else None,
        artifact=assessment.artifact if assessment else None,
        upstream=upstream.name if upstream else None,
        provider=upstream.provider.name if upstream else None,
        model=upstream.model if upstream else None,
        usage=course.usage,
        cost=cost,
        cost_source=source,
        price_as_of=paid.price_as_of if paid else None,
        baseline=course.baseline.name if course.baseline else None,
        baseline_cost=paid.baseline_cost if paid else None,
        latency_ms=course.latency_ms,
        first_byte_ms=course.first_byte_ms,
        overhead_ms=course.overhead_ms,
        error_code=error.code if error else None,
        attempts=attempts,
        rates=paid.rates if paid else None,
    )
