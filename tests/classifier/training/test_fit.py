from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from classifier import model
from classifier.assess import DEFAULT_FOLDER, Scorer, load_classifier
from classifier.assessment import DOMAINS
from classifier.features import AROUND, BLOCKS, SHIFT, WORDS, block_bounds, extract, parts_of
from classifier.numbers import NUMBERS
from classifier.prompt import Prompt
from classifier.training.dataset import annotated, folds_of
from classifier.training.fit import (
    Design,
    Stage,
    design_of,
    export,
    fit_in_folds,
    stack,
    targets_of,
)
from classifier.training.labels import Example
from classifier.training.meanings import meanings_of
from classifier.training.network import Network, fit_networks
from classifier.training.run import probabilities_of
from classifier.weights import CLIP, SCORES, VECTORS


@pytest.fixture(scope="module")
def design(examples: tuple[Example, ...]) -> Design:
    return design_of(examples)


@pytest.fixture(scope="module")
def targets(examples: tuple[Example, ...]) -> np.ndarray:
    return targets_of(examples)


def test_targets_have_a_column_each_score(examples: tuple[Example, ...], targets: np.ndarray):
    """The tier, its two steps, what is missing and one domain are marked."""
    assert targets.shape == (len(examples), len(SCORES))
    hard = next(place for place, example in enumerate(examples) if example.tier == 2)
    assert targets[hard, :3].tolist() == [2.0, 1.0, 1.0]
    assert targets[hard, 5:].sum() == 1.0


def fit_stage(design: Design, targets: np.ndarray) -> Stage:
    """Return the first stage alone."""
    return fit_in_folds(design, targets, ())[0]


def fit_both(examples: tuple[Example, ...], design: Design, targets: np.ndarray) -> tuple[Stage, Network]:
    """Return both stages, fitted in folds."""
    folds = folds_of(examples, seed=1)
    stage, inputs = fit_in_folds(design, targets, folds)
    return stage, fit_networks(inputs, targets, design.worth, folds)[0]


def test_two_fits_are_equal(examples: tuple[Example, ...], design: Design, targets: np.ndarray):
    """Fitting twice gives the same arrays, bit for bit."""
    first, second = (export(*fit_both(examples, design, targets)) for _ in range(2))
    assert all(first[name].tobytes() == second[name].tobytes() for name in first)


def with_instructions(example: Example) -> Example:
    """Return an example whose prompt stands under instructions."""
    return replace(example, prompt=Prompt.of((("system", "Prove or summarise, in words."), *example.prompt.turns)))


def test_exported_scores_equal_scikit_learn(examples: tuple[Example, ...], targets: np.ndarray):
    """The lookup of serving gives what scikit-learn's own transformers and ridge regression predict."""
    design = design_of(with_instructions(one) if at % 3 == 0 else one for at, one in enumerate(examples))
    stage = fit_stage(design, targets)
    edges = np.searchsorted(stage.kept, block_bounds())
    counts = design.counts[:, stage.kept]
    idf, blocks = model.words().fit(counts).idf_, []
    for place, name in enumerate(BLOCKS):
        inside = slice(*edges[WORDS : WORDS + 2]) if place == AROUND else slice(edges[place], edges[place + 1])
        shift = SHIFT if place == AROUND else 0
        block = design.counts[:, stage.kept[inside] + shift].toarray()
        lengths = np.sqrt((block * idf[inside] ** 2).sum(axis=1, keepdims=True))
        blocks.append(block * idf[inside] * model.BLOCK_SCALES[name] / np.where(lengths > 0, lengths, 1))
    blocks[WORDS] += blocks.pop(AROUND)
    about = np.hstack(blocks) @ meanings_of(stage.kept) * model.MEANINGS_SCALE
    numbers = np.clip(model.numbers().fit_transform(design.numbers), -CLIP, CLIP) * model.NUMBERS_SCALE
    constant = np.full((len(examples), 1), model.CONSTANT_SCALE)
    inputs = np.hstack([*blocks, about, numbers, constant])
    place, mean = SCORES.index("missing"), targets[:, SCORES.index("missing")].mean()
    ridge = Ridge(alpha=model.PENALTY, fit_intercept=False).fit(inputs, targets[:, place] - mean)
    assert np.abs(stage.predict(design)[:, place] - mean - ridge.predict(inputs)).max() < 1e-3


def test_what_is_served_is_what_was_fitted(examples: tuple[Example, ...], design: Design, targets: np.ndarray):
    """The logits that serving looks up are those of the fitted stages, up to the precision of the exported weights."""
    stage, network = fit_both(examples, design, targets)
    scorer = Scorer(export(stage, network))
    served = np.array([scorer.verdict(parts_of(example.prompt)) for example in examples[::9]])
    fitted = network.predict(stage.inputs(design))[::9]
    assert np.abs(served - fitted).max() < 0.05
    for found, expected in zip(probabilities_of(served), probabilities_of(fitted), strict=True):
        assert np.abs(found - expected).max() < 0.01


def test_vectors_belong_to_words_of_the_ask(design: Design, targets: np.ndarray):
    """Only the block of words has them, they are at right angles, and the largest entry of each is above zero."""
    stage = fit_stage(design, targets)
    edges = np.searchsorted(stage.kept, block_bounds())
    inside = np.zeros(len(stage.kept), dtype=bool)
    inside[edges[WORDS] : edges[WORDS + 1]] = True
    assert not stage.vectors[~inside].any()
    used = stage.vectors[:, stage.vectors.any(axis=0)]
    assert 3 < used.shape[1] <= VECTORS
    assert np.allclose(used.T @ used, np.eye(used.shape[1]), atol=1e-6)
    assert (np.take_along_axis(used, np.abs(used).argmax(axis=0)[None], axis=0) > 0).all()


def test_held_out_scores_order_the_tiers(examples: tuple[Example, ...], design: Design, targets: np.ndarray):
    """What was learnt on four folds orders the fifth; vectors and numbers are those of the stage."""
    stage, inputs = fit_in_folds(design, targets, folds_of(examples, seed=1))
    tiers = np.array([int(example.tier or 0) for example in examples])
    means = [inputs[tiers == tier, 0].mean() for tier in range(3)]
    assert means[0] + 0.3 < means[1] < means[2] - 0.3
    assert np.allclose(inputs[:, len(SCORES) :], stage.inputs(design)[:, len(SCORES) :])


def test_held_out_scores_know_no_label_of_their_fold(
    examples: tuple[Example, ...], design: Design, targets: np.ndarray
):
    """Other labels in a fold leave its own scores as they are and move those of others."""
    folds = folds_of(examples, seed=1)
    inside, flipped = np.array(folds) == 0, targets.copy()
    flipped[inside, :3] = 2.0 - flipped[inside, :3]
    before, after = (fit_in_folds(design, one, folds)[1] for one in (targets, flipped))
    assert np.allclose(before[inside], after[inside], atol=1e-6)
    assert not np.allclose(before[~inside], after[~inside], atol=1e-3)


def test_own_rows_have_a_design_of_their_own_for_tiers(examples: tuple[Example, ...], targets: np.ndarray):
    """Own rows have held-out scores as well; what they say of everyone's tier differs from what other rows say."""
    renamed = [
        replace(example, source="own_x") if place % 3 == 0 else example for place, example in enumerate(examples)
    ]
    design, usual = design_of(renamed), design_of(examples)
    _, inputs = fit_in_folds(design, targets, folds_of(examples, seed=1))
    assert np.isfinite(inputs).all()
    tier, missing = SCORES.index("tier"), SCORES.index("missing")
    apart, shared = fit_stage(design, targets).predict(usual), fit_stage(usual, targets).predict(usual)
    assert not np.allclose(apart[:, tier], shared[:, tier], atol=1e-4)
    assert np.allclose(apart[:, missing], shared[:, missing], atol=1e-4)


def test_longer_is_harder_beyond_the_labels(design: Design, targets: np.ndarray):
    """The prior adds its slope for each unit of log length, whatever the labels say."""
    stage = fit_stage(design, targets)
    column = NUMBERS.index("log_ask_chars")
    flat = targets.copy()
    flat[:, :3] = 1.0
    slopes = fit_stage(design, flat).numbers[column] / stage.spread[column]
    assert slopes[: len(model.LENGTH_PRIOR)].tolist() == pytest.approx([*model.LENGTH_PRIOR.values()], abs=1e-3)


def test_a_score_without_labels_is_zero(design: Design, targets: np.ndarray):
    """A column of unknown labels gives a score of 0 and leaves the others as they are."""
    unknown = targets.copy()
    unknown[:, -1] = np.nan
    scores, whole = fit_stage(design, unknown).predict(design), fit_stage(design, targets).predict(design)
    others = len(SCORES) - len(DOMAINS)
    assert not scores[:, -1].any()
    assert np.allclose(scores[:, :others], whole[:, :others], atol=1e-4)


def test_training_and_serving_read_the_same_features(data_dir: Path):
    """For 300 real prompts, the matrix of training and the lookup of serving give the same scores."""
    examples = annotated(data_dir)[::27][:300]
    assert len(examples) > 290
    features = [extract(example.prompt) for example in examples]
    matrix = design_of(examples)
    stacked = stack(features)
    assert (matrix.counts != stacked.counts).nnz == 0
    assert np.array_equal(matrix.numbers, stacked.numbers)
    targets = targets_of(examples)
    stage, network = fit_both(examples, matrix, targets)
    scorer = Scorer(export(stage, network))
    served = np.array([scorer.verdict(parts_of(example.prompt)) for example in examples])
    assert np.abs(served - network.predict(stage.inputs(matrix))).max() < 0.1


def test_the_shipped_artifact_knows_its_training_prompts(data_dir: Path):
    """On prompts that it was trained on, the shipped artifact is right far more often than not."""
    classifier = load_classifier(DEFAULT_FOLDER)
    examples = [example for example in annotated(data_dir)[::23] if example.source != "sessions"]
    found = [classifier.assess(example.prompt, classifier.presets["balanced"]).tier for example in examples]
    right = sum(tier == example.tier for tier, example in zip(found, examples, strict=True))
    assert right / len(examples) > 0.7
