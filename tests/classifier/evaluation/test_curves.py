import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.evaluation.curves import COST_RATIO, apgr, quantile_points, routing_curve, saved

WEAK = np.array([0.0] * 4 + [1.0] * 6)
STRONG = np.ones(10)


def test_a_curve_by_hand():
    """Ten items, four of which only the strong model solves, sent first: the gap is won with four calls in ten."""
    found = routing_curve(np.arange(10.0)[::-1], WEAK, STRONG)
    assert len(found.points) == 11
    assert found.points[0] == (0.0, pytest.approx(0.6))
    assert found.points[4] == (pytest.approx(0.4), pytest.approx(1.0))
    assert found.points[-1] == (1.0, pytest.approx(1.0))
    assert found.cpt50 == pytest.approx(20.0)
    assert found.cpt80 == pytest.approx(32.0)
    # a triangle over the first 0.4 of the calls, then the whole gap: 0.4 / 2 + 0.6
    assert found.apgr == pytest.approx(0.8)


def test_the_worst_curve_by_hand():
    """The same items sent last: nothing is won before six calls in ten."""
    found = routing_curve(np.arange(10.0), WEAK, STRONG)
    assert found.cpt50 == pytest.approx(80.0)
    assert found.cpt80 == pytest.approx(92.0)
    assert found.apgr == pytest.approx(0.2)


def test_savings_by_hand():
    """95 % of full quality needs all four calls when each wins a tenth; 90 % needs three."""
    score = np.arange(10.0)[::-1]
    assert saved(score, WEAK, STRONG, 0.95) == pytest.approx(1 - (0.4 + 0.6 / COST_RATIO))
    assert saved(score, WEAK, STRONG, 0.90) == pytest.approx(1 - (0.3 + 0.7 / COST_RATIO))


def test_a_weak_model_that_suffices_saves_the_most():
    """Where the weak model reaches the wished quality alone, no call is paid to the strong one."""
    assert saved(np.arange(10.0), STRONG, STRONG, 0.98) == pytest.approx(1 - 1 / COST_RATIO)


def test_chance_wins_half():
    """A score that knows nothing has an APGR near one half."""
    random = np.random.default_rng(3)
    weak, strong = (random.random(4000) < 0.5).astype(float), np.ones(4000)
    found = routing_curve(random.random(4000), weak, strong)
    assert found.apgr == pytest.approx(0.5, abs=0.03)
    assert found.cpt50 == pytest.approx(50, abs=4)


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=2, max_size=60))
def test_the_ends_are_the_two_models(rows: list[tuple[int, bool]]):
    """Scores that differ give a curve from the weak model alone to the strong one, and APGR alone is the curve's."""
    score, weak = np.array([float(row[0]) for row in rows]), np.array([float(row[1]) for row in rows])
    strong = np.ones(len(rows))
    points = quantile_points(score, weak, strong)
    assert points == tuple(sorted(points))
    if weak.mean() < 1 and len(set(score)) > 1:
        assert points[0] == (0.0, pytest.approx(weak.mean()))
        assert points[-1] == (1.0, 1.0)
        assert apgr(score, weak, strong) == pytest.approx(routing_curve(score, weak, strong).apgr)
