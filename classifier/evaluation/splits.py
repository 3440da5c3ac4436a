"""What every reported figure rests on: predictions for prompts that no fitted part has seen."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from classifier.assess import HEADS, SCORES
from classifier.assessment import DOMAINS
from classifier.prompt import Prompt
from classifier.training.fit import Design, design_of, fit_heads, fit_stage, out_of_fold, targets_of
from classifier.training.labels import Example
from classifier.training.presets import choose, tiers_at
from classifier.training.run import chosen_rows, probabilities_of

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
    """Return predictions of both stages and of the presets, each fitted or chosen without the row's fold."""
    targets = targets_of(examples)
    scores = out_of_fold(design, targets, folds)
    place = np.asarray(folds)
    logits = np.zeros((len(examples), len(HEADS)))
    for fold in sorted(set(folds)):
        mix, bias = fit_heads(scores[place != fold], targets[place != fold])
        logits[place == fold] = scores[place == fold] @ mix + bias
    probabilities, missing = probabilities_of(logits)
    tiers, flagged = _by_presets(examples, probabilities, missing, place)
    return Predicted(
        probabilities=probabilities,
        missing=missing,
        difficulty=difficulty_of(probabilities),
        domain=scores[:, -len(DOMAINS) :].argmax(axis=1),
        tiers=tiers,
        flagged=flagged,
    )


def _by_presets(
    examples: Sequence[Example], probabilities: Floats, missing: Floats, place: Ints
) -> tuple[dict[str, Ints], dict[str, npt.NDArray[np.bool_]]]:
    """Return the tiers and the missing-information flags of each preset, cut points chosen on the other folds."""
    levels = np.array([-1.0 if example.tier is None else float(example.tier) for example in examples])
    clear = np.array([example.ambiguity == 0 for example in examples])
    public = chosen_rows(examples)
    tiers: dict[str, Ints] = {}
    flagged: dict[str, npt.NDArray[np.bool_]] = {}
    for fold in sorted(set(place.tolist())):
        inside, fitting = place == fold, (place != fold) & public
        presets: dict[str, Any] = choose(probabilities[fitting], levels[fitting], missing[fitting], clear[fitting])
        for name, cuts in presets.items():
            found = tiers_at(probabilities, medium=cuts["medium"], hard=cuts["hard"])
            tiers.setdefault(name, np.zeros(len(examples), dtype=np.int64))[inside] = found[inside]
            flagged.setdefault(name, np.zeros(len(examples), dtype=bool))[inside] = (missing >= cuts["missing"])[inside]
    return tiers, flagged


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
