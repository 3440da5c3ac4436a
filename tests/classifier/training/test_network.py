import numpy as np
import pytest

from classifier.assessment import DOMAINS
from classifier.numbers import NUMBERS
from classifier.training.network import fit_networks
from classifier.weights import HEADS, SCORES, VECTORS

ROWS = 600
RANDOM = np.random.default_rng(4)
FOLDS = [row % 3 for row in range(ROWS)]
HARD = HEADS.index("hard")


def a_world() -> tuple[np.ndarray, np.ndarray]:
    """Return inputs and targets: hard is what two numbers say together, which no sum of them says."""
    inputs = np.zeros((ROWS, len(SCORES) + VECTORS + len(NUMBERS)))
    inputs[:, : len(SCORES)] = RANDOM.normal(size=(ROWS, len(SCORES)))
    signs = RANDOM.choice((-1.0, 1.0), size=(ROWS, 2))
    inputs[:, len(SCORES) : len(SCORES) + 2] = signs * 3
    hard = (signs[:, 0] * signs[:, 1] > 0).astype(float)
    domains = np.eye(len(DOMAINS))[RANDOM.integers(0, 3, ROWS)]
    return inputs, np.column_stack([hard * 2, np.ones(ROWS) * (RANDOM.random(ROWS) > 0.3), hard, hard, hard, domains])


INPUTS, TARGETS = a_world()
ALIKE = np.ones(ROWS)


def test_what_no_sum_says_is_learnt():
    """Held-out logits tell hard from not hard where only the product of two inputs does."""
    _, logits = fit_networks(INPUTS, TARGETS, ALIKE, FOLDS)
    hard = TARGETS[:, SCORES.index("hard")] > 0
    assert logits[hard, HARD].mean() > logits[~hard, HARD].mean() + 1


def test_two_fits_are_equal():
    """Seeds are fixed: fitting twice gives the same network, bit for bit."""
    first, second = (fit_networks(INPUTS, TARGETS, ALIKE, FOLDS) for _ in range(2))
    assert first[0].hidden.tobytes() == second[0].hidden.tobytes()
    assert first[0].direct.tobytes() == second[0].direct.tobytes()
    assert first[1].tobytes() == second[1].tobytes()


def test_held_out_logits_know_no_domain_of_their_fold():
    """Whatever the domains of a fold are called, what is said of its own domains stays."""
    flipped = TARGETS.copy()
    inside = np.array(FOLDS) == 0
    flipped[inside, SCORES.index("domain_general") :] = np.eye(len(DOMAINS))[-1]
    domains = slice(len(HEADS), None)
    before, after = (fit_networks(INPUTS, one, ALIKE, FOLDS)[1][:, domains] for one in (TARGETS, flipped))
    assert np.array_equal(before[inside], after[inside])
    assert not np.array_equal(before[~inside], after[~inside])


def test_an_input_that_never_varied_says_nothing():
    """What was constant in training does not move a logit later."""
    network, _ = fit_networks(INPUTS, TARGETS, ALIKE, FOLDS)
    moved = INPUTS.copy()
    moved[:, -1] = 4.0
    assert network.predict(moved) == pytest.approx(network.predict(INPUTS))


def test_unknown_targets_teach_nothing_and_are_told_something():
    """Rows without a label of a head leave it as if they were not there to be calibrated on."""
    unknown = TARGETS.copy()
    unknown[::4, :3] = np.nan
    unknown[:, SCORES.index("unclear")] = np.nan
    network, logits = fit_networks(INPUTS, unknown, ALIKE, FOLDS)
    assert np.isfinite(logits).all()
    assert not network.direct[:, HEADS.index("unclear")].any()
    assert network.direct[:, HARD].any()


def test_the_straight_way_sees_the_scores_of_its_head_only():
    """Missing information has nothing to do with the scores of tiers past the hidden layer."""
    network, _ = fit_networks(INPUTS, TARGETS, ALIKE, FOLDS)
    used = {SCORES[place] for place in np.flatnonzero(network.direct[:, HEADS.index("missing")])}
    assert used == {"missing", "unclear"}
    assert not network.direct[:, len(HEADS) :].any()
