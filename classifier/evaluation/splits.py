"""What every reported figure rests on: predictions for prompts that no fitted part has seen."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from classifier.assess import HEADS, PRESETS, SCORES
from classifier.assessment import DOMAINS
from classifier.prompt import Prompt
from classifier.training.fit import Design, design_of, fit_heads, fit_stage, out_of_fold, targets_of
from classifier.training.labels import Example
from classifier.training.presets import tiers_at
from classifier.training.run import presets_of, probabilities_of

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Predicted:
    """Held-out predictions, a row an example: probabilities, P(missing), difficulty score, domain, tiers by preset."""

    probabilities: Floats
    missing: Floats
    difficulty: Floats
    domain: Ints
    tiers: dict[str, Ints]
    flagged: dict[str, npt.NDArray[np.bool_]]


def by_folds(examples: Sequence[Example], design: Design, folds: Sequence[int]) -> Predicted:
    """Return what each row is told by a whole training run without its fold: stages, calibration and presets.

    The run's own folds are the remaining ones, so that no label of the row's fold reaches any part of it.
    """
    targets, place = targets_of(examples), np.asarray(folds)
    logits, domain = np.zeros((len(examples), len(HEADS))), np.zeros(len(examples), dtype=np.int64)
    tiers = {name: np.zeros(len(examples), dtype=np.int64) for name in PRESETS}
    flagged = {name: np.zeros(len(examples), dtype=bool) for name in PRESETS}
    for fold in sorted(set(folds)):
        inside, outside = np.flatnonzero(place == fold), np.flatnonzero(place != fold)
        (mix, bias), presets = _calibrated(examples, design, targets, outside, place)
        scores = fit_stage(design.at(outside), targets[outside]).predict(design.at(inside))
        logits[inside] = scores @ mix + bias
        domain[inside] = scores[:, -len(DOMAINS) :].argmax(axis=1)
        probabilities, missing = probabilities_of(logits[inside])
        for name, cuts in presets.items():
            tiers[name][inside] = tiers_at(probabilities, medium=cuts["medium"], hard=cuts["hard"])
            flagged[name][inside] = missing >= cuts["missing"]
    probabilities, missing = probabilities_of(logits)
    return Predicted(
        probabilities=probabilities,
        missing=missing,
        difficulty=difficulty_of(probabilities),
        domain=domain,
        tiers=tiers,
        flagged=flagged,
    )


def _calibrated(
    examples: Sequence[Example], design: Design, targets: Floats, rows: Ints, place: Ints
) -> tuple[tuple[Floats, Floats], dict[str, Any]]:
    """Return the second stage and the presets as a training run on `rows` alone finds them."""
    known = targets[rows].copy()
    known[:, -len(DOMAINS) :] = np.nan
    scores = out_of_fold(design.at(rows), known, place[rows].tolist())
    mix, bias = fit_heads(scores, known)
    return (mix, bias), presets_of([examples[row] for row in rows], scores @ mix + bias)


def by_source(examples: Sequence[Example], design: Design, sources: Iterable[str]) -> tuple[Floats, Floats]:
    """Return difficulty and P(missing) of each example by a model that saw nothing of its source; NaN elsewhere.

    The sources share no family: a group that has a member in the source is left out of the training too.
    """
    targets = targets_of(examples)
    targets[:, -len(DOMAINS) :] = np.nan
    difficulty, missing = np.full(len(examples), np.nan), np.full(len(examples), np.nan)
    groups = np.array([example.group for example in examples])
    names = np.array([example.source for example in examples])
    for source in sources:
        inside = np.flatnonzero(names == source)
        outside = np.flatnonzero(~np.isin(groups, groups[inside]) & (names != source))
        scores = fit_stage(design.at(outside), targets[outside]).predict(design.at(inside))
        difficulty[inside] = scores[:, SCORES.index("tier")]
        missing[inside] = scores[:, SCORES.index("missing")]
    return difficulty, missing


def sessions_read_as(examples: Sequence[Example], design: Design, folds: Sequence[int], kind: str) -> Floats:
    """Return the difficulty of session calls when only a part is read: `last_turn` or `whole_history` as one turn."""
    changed = [_reread(example, kind) if example.source == "sessions" else example for example in examples]
    targets = targets_of(examples)
    targets[:, 1:] = np.nan
    scores = out_of_fold(design, targets, folds, read_as=design_of(changed))
    column: Floats = scores[:, SCORES.index("tier")]
    return column


def _reread(example: Example, kind: str) -> Example:
    turns = example.prompt.turns
    if kind == "whole_history":
        return replace(example, prompt=Prompt.of((("user", "\n".join(turn.text for turn in turns)),)))
    asks = [turn for turn in turns if turn.role == "user"]
    return replace(example, prompt=Prompt.of(asks[-1:] or turns[-1:]))


def difficulty_of(probabilities: Floats) -> Floats:
    """Return the expected tier, 0..2: the one number that orders prompts."""
    return np.asarray(probabilities[:, 1] + 2.0 * probabilities[:, 2])
