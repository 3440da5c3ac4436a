"""The small values are legal and take what they are given."""

from classifier.tier import Tier
from tests.fakes.values import a_request, an_assessment, an_upstream


def test_defaults_are_legal_and_overridable() -> None:
    """Each value can be made from nothing and with one field changed."""
    assert an_upstream("big", Tier.HARD, window=5).window == 5
    assert a_request().body[slice(*a_request().model_at)] == b'"auto"'
    assert an_assessment(Tier.HARD).probabilities[Tier.HARD] == max(an_assessment(Tier.HARD).probabilities)
