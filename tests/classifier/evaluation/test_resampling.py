import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from classifier.evaluation.resampling import auc_draws, family_weights, gain, interval, resampled


def test_families_are_drawn_whole():
    """Rows of one family occur equally often in each sample, and each sample has as many families as there are."""
    groups = ["a", "b", "a", "c", "b", "a"]
    weights = family_weights(groups, draws=50, seed=1)
    assert weights.shape == (50, 6)
    assert np.array_equal(weights[:, 0], weights[:, 2])
    assert np.array_equal(weights[:, 0], weights[:, 5])
    assert np.array_equal(weights[:, 1], weights[:, 4])
    assert (weights[:, [0, 1, 3]].sum(axis=1) == 3).all()
    assert len({tuple(row) for row in weights.tolist()}) > 1


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.integers(0, 3)), min_size=2, max_size=30))
def test_a_weighted_area_is_scikit_learns(rows: list[tuple[int, bool, int]]):
    """Counting a row twice in the weights or twice in the data is the same, ties included."""
    score, positive, weight = (np.array(column) for column in zip(*rows, strict=True))
    found = auc_draws(score.astype(float), positive, weight[None, :].astype(float))
    if weight[positive].sum() > 0 and weight[~positive].sum() > 0:
        assert found[0] == pytest.approx(roc_auc_score(positive, score, sample_weight=weight))
    else:
        assert np.isnan(found[0])


def test_a_better_score_gains():
    """The interval of a score that knows against one that does not lies above zero; against itself it is zero."""
    random = np.random.default_rng(4)
    positive = random.random(400) < 0.5
    knows, guesses = positive + random.random(400), random.random(400)
    weights = family_weights([str(place) for place in range(400)], draws=100, seed=0)
    low, high = gain(knows, guesses, positive, weights) or (0.0, 0.0)
    assert 0.3 < low < high < 0.6
    assert gain(knows, knows, positive, weights) == (0.0, 0.0)
    assert gain(knows, guesses, np.ones(400, dtype=bool), weights) is None


def test_interval_holds_the_middle():
    """The interval leaves 2.5 % on either side and forgets samples without a figure."""
    assert interval(np.array([*range(1001), np.nan])) == (25.0, 975.0)


def test_resampled_figures_surround_the_figure():
    """The interval of a mean holds the mean."""
    values = np.random.default_rng(5).normal(3.0, 1.0, size=500)
    low, high = resampled(lambda rows: float(values[rows].mean()), 500, draws=200, seed=0)
    assert low < values.mean() < high
    assert high - low == pytest.approx(4 / np.sqrt(500), rel=0.3)
