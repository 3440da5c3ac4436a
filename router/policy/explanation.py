"""A decision as plain words, and as a document. Pure; no word of the prompt is in either."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from classifier.assessment import Assessment
from classifier.thresholds import Thresholds
from router.errors import NoEligibleUpstream
from router.policy.decision import Candidate, Decision, Reason
from router.policy.resolve import RouteTarget, Target, TierTarget
from router.request import Request

SMALLEST_SHOWN = Decimal("0.000001")
"""USD; what is less is written with an exponent, since 0.000000 would read as free."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """A request decided and not sent. `baseline` is the baseline upstream with its estimate, None if there is none."""

    request: Request
    target: Target
    assessment: Assessment | None
    decision: Decision
    baseline: Candidate | None = None

    @property
    def thresholds(self) -> Thresholds | None:
        """The cut points that were used; None where the client fixed the tier or the upstream."""
        return self.target.thresholds if isinstance(self.target, RouteTarget) else None


class Unserved(NoEligibleUpstream):
    """A request that was decided, and that nobody may serve: the refusal, with all that is known of the request."""

    def __init__(self, refusal: NoEligibleUpstream, request: Request, assessment: Assessment | None) -> None:
        """Say what `refusal` says."""
        super().__init__(refusal.message, fix=refusal.fix, param=refusal.param)
        self.request = request
        self.assessment = assessment


def sized(request: Request, assessment: Assessment | None) -> tuple[str, ...]:
    """Return what a request needs and what the classifier said of it, one sentence a line."""
    asked = f"Asked for: {request.model_asked}"
    return (asked, _needed(request)) if assessment is None else (asked, _needed(request), _assessed(assessment))


def explain(run: DryRun) -> tuple[str, ...]:
    """Return the whole decision, one sentence a line."""
    lines = [*heading(run), "Candidates, in the order of attempts:"]
    for place, candidate in enumerate(run.decision.ranked, start=1):
        upstream = candidate.upstream
        lines.append(f"  {place}. {upstream.name} (tier {upstream.tier.label}): {estimate(candidate)}")
    if run.decision.rejected:
        lines.append("Not eligible:")
        lines += [f"  - {refusal.upstream.name}: {refusal.detail}" for refusal in run.decision.rejected]
    return (*lines, comparison(run))


def heading(run: DryRun) -> tuple[str, ...]:
    """Return what was asked, what the classifier said, at which cut points, and which tier is required and why."""
    lines = [f"Asked for: {_asked(run)}", _needed(run.request)]
    if run.assessment is not None:
        lines.append(_assessed(run.assessment))
    if run.thresholds is not None:
        lines.append(_cut_points(run.thresholds))
    return (*lines, *_required(run))


def _needed(request: Request) -> str:
    """Return what a request needs of an upstream."""
    needs = request.needs
    wanted = [
        word
        for word, needed in (
            ("images", needs.images),
            ("tools", needs.tools),
            ("json_schema", needs.json_schema),
            ("reasoning", needs.reasoning),
        )
        if needed
    ]
    limit = "no limit on the answer" if needs.max_output_tokens is None else f"at most {needs.max_output_tokens:,} out"
    tokens = f"about {request.input_tokens:,} tokens of input (counted as {needs.context_tokens:,} for the window)"
    return f"Request: {tokens}, {limit}; needs {', '.join(wanted) or 'text only'}"


def estimate(candidate: Candidate) -> str:
    """Return the expected cost in words: USD, a trial price, or unknown."""
    if candidate.expected_cost is None:
        return "price unknown"
    trial = ", at a trial price" if candidate.upstream.trial else ""
    return f"{_usd(candidate.expected_cost)} expected{trial}"


def comparison(run: DryRun) -> str:
    """Return what the baseline would be expected to cost, and the signed saving against it where both are known."""
    if run.baseline is None:
        return "Baseline: none is configured, so no saving can be told."
    name, cost = run.baseline.upstream.name, run.baseline.expected_cost
    if cost is None:
        return f"Baseline: {name}, whose price is unknown."
    first = run.decision.ranked[0].expected_cost
    told = f"Baseline: {name}, {_usd(cost)} expected"
    if first is None or not cost:
        return f"{told}."
    saving = (cost - first) / cost * 100
    if saving < 0:
        return f"{told}; the first candidate costs {-saving:.0f} % more."
    return f"{told}; the first candidate saves {saving:.0f} %."


def document(run: DryRun) -> dict[str, Any]:
    """Return the decision as JSON values: money as decimal strings in USD, null where unknown."""
    decision, assessment, thresholds = run.decision, run.assessment, run.thresholds
    return {
        "model_asked": run.request.model_asked,
        "route": decision.route,
        "label": decision.label,
        "required_tier": None if decision.tier is None else decision.tier.label,
        "reason": decision.reason.value,
        "assessment": None
        if assessment is None
        else {
            "tier": assessment.tier.label,
            "probabilities": dict(zip(("easy", "medium", "hard"), assessment.probabilities, strict=True)),
            "confidence": assessment.confidence,
            "missing": assessment.missing,
            "ambiguity": assessment.ambiguity,
            "domain": assessment.domain,
            "doubt": None if assessment.doubt is None else assessment.doubt.value,
            "artifact": assessment.artifact,
        },
        "thresholds": None
        if thresholds is None
        else {name: getattr(thresholds, name) for name in ("medium", "hard", "confidence", "missing")},
        "candidates": [_row(candidate) for candidate in decision.ranked],
        "rejected": [
            {"upstream": refusal.upstream.name, "cause": refusal.cause.value, "detail": refusal.detail}
            for refusal in decision.rejected
        ],
        "baseline": None if run.baseline is None else _row(run.baseline),
    }


def _row(candidate: Candidate) -> dict[str, Any]:
    """Return a candidate as JSON values."""
    upstream, cost = candidate.upstream, candidate.expected_cost
    return {
        "upstream": upstream.name,
        "provider": upstream.provider.name,
        "model": upstream.model,
        "tier": upstream.tier.label,
        "expected_cost_usd": None if cost is None else f"{cost:f}",
        "trial": upstream.trial,
    }


def _asked(run: DryRun) -> str:
    """Say what the name meant."""
    target, name = run.target, run.request.model_asked
    if isinstance(target, RouteTarget):
        return f"{name} (route '{target.route.name}', dial {target.dial})"
    if isinstance(target, TierTarget):
        return f"{name} (route '{target.route.name}', tier fixed by the client)"
    return f"{name} (upstream '{target.upstream.name}', never replaced by another)"


def _assessed(assessment: Assessment) -> str:
    """Give what the classifier said, with the artifact that spoke."""
    easy, medium, hard = assessment.probabilities
    return (
        f"Classifier {assessment.artifact}: P(easy) {easy:.2f}, P(medium) {medium:.2f}, P(hard) {hard:.2f}; "
        f"{assessment.tier.label} is enough with probability {assessment.confidence:.2f}; "
        f"missing information {assessment.missing:.2f}; ambiguity {assessment.ambiguity}; domain {assessment.domain}"
    )


def _cut_points(thresholds: Thresholds) -> str:
    """Give the rule that turned the probabilities into a label."""
    cut = thresholds
    return (
        f"Thresholds: hard from P(hard) {cut.hard:.2f}, medium from P(medium) + P(hard) {cut.medium:.2f}; "
        f"needs_info from missing information {cut.missing:.2f}, or where no tier has {cut.confidence:.2f}"
    )


def _required(run: DryRun) -> tuple[str, ...]:
    """Say the label and the required tier, and why; nothing of it where the client named an upstream."""
    decision = run.decision
    if decision.tier is None:
        return (f"Reason: {decision.reason.value}: {_why(run)}",)
    return (f"Label: {decision.label}", f"Required tier: {decision.tier.label} ({decision.reason.value}: {_why(run)})")


_WHY = {
    Reason.CLASSIFIED: "the classifier's tier",
    Reason.EXPLICIT: "the client named the upstream",
    Reason.OVERRIDE: "the client fixed or raised the tier",
    Reason.ESCALATED_CONTEXT: "the upstreams of this tier are too small for the request, a stronger one serves",
    Reason.ESCALATED_CAPABILITY: "the upstreams of this tier lack what the request needs, a stronger one serves",
    Reason.ESCALATED_ANSWER: "the answer of a weaker upstream was not what it had to be",
    Reason.CHEAPEST: "the cheapest of those whose vectors go together",
    Reason.FALLBACK: "a better ranked upstream failed",
    Reason.CLASSIFIER_FAILED: "the classifier failed, the route's own default serves",
}


def _why(run: DryRun) -> str:
    """Return the reason in words; for a doubt, what the route does about it."""
    reason = run.decision.reason
    if isinstance(run.target, RouteTarget):
        route = run.target.route
        if reason is Reason.LOW_CONFIDENCE:
            return f"no tier is probable enough, the route's answer is {route.on_low_confidence.value}"
        if reason is Reason.NEEDS_INFO:
            return f"the prompt lacks information, the route's answer is {route.on_missing_information.value}"
    return _WHY[reason]


def _usd(cost: Decimal) -> str:
    """Write a small amount so that it can be told from zero."""
    return f"{cost:.6f} USD" if cost == 0 or cost >= SMALLEST_SHOWN else f"{cost:.2e} USD"
