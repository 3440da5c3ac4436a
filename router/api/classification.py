"""An assessment in the body of Morph's classifier, whose clients can be pointed here, and with what that leaves out."""

from collections.abc import Iterable
from typing import Any

from classifier.assessment import AMBIGUITIES, DOMAINS, NEEDS_INFO, Assessment, Doubt
from classifier.thresholds import Thresholds
from classifier.tier import Tier

HEADS = ("difficulty", "ambiguity", "domain")
DIFFICULTIES = (*(tier.label for tier in Tier), NEEDS_INFO)
FOLDED_DOMAINS = DOMAINS[:5]
"""The domains that Morph's clients know, in its order. What is none of them (math, writing) is general to them."""

LIKELIER_THAN_NOT = 0.5
"""From which probability a domain or an ambiguity meets its threshold. Difficulty has the route's own cut points."""

_DIGITS = 4

_Judged = tuple[str, float | None, bool]
"""A label, its probability (None: unknown) and whether that meets the threshold."""


def classifications(assessment: Assessment, heads: Iterable[str]) -> dict[str, Any]:
    """Return the labels of these HEADS, each with its class_id, its probability and whether it meets its threshold."""
    return {head: _class(head, assessment) for head in heads}


def details(assessment: Assessment, thresholds: Thresholds) -> dict[str, Any]:
    """Return what Morph's body has no place for: probabilities in 0..1, the tier under a doubt, the doubt's cause.

    `confidence` is the probability that the tier is strong enough; `domain` is ours, which may be math or writing.
    """
    return {
        "tier": assessment.tier.label,
        "confidence": _rounded(assessment.confidence),
        "probabilities": {
            tier.label: _rounded(share) for tier, share in zip(Tier, assessment.probabilities, strict=True)
        },
        "needs_info": _doubt(assessment, thresholds),
        "missing": _rounded(assessment.missing),
        "ambiguity": assessment.ambiguity,
        "domain": assessment.domain,
        "artifact": assessment.artifact,
    }


def signals(assessment: Assessment) -> dict[str, Any]:
    """Return what Morph's choice of a model says of the text: three labels and the probability of the first."""
    label, probability, _ = _difficulty(assessment)
    return {
        "difficulty": label,
        "ambiguity": assessment.ambiguity,
        "domain": _folded(assessment.domain),
        "confidence": _rounded(probability),
    }


def _difficulty(assessment: Assessment) -> _Judged:
    """Return the label and the probability of what it says; a doubt's label does not meet the threshold."""
    if assessment.doubt is Doubt.MISSING_INFORMATION:
        return assessment.label, assessment.missing, False
    if assessment.doubt is Doubt.LOW_CONFIDENCE:
        return assessment.label, max(assessment.probabilities), False
    return assessment.label, assessment.probabilities[assessment.tier], True


def _folded(domain: str) -> str:
    """Return the domain that Morph's clients know for one of ours."""
    return domain if domain in FOLDED_DOMAINS else FOLDED_DOMAINS[0]


def _class(head: str, assessment: Assessment) -> dict[str, Any]:
    """Return one head's answer."""
    judge, labels = _JUDGES[head]
    label, probability, meets = judge(assessment)
    return {
        "class_id": labels.index(label),
        "label": label,
        "confidence": _rounded(probability),
        "meets_threshold": meets,
    }


def _ambiguity(assessment: Assessment) -> _Judged:
    """Return how ambiguous the prompt is; a high one has reached the route's threshold for missing information."""
    label, missing, unclear = assessment.ambiguity, assessment.missing, assessment.unclear
    if label == AMBIGUITIES[-1]:
        return label, missing, True
    if unclear is None:
        return label, None, False
    probability = 1.0 - unclear if label == AMBIGUITIES[0] else unclear - missing
    return label, probability, probability >= LIKELIER_THAN_NOT


def _domain(assessment: Assessment) -> _Judged:
    """Return the domain that Morph's clients know, with the probability of all that is folded into it."""
    label = _folded(assessment.domain)
    shares = assessment.domain_probabilities
    if not shares:
        return label, None, False
    probability = sum(share for name, share in zip(DOMAINS, shares, strict=True) if _folded(name) == label)
    return label, probability, probability >= LIKELIER_THAN_NOT


_JUDGES = {
    "difficulty": (_difficulty, DIFFICULTIES),
    "ambiguity": (_ambiguity, AMBIGUITIES),
    "domain": (_domain, FOLDED_DOMAINS),
}


def _doubt(assessment: Assessment, thresholds: Thresholds) -> dict[str, Any] | None:
    """Return why the label is needs_info, with the probability and the threshold that it fell on the wrong side of."""
    if assessment.doubt is None:
        return None
    missing = assessment.doubt is Doubt.MISSING_INFORMATION
    return {
        "cause": assessment.doubt.value,
        "probability": _rounded(assessment.missing if missing else max(assessment.probabilities)),
        "threshold": thresholds.missing if missing else thresholds.confidence,
    }


def _rounded(probability: float | None) -> float | None:
    """Return a probability with as many digits as it can be relied on for, and some."""
    return None if probability is None else round(probability, _DIGITS)
