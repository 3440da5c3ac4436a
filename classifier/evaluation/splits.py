"""What every reported figure rests on: predictions for prompts that no fitted part has seen."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from classifier.evaluation.recipe import Fitted, Floats, Ints, Predicted, fit, joined, order, order_of_tiers
from classifier.prompt import Prompt
from classifier.training.dataset import FOLDS
from classifier.training.fit import Design, design_of
from classifier.training.labels import Example, is_own

SERVED = "as served"
SESSIONS = "sessions"
READINGS = ("last turn", "whole history")

Watch = Callable[[str], None]


def is_tested(example: Example) -> bool:
    """Return whether an example may be tested on: it has a tier and is none of the project's own rows."""
    return example.tier is not None and not is_own(example)


def divide(examples: Sequence[Example], folds: Sequence[int], fold: int) -> tuple[Ints, Ints, list[int]]:
    """Return the rows that a fold tests, the rows it trains on, and the folds of the latter for calibration.

    Rows that are never tested are always trained on, except those of a family that is tested.
    """
    place, tested = np.asarray(folds), where(examples, is_tested)
    inside = np.flatnonzero((place == fold) & tested)
    families = {examples[row].group for row in inside.tolist()}
    apart = np.array([example.group not in families for example in examples])
    outside = np.flatnonzero(apart & (~tested | (place != fold)))
    inner = np.where(place[outside] == fold, (fold + 1) % FOLDS, place[outside])
    return inside, outside, [int(number) for number in inner]


def by_folds(
    examples: Sequence[Example],
    folds: Sequence[int],
    readings: Mapping[str, Design],
    watch: Watch,
    *,
    domains: bool = True,
) -> tuple[dict[str, Predicted], Fitted]:
    """Return what each row is told by a whole training run without its fold, and the run without the first fold.

    `readings` are the same prompts as they are served (SERVED, which is trained on) and otherwise; each is predicted.
    The run's own folds are the remaining ones: no label of a row's fold reaches any part of it. `watch` hears of each
    fold that is done; without `domains` those are not fitted.
    """
    design = readings[SERVED]
    parts: dict[str, list[tuple[Ints, Predicted]]] = {name: [] for name in readings}
    first: Fitted | None = None
    for fold in sorted(set(folds)):
        inside, outside, inner = divide(examples, folds, fold)
        fitted = fit([examples[row] for row in outside], design.at(outside), inner, domains=domains)
        first = first or fitted
        for name, reading in readings.items():
            parts[name].append((inside, fitted.predict(reading.at(inside))))
        watch(f"fold {fold + 1}")
    if first is None:
        raise ValueError("there are no examples to divide into folds")
    return {name: joined(found, len(examples)) for name, found in parts.items()}, first


def by_source(
    examples: Sequence[Example], design: Design, sources: Iterable[str], watch: Watch
) -> tuple[Floats, Floats]:
    """Return difficulty and P(missing) of each example by a model that saw nothing of its source; NaN elsewhere.

    A group that has a member in the source is left out of the training too. `watch` hears of each source.
    """
    difficulty, missing = np.full(len(examples), np.nan), np.full(len(examples), np.nan)
    groups = np.array([example.group for example in examples])
    names = np.array([example.source for example in examples])
    for source in sources:
        inside = np.flatnonzero(names == source)
        outside = np.flatnonzero(~np.isin(groups, groups[inside]) & (names != source))
        found = order([examples[row] for row in outside.tolist()], design.at(outside), design.at(inside))
        difficulty[inside], missing[inside] = found
        watch(source)
    return difficulty, missing


def sessions_read_as(examples: Sequence[Example], folds: Sequence[int], kind: str) -> Floats:
    """Return the difficulty of session calls where only a part of each is read, in training too; NaN elsewhere.

    `kind` is one of READINGS: the last user turn alone, or the whole history as one turn.
    """
    changed = [reread(example, kind) if example.source == SESSIONS else example for example in examples]
    design = design_of(changed)
    difficulty = np.full(len(examples), np.nan)
    for fold in sorted(set(folds)):
        inside, outside, _ = divide(examples, folds, fold)
        calls = np.array([row for row in inside.tolist() if examples[row].source == SESSIONS], dtype=np.int64)
        if calls.size:
            trained = [changed[row] for row in outside]
            difficulty[calls] = order_of_tiers(trained, design.at(outside), design.at(calls))
    return difficulty


def reread(example: Example, kind: str) -> Example:
    """Return a conversation as its last user turn alone, or as one turn that holds all of it."""
    turns = example.prompt.turns
    if kind == "whole history":
        return replace(example, prompt=Prompt.of((("user", "\n".join(turn.text for turn in turns)),)))
    asks = [turn for turn in turns if turn.role == "user"]
    return replace(example, prompt=Prompt.of(asks[-1:] or turns[-1:]))


def where(examples: Sequence[Example], test: Callable[[Example], bool]) -> npt.NDArray[np.bool_]:
    """Return which examples pass a test."""
    return np.array([test(example) for example in examples], dtype=bool)
