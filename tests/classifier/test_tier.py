import pytest

from classifier.tier import Tier


def test_tiers_are_ordered():
    """A harder tier is greater."""
    assert Tier.EASY < Tier.MEDIUM < Tier.HARD


@pytest.mark.parametrize("tier", Tier)
def test_labels_are_parsed_back(tier: Tier):
    """A label names its tier."""
    assert Tier.parse(tier.label) is tier


@pytest.mark.parametrize("label", ["", "Easy", "needs_info", "0"])
def test_other_labels_are_refused(label: str):
    """What is not a tier is refused by name."""
    with pytest.raises(ValueError, match="is not a tier"):
        Tier.parse(label)
