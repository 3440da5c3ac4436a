from dataclasses import replace

from classifier import Assessment, Doubt, Tier

SURE = Assessment(
    tier=Tier.MEDIUM,
    probabilities=(0.2, 0.7, 0.1),
    confidence=0.9,
    missing=0.1,
    ambiguity="low",
    domain="coding",
    doubt=None,
    artifact="a1",
)


def test_the_label_is_the_tier_without_a_doubt():
    """A sure assessment is labelled by its tier."""
    assert SURE.label == "medium"


def test_the_label_of_a_doubt_is_needs_info():
    """Either cause of doubt is labelled needs_info; the tier stays readable."""
    for doubt in Doubt:
        assessment = replace(SURE, doubt=doubt)
        assert assessment.label == "needs_info"
        assert assessment.tier is Tier.MEDIUM
