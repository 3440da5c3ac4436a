import numpy as np
from scipy.sparse import csr_matrix

from classifier import model
from classifier.training.regression import Inputs, alike, held_out, regress
from classifier.weights import SCORES

RANDOM = np.random.default_rng(3)
ROWS, WORDS, MEANINGS, NUMBERS = 60, 90, 5, 4


def inputs_of(own: np.ndarray) -> Inputs:
    words = csr_matrix(RANDOM.random((ROWS, WORDS)) * (RANDOM.random((ROWS, WORDS)) < 0.1))
    meanings = RANDOM.normal(size=(WORDS, MEANINGS))
    return Inputs(words=words, meanings=meanings, numbers=RANDOM.normal(size=(ROWS, NUMBERS)), own=own)


INPUTS = inputs_of(np.arange(ROWS) % 3 == 0)
TARGETS = RANDOM.normal(size=(ROWS, 2))


def rows_of(rows: np.ndarray) -> Inputs:
    return Inputs(
        words=INPUTS.words[rows], meanings=INPUTS.meanings, numbers=INPUTS.numbers[rows], own=INPUTS.own[rows]
    )


def whole(inputs: Inputs) -> np.ndarray:
    constant = np.full((ROWS, 1), model.CONSTANT_SCALE)
    words = inputs.words.toarray()
    about = words @ inputs.meanings * model.MEANINGS_SCALE
    return np.hstack([words, about, inputs.numbers * model.NUMBERS_SCALE, constant])


def test_products_are_those_of_all_columns():
    """The inner products are those of words, their meanings, scaled numbers and the constant side by side."""
    columns = whole(INPUTS)
    assert np.allclose(INPUTS.products(), columns @ columns.T, atol=1e-5)


def test_own_rows_share_more_among_themselves_only():
    """Apart, only pairs of own rows have another product; without own rows there is no other."""
    products = INPUTS.products()
    changed = ~np.isclose(INPUTS.apart(products), products)
    assert changed[np.ix_(INPUTS.own, INPUTS.own)].mean() > 0.9
    assert not changed[~INPUTS.own].any()
    strangers = inputs_of(np.zeros(ROWS, dtype=bool))
    assert strangers.apart(products) is products


def test_the_weights_are_those_of_a_ridge_regression():
    """The solution by prompts equals the one by features."""
    words, numbers, bias = regress(INPUTS, INPUTS.products(), TARGETS)
    columns, mean = whole(INPUTS), TARGETS.mean(axis=0)
    solved = np.linalg.solve(
        columns.T @ columns + model.PENALTY * np.eye(columns.shape[1]), columns.T @ (TARGETS - mean)
    )
    shared = INPUTS.meanings @ solved[WORDS : WORDS + MEANINGS] * model.MEANINGS_SCALE
    assert np.abs(shared).max() > 0.01
    assert np.allclose(words, solved[:WORDS] + shared, atol=1e-4)
    assert np.allclose(numbers, solved[WORDS + MEANINGS : -1] * model.NUMBERS_SCALE, atol=1e-4)
    assert np.allclose(bias, mean + solved[-1] * model.CONSTANT_SCALE, atol=1e-4)


def test_unknown_rows_count_for_nothing():
    """A row whose target is not known leaves the weights as if it were not there."""
    targets = TARGETS.copy()
    targets[40:] = np.nan
    some = rows_of(np.arange(40))
    known = regress(some, some.products(), TARGETS[:40])
    for found, expected in zip(regress(INPUTS, INPUTS.products(), targets), known, strict=True):
        assert np.allclose(found, expected, atol=1e-5)


def test_scores_of_one_design_are_fitted_together():
    """Columns with the same known rows share a group, except that tiers have a design of their own."""
    targets = np.zeros((5, len(SCORES)))
    targets[0, SCORES.index("unclear")] = np.nan
    targets[:, SCORES.index("domain_math")] = np.nan
    groups = {tuple(SCORES[column] for column in group) for group in alike(targets)}
    assert ("tier", "medium", "hard") in groups
    assert ("unclear",) in groups
    assert not any("domain_math" in group for group in groups)


def test_held_out_scores_are_those_of_fits_without_the_fold():
    """Each row is told what the weights of the other folds say of it; unknown rows are told, too."""
    folds, targets = np.arange(ROWS) % 3, TARGETS.copy()
    targets[7] = np.nan
    products = INPUTS.products()
    found = held_out((INPUTS.apart(products), products), targets, folds)
    for fold in range(3):
        inside, outside = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
        others = rows_of(outside)
        words, numbers, bias = regress(others, others.apart(others.products()), targets[outside])
        told = INPUTS.words[inside] @ words + INPUTS.numbers[inside] @ numbers + bias
        assert np.allclose(found[inside], told, atol=1e-4)
