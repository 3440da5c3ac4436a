"""Figures of the five folds: presets, calibration, missing information, domains, robustness, templates."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from classifier.assess import PRESETS
from classifier.assessment import DOMAINS
from classifier.evaluation.recipe import Predicted
from classifier.evaluation.resampling import Interval, family_weights, interval
from classifier.evaluation.scores import (
    Bin,
    Finding,
    Tiering,
    auc,
    calibration_error,
    confusion,
    finding,
    reliability,
    tiering,
)
from classifier.evaluation.table import CUT, Table

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

TEMPLATES = "templates stripped"
"""The name of the reading in which benchmarks' marks are taken away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """Missing-information flags of a preset: precision, recall, and the share of clear prompts flagged."""

    precision: float
    recall: float
    false: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """How a change of the prompts moves tiers, as shares of `prompts`: any move, up, down."""

    name: str
    prompts: int
    flipped: float
    raised: float
    lowered: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """Benchmark prompts with their templates and without: accuracy and areas of each, intervals of the differences."""

    prompts: int
    accuracy: tuple[float, float]
    accuracy_change: Interval
    auc_easy: tuple[float | None, float | None]
    auc_hard: tuple[float | None, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOut:
    """What the five folds show; the keys are parts of the prompts (all, public, written) and presets."""

    presets: Mapping[str, Mapping[str, Tiering]]
    flags: Mapping[str, Mapping[str, Flags]]
    missing: Mapping[str, Finding]
    shortness: Mapping[str, float | None]
    calibration: Mapping[str, float]
    reliability: tuple[Bin, ...]
    confusion: tuple[tuple[int, ...], ...]
    domain_accuracy: Mapping[str, float]
    flips: tuple[Flip, ...]
    guard: Guard | None


def held_out(table: Table, readings: Mapping[str, Predicted], served: Predicted) -> HeldOut:
    """Return the figures of the served reading, and of how the others differ from it."""
    parts = table.parts()
    return HeldOut(
        presets={
            name: {part: tiering(served.tiers[name][rows], table.tiers[rows]) for part, rows in parts.items()}
            for name in PRESETS
        },
        flags={name: {part: _flags(table, served, name, rows) for part, rows in parts.items()} for name in PRESETS},
        missing={part: missing_found(table, served.missing, rows) for part, rows in parts.items()},
        shortness={part: auc(-table.length[rows], table.lacking[rows]) for part, rows in parts.items()},
        calibration={
            part: calibration_error(served.probabilities[rows], table.tiers[rows]) for part, rows in parts.items()
        },
        reliability=reliability(served.probabilities[table.prompts], table.tiers[table.prompts]),
        confusion=confusion(served.tiers[CUT][table.prompts], table.tiers[table.prompts]),
        domain_accuracy={part: _domain_accuracy(table, served, rows) for part, rows in parts.items()},
        flips=tuple(
            _flip(name, served, changed, table.prompts) for name, changed in readings.items() if name != TEMPLATES
        ),
        guard=_guard(table, served, readings[TEMPLATES]) if TEMPLATES in readings else None,
    )


def missing_found(table: Table, missing: Floats, rows: Mask) -> Finding:
    """Return how well a score finds the prompts among `rows` that lack something."""
    return finding(missing[rows], table.lacking[rows], table.clear[rows])


def _flags(table: Table, served: Predicted, preset: str, rows: Mask) -> Flags:
    flagged, lacking, clear = served.flagged[preset] & rows, rows & table.lacking, rows & table.clear
    right = float((flagged & lacking).sum())
    return Flags(
        precision=right / max(1.0, float(flagged.sum())),
        recall=right / max(1.0, float(lacking.sum())),
        false=float((flagged & clear).sum()) / max(1.0, float(clear.sum())),
    )


def _domain_accuracy(table: Table, served: Predicted, rows: Mask) -> float:
    right = [DOMAINS[found] == example.domain for found, example in zip(served.domain, table.examples, strict=True)]
    return float(np.mean(np.array(right)[rows]))


def _flip(name: str, served: Predicted, changed: Predicted, rows: Mask) -> Flip:
    before, after = served.tiers[CUT][rows], changed.tiers[CUT][rows]
    return Flip(
        name=name,
        prompts=int(rows.sum()),
        flipped=float(np.mean(before != after)),
        raised=float(np.mean(after > before)),
        lowered=float(np.mean(after < before)),
    )


def _guard(table: Table, served: Predicted, bare: Predicted) -> Guard | None:
    """Return the figures of the public prompts whose reading changed; None when there are none."""
    rows = table.parts()["public"] & (bare.probabilities != served.probabilities).any(axis=1)
    if not rows.any():
        return None
    tiers = table.tiers[rows]
    before, after = (found.tiers[CUT][rows] == tiers for found in (served, bare))
    groups = [group for group, taken in zip(table.groups, rows, strict=True) if taken]
    weights = family_weights(groups, draws=table.draws, seed=0)
    change = (weights * (after.astype(float) - before)).sum(axis=1) / weights.sum(axis=1)
    easy, hard = (
        (auc(served.difficulty[rows], positive), auc(bare.difficulty[rows], positive))
        for positive in (tiers > 0, tiers == 2)
    )
    return Guard(
        prompts=int(rows.sum()),
        accuracy=(float(before.mean()), float(after.mean())),
        accuracy_change=interval(change),
        auc_easy=easy,
        auc_hard=hard,
    )
