"""Probabilities to a tier. Pure and standard library only; how cut points are chosen lives in training."""

from dataclasses import dataclass

from classifier.assessment import Doubt
from classifier.tier import Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Cut points on the three heads, each a probability in 0..1.

    A prompt is hard when P(hard) >= `hard`, else medium when P(medium) + P(hard) >= `medium`, else easy. It is
    needs_info when the probability that it is missing information reaches `missing`, or when the most probable tier
    has less than `confidence`.
    """

    medium: float = 0.5
    hard: float = 0.5
    confidence: float = 0.4
    missing: float = 0.8

    def __post_init__(self) -> None:
        """Refuse a cut point outside 0..1 (ValueError)."""
        for name in ("medium", "hard", "confidence", "missing"):
            value = getattr(self, name)
            if not 0.0 <= value <= 1.0:
                raise ValueError(f"threshold '{name}' must lie between 0 and 1, not {value}")

    def tier(self, probabilities: tuple[float, float, float]) -> Tier:
        """Return the tier for P(easy), P(medium), P(hard)."""
        _, medium, hard = probabilities
        if hard >= self.hard:
            return Tier.HARD
        return Tier.MEDIUM if medium + hard >= self.medium else Tier.EASY

    def doubt(self, probabilities: tuple[float, float, float], missing: float) -> Doubt | None:
        """Return why the tier is not to be relied on, or None. Missing information outweighs low confidence."""
        if missing >= self.missing:
            return Doubt.MISSING_INFORMATION
        return Doubt.LOW_CONFIDENCE if max(probabilities) < self.confidence else None
