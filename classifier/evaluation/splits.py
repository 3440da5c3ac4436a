"""What every reported figure rests on: predictions for prompts that no fitted part has seen."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from classifier.evaluation.recipe import Fitted, Floats, Ints, Predicted, fit, joined, order
from classifier.prompt import Prompt
from classifier.training.dataset import FOLDS
from classifier.training.fit import Design, design_of
from classifier.training.labels import Example, is_own

SERVED = "as served"
SESSIONS = "sessions"
READINGS = ("last turn", "whole history")

COARSE = 2
"""Folds inside of a training run whose presets are not looked at: fewer than FOLDS, since there are many such runs."""

WORKERS = 2
"""Training runs at a time; each takes about 1 GB."""

Watch = Callable[[str], None]
T = TypeVar("T")
R = TypeVar("R")


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
) -> tuple[dict[str, Predicted], Fitted]:
    """Return what each row is told by a whole training run without its fold, and the run without the first fold.

    `readings` are the same prompts as they are served (SERVED, which is trained on) and otherwise; each is predicted.
    The run's own folds are the remaining ones: no label of a row's fold reaches any part of it. `watch` hears of each
    fold that is done.
    """
    design = readings[SERVED]
    parts: dict[str, list[tuple[Ints, Predicted]]] = {name: [] for name in readings}
    first: Fitted | None = None

    def run(fold: int) -> tuple[Ints, Fitted]:
        inside, outside, inner = divide(examples, folds, fold)
        return inside, fit([examples[row] for row in outside], design.at(outside), inner)

    for fold, (inside, fitted) in _at_once(run, sorted(set(folds))):
        first = first or fitted
        for name, reading in readings.items():
            parts[name].append((inside, fitted.predict(reading.at(inside))))
        watch(f"fold {fold + 1}")
    if first is None:
        raise ValueError("there are no examples to divide into folds")
    return {name: joined(found, len(examples)) for name, found in parts.items()}, first


def by_source(
    examples: Sequence[Example], design: Design, folds: Sequence[int], sources: Iterable[str], watch: Watch
) -> tuple[Floats, Floats]:
    """Return difficulty and P(missing) of each example by a model that saw nothing of its source; NaN elsewhere.

    A group that has a member in the source is left out of the training too. `watch` hears of each source.
    """
    difficulty, missing = np.full(len(examples), np.nan), np.full(len(examples), np.nan)
    groups = np.array([example.group for example in examples])
    names, place = np.array([example.source for example in examples]), np.asarray(folds) % COARSE

    def run(source: str) -> tuple[Ints, tuple[Floats, Floats]]:
        inside = np.flatnonzero(names == source)
        outside = np.flatnonzero(~np.isin(groups, groups[inside]) & (names != source))
        trained = [examples[row] for row in outside.tolist()]
        return inside, order(trained, design.at(outside), place[outside].tolist(), design.at(inside))

    for source, (inside, found) in _at_once(run, sources):
        difficulty[inside], missing[inside] = found
        watch(source)
    return difficulty, missing


def sessions_read_as(examples: Sequence[Example], folds: Sequence[int], kind: str) -> Floats:
    """Return the difficulty of session calls where only a part of each is read, in training too; NaN elsewhere.

    `kind` is one of READINGS, the last user turn alone or the whole history as one turn, or SERVED: all three by the
    same shorter training (no domains, coarse folds inside), for a kappa of so few calls differs by .03 between two.
    """
    changed = [reread(example, kind) if example.source == SESSIONS else example for example in examples]
    design = design_of(changed)
    difficulty = np.full(len(examples), np.nan)

    def run(fold: int) -> tuple[Ints, Floats]:
        inside, outside, inner = divide(examples, folds, fold)
        calls = np.array([row for row in inside.tolist() if examples[row].source == SESSIONS], dtype=np.int64)
        if not calls.size:
            return calls, np.empty(0)
        trained, coarse = [changed[row] for row in outside], [number % COARSE for number in inner]
        return calls, order(trained, design.at(outside), coarse, design.at(calls), tiers_only=True)[0]

    for _, (calls, found) in _at_once(run, sorted(set(folds))):
        difficulty[calls] = found
    return difficulty


def _at_once(run: Callable[[T], R], parts: Iterable[T]) -> Iterator[tuple[T, R]]:
    """Yield each part with what `run` returns of it, in their order, WORKERS at a time: most of a run holds no lock."""
    whole = list(parts)
    with ThreadPoolExecutor(WORKERS) as pool:
        yield from zip(whole, pool.map(run, whole), strict=True)


def reread(example: Example, kind: str) -> Example:
    """Return a conversation as it is served, as its last user turn alone, or as one turn that holds all of it."""
    turns = example.prompt.turns
    if kind == SERVED:
        return example
    if kind == "whole history":
        return replace(example, prompt=Prompt.of((("user", "\n".join(turn.text for turn in turns)),)))
    asks = [turn for turn in turns if turn.role == "user"]
    return replace(example, prompt=Prompt.of(asks[-1:] or turns[-1:]))


def where(examples: Sequence[Example], test: Callable[[Example], bool]) -> npt.NDArray[np.bool_]:
    """Return which examples pass a test."""
    return np.array([test(example) for example in examples], dtype=bool)
