from dataclasses import replace

import numpy as np
import pytest

from classifier.assess import PRESETS
from classifier.assessment import DOMAINS
from classifier.evaluation.splits import by_folds, by_source, difficulty_of, sessions_read_as
from classifier.prompt import Prompt
from classifier.training.dataset import folds_of
from classifier.training.fit import design_of
from classifier.training.labels import Example


def test_every_row_is_predicted_by_others(examples: tuple[Example, ...]):
    """In a world where words say the tier, held-out predictions of tier, domain and missing are mostly right."""
    found = by_folds(examples, design_of(examples), folds_of(examples, seed=1))
    tiers = np.array([int(example.tier or 0) for example in examples])
    lacking = np.array([example.missing for example in examples])
    assert np.mean(found.tiers["balanced"] == tiers) > 0.9
    assert np.mean([DOMAINS[place] for place in found.domain] == np.array([e.domain for e in examples])) > 0.9
    assert found.missing[lacking].mean() > found.missing[~lacking].mean() + 0.5
    assert set(found.tiers) == set(found.flagged) == set(PRESETS)


def test_labels_of_a_fold_do_not_reach_its_predictions(examples: tuple[Example, ...]):
    """Changing the labels of one fold changes none of that fold's predictions."""
    folds, design = folds_of(examples, seed=1), design_of(examples)
    changed = tuple(
        replace(example, tier=type(example.tier)(2 - example.tier), missing=not example.missing, ambiguity=0)
        if fold == 0
        else example
        for example, fold in zip(examples, folds, strict=True)
    )
    inside = np.array(folds) == 0
    first, second = by_folds(examples, design, folds), by_folds(changed, design, folds)
    assert np.array_equal(first.probabilities[inside], second.probabilities[inside])
    assert np.array_equal(first.tiers["balanced"][inside], second.tiers["balanced"][inside])
    assert not np.array_equal(first.probabilities[~inside], second.probabilities[~inside])


def test_a_source_is_scored_without_itself(examples: tuple[Example, ...]):
    """Labels of a left-out source, and of families that reach into it, do not move its scores."""
    design = design_of(examples)
    flipped = tuple(
        replace(example, tier=type(example.tier)(2 - example.tier)) if example.source == "source 1" else example
        for example in examples
    )
    scores, _ = by_source(examples, design, ["source 1"])
    again, _ = by_source(flipped, design, ["source 1"])
    assert np.array_equal(scores, again, equal_nan=True)
    assert np.isnan(scores[[example.source != "source 1" for example in examples]]).all()


@pytest.mark.parametrize("kind", ["last_turn", "whole_history"])
def test_sessions_can_be_read_otherwise(examples: tuple[Example, ...], kind: str):
    """Only session calls are read otherwise, the rest keeps its scores."""
    turns = (("user", "prove a tight bound for trains"), ("tool", "say hello to rome"), ("user", "compare light"))
    calls = tuple(replace(example, source="sessions", prompt=Prompt.of(turns)) for example in examples[:20])
    mixed = (*calls, *examples[20:])
    folds, design = folds_of(mixed, seed=1), design_of(mixed)
    scores = sessions_read_as(mixed, design, folds, kind)
    other = sessions_read_as(mixed, design, folds, "last_turn" if kind == "whole_history" else "whole_history")
    assert np.array_equal(scores[20:], other[20:])
    assert not np.array_equal(scores[:20], other[:20])


def test_difficulty_is_the_expected_tier():
    """Certainly hard is 2, certainly medium 1."""
    assert difficulty_of(np.eye(3)).tolist() == [0.0, 1.0, 2.0]
