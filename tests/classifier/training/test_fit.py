from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from classifier import model
from classifier.assess import CLIP, DEFAULT_FOLDER, HEADS, SCORES, Scorer, load_classifier
from classifier.assessment import DOMAINS
from classifier.features import BLOCKS, block_bounds, extract, parts_of
from classifier.numbers import NUMBERS
from classifier.training.dataset import annotated, folds_of
from classifier.training.fit import (
    Design,
    design_of,
    export,
    fit_heads,
    fit_stage,
    out_of_fold,
    stack,
    targets_of,
)
from classifier.training.labels import Example
from classifier.training.run import probabilities_of


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


def test_two_fits_are_equal(design: Design, targets: np.ndarray):
    """Fitting twice gives the same arrays, bit for bit."""
    first, second = (
        export(fit_stage(design, targets), (np.zeros((len(SCORES), len(HEADS))), np.zeros(len(HEADS))))
        for _ in range(2)
    )
    assert all(first[name].tobytes() == second[name].tobytes() for name in first)


def test_exported_scores_equal_scikit_learn(examples: tuple[Example, ...], design: Design, targets: np.ndarray):
    """The lookup of serving gives what scikit-learn's own transformers and ridge regression predict."""
    stage = fit_stage(design, targets)
    edges = np.searchsorted(stage.kept, block_bounds())
    counts = design.counts[:, stage.kept]
    idf, blocks = model.words().fit(counts).idf_, []
    for place, name in enumerate(BLOCKS):
        inside = slice(edges[place], edges[place + 1])
        block = counts[:, inside].toarray()
        lengths = np.sqrt((block * idf[inside] ** 2).sum(axis=1, keepdims=True))
        blocks.append(block * idf[inside] * model.BLOCK_SCALES[name] / np.where(lengths > 0, lengths, 1))
    numbers = np.clip(model.numbers().fit_transform(design.numbers), -CLIP, CLIP) * model.NUMBERS_SCALE
    constant = np.full((len(examples), 1), model.CONSTANT_SCALE)
    inputs = np.hstack([*blocks, numbers, constant])
    place, mean = SCORES.index("missing"), targets[:, SCORES.index("missing")].mean()
    ridge = Ridge(alpha=model.PENALTY, fit_intercept=False).fit(inputs, targets[:, place] - mean)
    assert np.abs(stage.predict(design)[:, place] - mean - ridge.predict(inputs)).max() < 1e-3
    heads = fit_heads(stage.predict(design), targets)
    scorer = Scorer(export(stage, heads))
    served = np.stack([scorer.scores(extract(example.prompt)) for example in examples])
    assert np.abs(served - stage.predict(design)).max() < 5e-3
    mixed, _ = probabilities_of(np.stack([scorer.logits(row) for row in served]).astype(np.float64))
    wanted, _ = probabilities_of(stage.predict(design) @ heads[0] + heads[1])
    assert np.abs(mixed - wanted).max() < 0.02


def test_the_verdict_is_both_stages_at_once(examples: tuple[Example, ...], design: Design, targets: np.ndarray):
    """What serving looks up in one step are the logits of the second stage and the domains' scores of the first."""
    stage = fit_stage(design, targets)
    scorer = Scorer(export(stage, fit_heads(stage.predict(design), targets)))
    for example in examples[::9]:
        scores = scorer.scores(extract(example.prompt))
        expected = [*scorer.logits(scores).tolist(), *scores.tolist()[-len(DOMAINS) :]]
        assert np.allclose(scorer.verdict(parts_of(example.prompt)), expected, rtol=1e-3, atol=2e-3)


def test_heads_equal_predict_proba(design: Design, targets: np.ndarray):
    """The exported second stage gives scikit-learn's probabilities."""
    scores = fit_stage(design, targets).predict(design)
    mix, bias = fit_heads(scores, targets)
    place = HEADS.index("hard")
    inputs = scores[:, [SCORES.index(name) for name in ("tier", "medium", "hard")]]
    expected = model.head().fit(inputs, targets[:, SCORES.index("hard")] > 0).predict_proba(inputs)[:, 1]
    assert np.allclose(1 / (1 + np.exp(-(scores @ mix + bias)[:, place])), expected)


def test_held_out_scores_order_the_tiers(examples: tuple[Example, ...], design: Design, targets: np.ndarray):
    """What was learnt on four folds orders the fifth."""
    scores = out_of_fold(design, targets, folds_of(examples, seed=1))
    tiers = np.array([int(example.tier or 0) for example in examples])
    means = [scores[tiers == tier, 0].mean() for tier in range(3)]
    assert means[0] + 0.3 < means[1] < means[2] - 0.3


def test_another_reading_is_scored_but_not_fitted(examples: tuple[Example, ...], design: Design, targets: np.ndarray):
    """A changed reading changes the held-out scores, the same reading does not."""
    folds = folds_of(examples, seed=1)
    plain = out_of_fold(design, targets, folds)
    same = out_of_fold(design, targets, folds, read_as=design_of(examples))
    other = out_of_fold(design, targets, folds, read_as=design_of(examples[::-1]))
    assert np.array_equal(plain, same)
    assert not np.allclose(plain, other)


def test_own_rows_teach_but_are_not_calibrated_on(examples: tuple[Example, ...], targets: np.ndarray):
    """Own rows have no held-out scores, and what they say of everyone's tier differs from what other rows say."""
    renamed = [
        replace(example, source="own_x") if place % 3 == 0 else example for place, example in enumerate(examples)
    ]
    design, usual = design_of(renamed), design_of(examples)
    scores = out_of_fold(design, targets, folds_of(examples, seed=1))
    assert np.isnan(scores[design.own]).all()
    assert np.isfinite(scores[~design.own]).all()
    assert np.isfinite(fit_heads(scores, targets)[0]).all()
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
    stage = fit_stage(matrix, targets)
    scorer = Scorer(export(stage, fit_heads(stage.predict(matrix), targets)))
    served = np.stack([scorer.scores(found) for found in features])
    assert np.abs(served - stage.predict(matrix)).max() < 1e-2


def test_the_shipped_artifact_knows_its_training_prompts(data_dir: Path):
    """On prompts that it was trained on, the shipped artifact is right far more often than not."""
    classifier = load_classifier(DEFAULT_FOLDER)
    examples = [example for example in annotated(data_dir)[::23] if example.source != "sessions"]
    found = [classifier.assess(example.prompt, classifier.presets["balanced"]).tier for example in examples]
    right = sum(tier == example.tier for tier, example in zip(found, examples, strict=True))
    assert right / len(examples) > 0.7
