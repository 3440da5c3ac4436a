import numpy as np
import pytest

from classifier.evaluation.scores import auc, calibration_error, interval, ranking, routing_curve, tiering

TIERS = np.array([0, 0, 1, 1, 2, 2])


def test_a_perfect_order():
    """A score in the order of the tiers has all areas and kappa 1."""
    found = ranking(np.arange(6.0), TIERS)
    assert (found.rows, found.auc_easy, found.auc_hard, found.kappa) == (6, 1.0, 1.0, 1.0)


def test_a_reversed_order():
    """The opposite order has areas 0 and a negative kappa."""
    found = ranking(-np.arange(6.0), TIERS)
    assert (found.auc_easy, found.auc_hard) == (0.0, 0.0)
    assert found.kappa is not None
    assert found.kappa < 0


def test_one_class_has_no_area():
    """Where all labels are equal there is nothing to order."""
    found = ranking(np.arange(3.0), np.array([1, 1, 1]))
    assert (found.auc_hard, found.kappa) == (None, None)
    assert auc(np.arange(3.0), np.array([True, True, True])) is None


def test_shares_of_wrong_tiers():
    """Too low and too high are shares of all, hard called easy is a share of the hard."""
    found = tiering(np.array([0, 1, 0, 1, 0, 2]), TIERS)
    assert found.over == pytest.approx(1 / 6)
    assert found.under == pytest.approx(2 / 6)
    assert found.hard_called_easy == pytest.approx(1 / 2)
    assert found.easy_called_hard == 0.0
    assert found.accuracy == pytest.approx(1 / 2)


def test_calibration_error():
    """Sure and always right is calibrated; sure and half right is off by a half."""
    sure = np.tile([1.0, 0.0, 0.0], (4, 1))
    assert calibration_error(sure, np.array([0, 0, 0, 0])) == pytest.approx(0.0)
    assert calibration_error(sure, np.array([0, 0, 1, 2])) == pytest.approx(0.5)


def test_a_curve_that_knows_beats_chance():
    """Sending first what only the strong model solves needs fewer calls than chance does."""
    random = np.random.default_rng(3)
    weak, strong = (random.random(2000) < 0.5).astype(float), np.ones(2000)
    oracle, chance = routing_curve(1 - weak + random.random(2000) / 2, weak, strong), random.random(2000)
    blind = routing_curve(chance, weak, strong)
    assert oracle.cpt50 < 30 < blind.cpt50
    assert oracle.cpt80 == pytest.approx(40, abs=5)
    assert blind.apgr == pytest.approx(0.5, abs=0.03)
    assert oracle.apgr > 0.7


def test_interval_holds_the_middle():
    """The interval leaves 2.5 % on either side."""
    assert interval(list(range(1001))) == (25.0, 975.0)
