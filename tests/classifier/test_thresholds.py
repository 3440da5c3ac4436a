from dataclasses import dataclass

import pytest

from classifier.assessment import Doubt
from classifier.thresholds import Thresholds
from classifier.tier import Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    id: str
    probabilities: tuple[float, float, float]
    tier: Tier
    doubt: Doubt | None = None
    missing: float = 0.0


CASES = (
    Case(id="surely easy", probabilities=(0.9, 0.08, 0.02), tier=Tier.EASY),
    Case(id="medium and hard together reach the cut", probabilities=(0.5, 0.3, 0.2), tier=Tier.MEDIUM),
    Case(id="hard reaches its cut", probabilities=(0.2, 0.3, 0.5), tier=Tier.HARD),
    Case(id="spread evenly", probabilities=(0.34, 0.33, 0.33), tier=Tier.MEDIUM, doubt=Doubt.LOW_CONFIDENCE),
    Case(
        id="something is missing",
        probabilities=(0.9, 0.1, 0.0),
        tier=Tier.EASY,
        missing=0.8,
        doubt=Doubt.MISSING_INFORMATION,
    ),
    Case(
        id="missing outweighs doubt",
        probabilities=(0.34, 0.33, 0.33),
        tier=Tier.MEDIUM,
        missing=0.9,
        doubt=Doubt.MISSING_INFORMATION,
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_probabilities_to_tier_and_doubt(case: Case):
    """The cut points decide the tier, and the cause of a doubt is named."""
    thresholds = Thresholds(medium=0.5, hard=0.5, confidence=0.4, missing=0.8)
    assert thresholds.tier(case.probabilities) is case.tier
    assert thresholds.doubt(case.probabilities, case.missing) is case.doubt


@pytest.mark.parametrize("name", ["medium", "hard", "confidence", "missing"])
@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_cut_points_outside_of_0_to_1_are_refused(name: str, value: float):
    """Each cut point is a probability."""
    with pytest.raises(ValueError, match=name):
        Thresholds(**{name: value})
