import numpy as np
import pytest
from scipy.sparse import csr_matrix

from classifier import model
from classifier.assess import SCORES
from classifier.assessment import DOMAINS
from classifier.training.regression import Inputs, alike, choice_of_domains, regress

RANDOM = np.random.default_rng(3)
ROWS, WORDS, NUMBERS = 60, 90, 4


def inputs_of(own: np.ndarray) -> Inputs:
    words = csr_matrix(RANDOM.random((ROWS, WORDS)) * (RANDOM.random((ROWS, WORDS)) < 0.1))
    return Inputs(words=words, numbers=RANDOM.normal(size=(ROWS, NUMBERS)), own=own)


INPUTS = inputs_of(np.arange(ROWS) % 3 == 0)
TARGETS = RANDOM.normal(size=(ROWS, 2))


def whole(inputs: Inputs) -> np.ndarray:
    constant = np.full((ROWS, 1), model.CONSTANT_SCALE)
    return np.hstack([inputs.words.toarray(), inputs.numbers * model.NUMBERS_SCALE, constant])


def test_products_are_those_of_all_columns():
    """The inner products are those of words, scaled numbers and the constant side by side."""
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
    assert np.allclose(words, solved[:WORDS], atol=1e-4)
    assert np.allclose(numbers, solved[WORDS:-1] * model.NUMBERS_SCALE, atol=1e-4)
    assert np.allclose(bias, mean + solved[-1] * model.CONSTANT_SCALE, atol=1e-4)


def test_unknown_rows_count_for_nothing():
    """A row whose target is not known leaves the weights as if it were not there."""
    targets = TARGETS.copy()
    targets[40:] = np.nan
    some = Inputs(words=INPUTS.words[:40], numbers=INPUTS.numbers[:40], own=INPUTS.own[:40])
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


@pytest.mark.parametrize("kinds", [1, 2])
def test_few_domains_leave_no_choice(kinds: int):
    """With fewer than three domains the scores stay as they are."""
    targets = np.eye(len(DOMAINS))[np.arange(ROWS) % kinds]
    assert choice_of_domains(INPUTS.products(), targets) is None


def test_absent_domains_are_never_chosen():
    """A domain without a row gets a constant that no other can be below."""
    labels = np.arange(ROWS) % 3
    choice = choice_of_domains(INPUTS.products(), np.eye(len(DOMAINS))[labels])
    assert choice is not None
    mix, bias = choice
    assert mix.shape == (len(DOMAINS), len(DOMAINS))
    assert not mix[:, 3:].any()
    assert bias[3:].max() < bias[:3].min() - 20
