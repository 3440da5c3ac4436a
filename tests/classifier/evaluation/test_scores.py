from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from sklearn.metrics import cohen_kappa_score, confusion_matrix, precision_score, roc_auc_score

from classifier.evaluation.scores import (
    auc,
    calibration_error,
    confusion,
    finding,
    ranking,
    reliability,
    tiering,
)

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


def test_an_area_by_hand():
    """Of six pairs of one right and one wrong prompt five are in order: the area is five sixths."""
    assert auc(np.array([1.0, 2.0, 3.0, 4.0, 5.0]), np.array([False, True, False, True, True])) == pytest.approx(5 / 6)


def test_shares_of_wrong_tiers():
    """Too low and too high are shares of all, hard called easy is a share of the hard."""
    found = tiering(np.array([0, 1, 0, 1, 0, 2]), TIERS)
    assert found.over == pytest.approx(1 / 6)
    assert found.under == pytest.approx(2 / 6)
    assert found.hard_called_easy == pytest.approx(1 / 2)
    assert found.easy_called_hard == 0.0
    assert found.accuracy == pytest.approx(1 / 2)


def test_kappa_by_hand():
    """Quadratic kappa: 1 minus the squared distances over those expected of independent labels with equal shares."""
    tiers, chosen = np.array([0, 1, 2, 2]), np.array([0, 2, 2, 0])
    expected = sum((first - second) ** 2 for first in tiers for second in chosen) / 4
    assert tiering(chosen, tiers).kappa == pytest.approx(1 - (1 + 4) / expected)
    assert tiering(chosen, tiers).kappa == pytest.approx(cohen_kappa_score(tiers, chosen, weights="quadratic"))


def test_confusion_is_scikit_learns():
    """Labels are rows, given tiers columns."""
    chosen = np.array([0, 1, 0, 1, 0, 2])
    assert confusion(chosen, TIERS) == tuple(map(tuple, confusion_matrix(TIERS, chosen).tolist()))


def test_calibration_error():
    """Sure and always right is calibrated; sure and half right is off by a half."""
    sure = np.tile([1.0, 0.0, 0.0], (4, 1))
    assert calibration_error(sure, np.array([0, 0, 0, 0])) == pytest.approx(0.0)
    assert calibration_error(sure, np.array([0, 0, 1, 2])) == pytest.approx(0.5)


def test_bins_are_scikit_learns():
    """Each bin has the mean confidence and accuracy that scikit-learn's calibration curve gives it."""
    random = np.random.default_rng(2)
    probabilities = random.dirichlet([1.0, 1.0, 1.0], size=500)
    tiers = random.integers(3, size=500)
    right = probabilities.argmax(axis=1) == tiers
    accuracy, confidence = calibration_curve(right, probabilities.max(axis=1), n_bins=15)
    found = reliability(probabilities, tiers)
    assert [one.accuracy for one in found] == pytest.approx(accuracy.tolist())
    assert [one.confidence for one in found] == pytest.approx(confidence.tolist())
    assert sum(one.rows for one in found) == 500
    error = sum(abs(one.confidence - one.accuracy) * one.rows for one in found) / 500
    assert calibration_error(probabilities, tiers) == pytest.approx(error)


@dataclass(frozen=True)
class Case:
    id: str
    score: tuple[float, ...]
    lacking: tuple[bool, ...]
    precision: float
    false: float


CASES = (
    Case("separated", (0.1, 0.2, 0.8, 0.9), (False, False, True, True), 1.0, 0.0),
    Case("one clear prompt is above the cut", (0.1, 0.7, 0.6, 0.2), (False, False, True, True), 1 / 2, 1 / 2),
    Case("nothing lacks", (0.1, 0.2, 0.8, 0.9), (False,) * 4, 0.0, 0.0),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_finding_at_half(case: Case):
    """The cut is the median of the prompts that lack something; whatever is above it is flagged."""
    lacking = np.array(case.lacking)
    found = finding(np.array(case.score), lacking, ~lacking)
    assert (found.precision, found.false) == (pytest.approx(case.precision), pytest.approx(case.false))


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=2, max_size=40))
def test_finding_is_scikit_learns(rows: list[tuple[float, bool]]):
    """Area and precision at half found are scikit-learn's for the same cut."""
    score, lacking = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    found = finding(score, lacking, ~lacking)
    if 0 < lacking.sum() < len(rows):
        flagged = score >= np.median(score[lacking])
        assert found.auc == pytest.approx(roc_auc_score(lacking, score))
        assert found.precision == pytest.approx(precision_score(lacking, flagged))
