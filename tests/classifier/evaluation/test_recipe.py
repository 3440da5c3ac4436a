import numpy as np
import pytest

from classifier.assess import PRESETS
from classifier.assessment import DOMAINS
from classifier.evaluation.recipe import Fitted, difficulty_of, fit, joined, order
from classifier.tier import Tier
from classifier.training.dataset import folds_of
from classifier.training.fit import design_of
from classifier.training.labels import Example
from classifier.weights import SCORES


@pytest.fixture(scope="module")
def fitted(examples: tuple[Example, ...]) -> Fitted:
    return fit(examples, design_of(examples), folds_of(examples, seed=1))


def test_a_run_knows_what_it_was_trained_on(fitted: Fitted, examples: tuple[Example, ...]):
    """In a world where words say the labels, tier, domain and missing information are mostly right."""
    found = fitted.predict(design_of(examples))
    tiers = np.array([int(example.tier or 0) for example in examples])
    lacking = np.array([example.missing for example in examples])
    assert np.mean(found.tiers["balanced"] == tiers) > 0.9
    assert np.mean([DOMAINS[place] for place in found.domain] == np.array([one.domain for one in examples])) > 0.9
    assert found.missing[lacking].mean() > found.missing[~lacking].mean() + 0.5
    assert found.probabilities.sum(axis=1) == pytest.approx(1.0)
    assert set(found.tiers) == set(found.flagged) == set(PRESETS)


def test_it_is_served_as_it_is_measured(fitted: Fitted, examples: tuple[Example, ...]):
    """The served form of a run says what the measured form says, up to the precision of its weights."""
    classifier, some = fitted.classifier(), examples[::5]
    predicted = fitted.predict(design_of(some))
    for example, probabilities, missing in zip(some, predicted.probabilities, predicted.missing, strict=True):
        said = classifier.assess(example.prompt, classifier.presets["balanced"])
        assert said.probabilities == pytest.approx(probabilities.tolist(), abs=0.02)
        assert said.missing == pytest.approx(missing, abs=0.02)


def test_an_order_is_that_of_a_run(examples: tuple[Example, ...]):
    """Hard stands above easy and lacking above complete; with tiers alone the order of tiers is about the same."""
    design, folds = design_of(examples), folds_of(examples, seed=1)
    difficulty, missing = order(examples, design, folds, design)
    hard, easy = (np.array([example.tier is tier for example in examples]) for tier in (Tier.HARD, Tier.EASY))
    lacking = np.array([example.missing for example in examples])
    assert difficulty[hard].min() > np.median(difficulty[easy])
    assert missing[lacking].mean() > missing[~lacking].mean()
    alone, _ = order(examples, design, folds, design, tiers_only=True)
    assert np.corrcoef(alone, difficulty)[0, 1] > 0.97


def test_words_and_numbers_make_the_difficulty(fitted: Fitted, examples: tuple[Example, ...]):
    """What words say and what numbers say add up to the score of the first stage."""
    design = design_of(examples)
    words, numbers = fitted.parts(design)
    assert np.allclose(words + numbers, fitted.stage.predict(design)[:, SCORES.index("tier")])
    assert words.std() > 0
    assert numbers.std() > 0


def test_parts_are_joined_at_their_places(fitted: Fitted, examples: tuple[Example, ...]):
    """Predictions of two halves make the predictions of the whole."""
    design = design_of(examples)
    even, odd = np.arange(0, len(examples), 2), np.arange(1, len(examples), 2)
    whole = fitted.predict(design)
    found = joined([(rows, fitted.predict(design.at(rows))) for rows in (odd, even)], len(examples))
    assert np.allclose(found.probabilities, whole.probabilities)
    assert np.array_equal(found.tiers["quality"], whole.tiers["quality"])
    assert np.array_equal(found.flagged["cheap"], whole.flagged["cheap"])
    assert np.array_equal(found.domain, whole.domain)


def test_difficulty_is_the_expected_tier():
    """Certainly hard is 2, certainly medium 1."""
    assert difficulty_of(np.eye(3)).tolist() == [0.0, 1.0, 2.0]
