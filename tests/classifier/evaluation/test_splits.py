from dataclasses import replace

import numpy as np
import pytest

from classifier.evaluation.splits import (
    READINGS,
    SERVED,
    SESSIONS,
    by_folds,
    by_source,
    divide,
    is_tested,
    reread,
    sessions_read_as,
    where,
)
from classifier.prompt import Prompt
from classifier.training.dataset import folds_of
from classifier.training.fit import design_of
from classifier.training.labels import OWN, Example


def _ignore(_name: str) -> None:
    """Hear of progress and do nothing."""


def _flipped(example: Example) -> Example:
    return replace(example, tier=type(example.tier)(2 - example.tier), missing=not example.missing)


def test_own_rows_are_trained_on_and_not_tested(examples: tuple[Example, ...]):
    """Own rows and rows without a tier stand outside of every fold's test, and inside of its training."""
    mixed = tuple(
        replace(example, source=f"{OWN}math", group=example.id)
        if place % 5 == 0
        else replace(example, tier=None, group=example.id)
        if place % 5 == 1
        else example
        for place, example in enumerate(examples)
    )
    folds = folds_of(mixed, seed=1)
    tested: list[int] = []
    for fold in sorted(set(folds)):
        inside, outside, inner = divide(mixed, folds, fold)
        assert all(is_tested(mixed[row]) for row in inside)
        assert {row for row in range(len(mixed)) if not is_tested(mixed[row])} <= set(outside.tolist())
        assert not {mixed[row].group for row in inside} & {mixed[row].group for row in outside}
        assert len(inner) == len(outside)
        assert fold not in inner
        tested += inside.tolist()
    assert sorted(tested) == np.flatnonzero(where(mixed, is_tested)).tolist()


def test_an_own_row_of_a_tested_family_is_left_out(examples: tuple[Example, ...]):
    """A near-duplicate of a tested prompt is not trained on, although it is an own row."""
    twin = replace(examples[0], id="twin", source=f"{OWN}math")
    mixed = (*examples, twin)
    folds = folds_of(mixed, seed=1)
    inside, outside, _ = divide(mixed, folds, folds[0])
    assert 0 in inside
    assert len(examples) not in outside


def test_labels_of_a_fold_do_not_reach_its_predictions(examples: tuple[Example, ...]):
    """Changing the labels of one fold changes none of that fold's predictions."""
    folds, design = folds_of(examples, seed=1), design_of(examples)
    changed = tuple(_flipped(example) if fold == 0 else example for example, fold in zip(examples, folds, strict=True))
    inside = np.array(folds) == 0
    heard: list[str] = []
    (first, _), (second, _) = (by_folds(found, folds, {SERVED: design}, heard.append) for found in (examples, changed))
    one, other = first[SERVED], second[SERVED]
    assert np.array_equal(one.probabilities[inside], other.probabilities[inside])
    assert np.array_equal(one.tiers["balanced"][inside], other.tiers["balanced"][inside])
    assert not np.array_equal(one.probabilities[~inside], other.probabilities[~inside])
    assert heard[:5] == [f"fold {number}" for number in range(1, 6)]


def test_readings_are_predicted_by_the_same_run(examples: tuple[Example, ...]):
    """Another reading changes what is said, not what is trained; the first run has not seen the first fold."""
    folds, design = folds_of(examples, seed=1), design_of(examples)
    empty = design_of([replace(example, prompt=Prompt.of((("user", ""),))) for example in examples])
    found, first = by_folds(examples, folds, {SERVED: design, "again": design, "nothing": empty}, _ignore)
    assert np.array_equal(found[SERVED].probabilities, found["again"].probabilities)
    assert len(np.unique(found["nothing"].probabilities.round(9), axis=0)) <= 5
    inside = np.flatnonzero(np.array(folds) == 0)
    assert np.allclose(first.predict(design.at(inside)).probabilities, found[SERVED].probabilities[inside])


def test_without_examples_there_are_no_folds():
    """Nothing to divide is an error."""
    with pytest.raises(ValueError, match="no examples"):
        by_folds((), (), {SERVED: None}, _ignore)  # type: ignore[dict-item]  # nothing is read of it


def test_a_source_is_scored_without_itself(examples: tuple[Example, ...]):
    """Labels of a left-out source, and of families that reach into it, do not move its scores."""
    design, folds = design_of(examples), folds_of(examples, seed=1)
    flipped = tuple(_flipped(example) if example.source == "source 1" else example for example in examples)
    scores, missing = by_source(examples, design, folds, ["source 1"], _ignore)
    again, _ = by_source(flipped, design, folds, ["source 1"], _ignore)
    outside = [example.source != "source 1" for example in examples]
    assert np.array_equal(scores, again, equal_nan=True)
    assert np.isnan(scores[outside]).all()
    assert np.isfinite(missing[~np.array(outside)]).all()


@pytest.mark.parametrize("kind", [SERVED, *READINGS])
def test_sessions_can_be_read_otherwise(examples: tuple[Example, ...], kind: str):
    """Only session calls are scored, and what is read of them decides."""
    turns = (("user", "prove a tight bound for trains"), ("tool", "say hello to rome"), ("user", "compare light"))
    calls = tuple(replace(example, source=SESSIONS, prompt=Prompt.of(turns)) for example in examples[:20])
    mixed = (*calls, *examples[20:])
    folds = folds_of(mixed, seed=1)
    scores = sessions_read_as(mixed, folds, kind)
    other = sessions_read_as(mixed, folds, next(name for name in READINGS if name != kind))
    assert np.isnan(scores[20:]).all()
    assert np.isfinite(scores[:20]).all()
    assert not np.array_equal(scores[:20], other[:20])


def test_what_a_reading_holds(examples: tuple[Example, ...]):
    """All of it as it is, the last user turn alone, or everything as one turn."""
    told = replace(examples[0], prompt=Prompt.of((("user", "a"), ("tool", "b"), ("user", "c"), ("tool", "d"))))
    assert reread(told, SERVED) == told
    assert [turn.text for turn in reread(told, "last turn").prompt.turns] == ["c"]
    assert [turn.text for turn in reread(told, "whole history").prompt.turns] == ["a\nb\nc\nd"]
