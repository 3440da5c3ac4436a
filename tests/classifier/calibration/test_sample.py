"""What cut points do to labelled prompts."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.calibration.sample import (
    Cuts,
    Sample,
    assessed,
    of_thresholds,
    quality_losses,
    under_tier_losses,
)
from classifier.thresholds import Thresholds
from classifier.tier import Tier

PROBABILITIES = np.array([[0.8, 0.15, 0.05], [0.3, 0.6, 0.1], [0.1, 0.3, 0.6], [0.5, 0.3, 0.2]])
CUTS = Cuts(0.5, 0.5)
SAMPLE = Sample(
    probabilities=PROBABILITIES,
    served=np.tile(np.arange(3), (4, 1)),
    losses=under_tier_losses([Tier.EASY, Tier.HARD, Tier.HARD, Tier.MEDIUM], one=0.5, two=1.0),
    costs=np.array([[1.0, 2.0, 4.0], [1.0, 3.0, 9.0], [1.0, 2.0, 8.0], [1.0, np.nan, 5.0]]),
)


@given(easy=st.floats(0, 1), part=st.floats(0, 1), medium=st.floats(0, 1), hard=st.floats(0, 1))
def test_tiers_are_those_of_the_thresholds(easy, part, medium, hard):
    """Rows of probabilities get the tier that Thresholds.tier gives one by one."""
    probabilities = (easy, (1 - easy) * part, (1 - easy) * (1 - part))
    thresholds = Thresholds(medium=medium, hard=hard)
    found = assessed(np.array([probabilities]), of_thresholds(thresholds))
    assert found.tolist() == [int(thresholds.tier(probabilities))]


def test_each_prompt_is_looked_up_in_its_tier():
    """Tiers, losses and costs at one pair of cut points, by hand."""
    assert SAMPLE.tiers(CUTS).tolist() == [0, 1, 2, 1]
    assert SAMPLE.losses_at(CUTS).tolist() == [0.0, 0.5, 0.0, 0.0]
    assert SAMPLE.costs_at(CUTS)[:3].tolist() == [1.0, 3.0, 8.0]
    assert np.isnan(SAMPLE.costs_at(CUTS)[3])
    assert SAMPLE.share(Tier.MEDIUM, CUTS) == 0.5
    assert SAMPLE.losses_at(Cuts(1.0, 1.0)).tolist() == [0.0, 1.0, 1.0, 0.5]


def test_what_a_route_raises_is_served_higher():
    """A prompt whose doubt raises it by a tier loses and costs what that tier does."""
    served = np.tile(np.arange(3), (4, 1))
    served[1] = (1, 2, 2)
    raised = replace(SAMPLE, served=served)
    assert raised.tiers(CUTS).tolist() == [0, 2, 2, 1]
    assert raised.losses_at(CUTS).tolist() == [0.0, 0.0, 0.0, 0.0]
    assert raised.costs_at(CUTS)[1] == 9.0


def test_losses_of_tiers_count_only_what_is_served_too_low():
    """By default each prompt below its tier counts one, and none above it."""
    assert under_tier_losses([0, 1, 2]).tolist() == [[0, 0, 0], [1, 0, 0], [1, 1, 0]]


def test_losses_of_quality_are_against_the_hard_tier():
    """A weaker model that answers better loses nothing."""
    assert quality_losses([(0.2, 0.9, 0.8)]).tolist() == [[pytest.approx(0.6), 0.0, 0.0]]


@pytest.mark.parametrize(
    "fields",
    [
        {"probabilities": np.ones((4, 2))},
        {"probabilities": np.ones((0, 3)), "served": np.tile(np.arange(3), (0, 1)), "losses": None, "costs": None},
        {"losses": np.full((4, 3), 1.5)},
        {"losses": np.full((4, 3), np.nan)},
        {"losses": np.full((4, 3), 0.5), "graded": False},
        {"costs": np.ones((3, 3))},
    ],
)
def test_a_sample_that_exists_is_legal(fields):
    """Other shapes, no prompts, and losses outside 0..1 or graded against what was said are refused."""
    with pytest.raises(ValueError, match=r"shape|prompt|loss"):
        replace(SAMPLE, **fields)


def test_what_is_not_known_is_not_zero():
    """Without labels or prices there is no loss and no cost."""
    bare = replace(SAMPLE, losses=None, costs=None)
    with pytest.raises(ValueError, match="no labels"):
        bare.losses_at(CUTS)
    with pytest.raises(ValueError, match="costs"):
        bare.costs_at(CUTS)
