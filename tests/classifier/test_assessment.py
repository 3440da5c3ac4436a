from dataclasses import replace

import pytest

from classifier import Assessment, Doubt, Tier
from classifier.assessment import DOMAINS

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


def test_domains_have_probabilities_where_they_are_known():
    """Logits of any size become shares that sum to 1; without logits nothing is claimed."""
    shares = replace(SURE, domain_logits=(-800.0, 0.0, 1.0, 900.0, 0.0, 0.0, 0.0)).domain_probabilities
    even = replace(SURE, domain_logits=(2.0,) * len(DOMAINS)).domain_probabilities

    assert (sum(shares), shares[3]) == (pytest.approx(1), pytest.approx(1))
    assert even == pytest.approx([1 / len(DOMAINS)] * len(DOMAINS))
    assert SURE.domain_probabilities == ()
