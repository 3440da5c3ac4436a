"""What the classifier says of one prompt: a value, standard library only, so that the core may hold it."""

import math
from dataclasses import dataclass
from enum import StrEnum

from classifier.tier import Tier

NEEDS_INFO = "needs_info"
"""The fourth label: the tier is not to be relied on, for the reason that `Assessment.doubt` names."""

AMBIGUITIES = ("low", "med", "high")
DOMAINS = ("general", "summary", "coding", "design", "data", "math", "writing")


class Doubt(StrEnum):
    """Why a prompt is labelled needs_info. The two causes are kept apart: they ask for different answers."""

    LOW_CONFIDENCE = "low_confidence"
    """The difficulty head does not reach its threshold: the classifier does not know."""

    MISSING_INFORMATION = "missing_information"
    """The prompt lacks something that the answer depends on: nobody can know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """The classifier's judgement of one prompt.

    `probabilities` are calibrated P(easy), P(medium), P(hard) and sum to 1. `confidence` is the probability, by those
    three, that `tier` is strong enough (P(tier <= chosen)), in 0..1; `missing` is P(ambiguity is high), in 0..1, and
    `unclear` P(ambiguity is med or high), None where unknown. `domain_logits` are in the order of DOMAINS, empty where
    unknown. `artifact` identifies the model that spoke.
    """

    tier: Tier
    probabilities: tuple[float, float, float]
    confidence: float
    missing: float
    ambiguity: str
    domain: str
    doubt: Doubt | None
    artifact: str
    unclear: float | None = None
    domain_logits: tuple[float, ...] = ()

    @property
    def label(self) -> str:
        """`easy`, `medium`, `hard`, or `needs_info` when there is a doubt."""
        return NEEDS_INFO if self.doubt is not None else self.tier.label

    @property
    def domain_probabilities(self) -> tuple[float, ...]:
        """P(domain) in the order of DOMAINS, which sum to 1; empty where they are unknown."""
        if not self.domain_logits:
            return ()
        most = max(self.domain_logits)
        weights = [math.exp(logit - most) for logit in self.domain_logits]
        total = sum(weights)
        return tuple(weight / total for weight in weights)
