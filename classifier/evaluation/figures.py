"""All figures of the card, computed from held-out predictions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from classifier.assess import PRESETS, load_classifier
from classifier.assessment import DOMAINS
from classifier.evaluation.latency import Latency, latencies
from classifier.evaluation.routing import Transfer, transfer
from classifier.evaluation.scores import Ranking, Tiering, auc, calibration_error, interval, ranking, tiering
from classifier.evaluation.splits import Predicted, by_folds, by_source, sessions_read_as
from classifier.training.dataset import annotated, folds_of
from classifier.training.fit import Design, design_of
from classifier.training.labels import Example

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Step = Callable[[str], None]

STEPS = ("features", "folds", "left-out sources", "sessions", "transfer", "latency")
_RESAMPLES = 200
_LENGTH_BANDS = ((0, 60), (60, 150), (150, 400), (400, 1500), (1500, 10**9))


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """One group of prompts: how the model orders it, how length does, and macro-F1 of the balanced preset."""

    name: str
    model: Ranking
    length: Ranking
    macro_f1: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """Missing-information flags of a preset: precision, recall, and the share of clear prompts flagged."""

    precision: float
    recall: float
    false: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Everything the card says. Intervals are 95 % by resampling prompts: AUC easy, AUC hard."""

    overall: tuple[Slice, ...]
    slices: dict[str, tuple[Slice, ...]]
    model_interval: tuple[tuple[float, float], tuple[float, float]]
    length_interval: tuple[tuple[float, float], tuple[float, float]]
    calibration: dict[str, float]
    presets: dict[str, dict[str, Tiering]]
    flags: dict[str, dict[str, Flags]]
    missing: dict[str, tuple[float | None, float | None]]
    false_at_half: float
    domain_accuracy: dict[str, float]
    left_out: tuple[Slice, ...]
    left_out_missing: float | None
    sessions: dict[str, Ranking]
    transfer: Transfer
    latency: tuple[Latency, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The annotated prompts as columns, with their held-out predictions."""

    examples: tuple[Example, ...]
    tiers: npt.NDArray[np.int64]
    length: Floats
    predicted: Predicted
    prompts: Mask

    def slice(self, name: str, rows: Mask, difficulty: Floats | None = None) -> Slice:
        """Return the figures of some rows, for the out-of-fold difficulty or another one."""
        score = self.predicted.difficulty if difficulty is None else difficulty
        return Slice(
            name=name,
            model=ranking(score[rows], self.tiers[rows]),
            length=ranking(self.length[rows], self.tiers[rows]),
            macro_f1=tiering(self.predicted.tiers["balanced"][rows], self.tiers[rows]).macro_f1,
        )

    def where(self, test: Callable[[Example], bool]) -> Mask:
        """Return which annotated prompts (no session calls) pass a test."""
        found: Mask = self.prompts & np.array([test(example) for example in self.examples])
        return found


def evaluate(data_dir: Path, folder: Path, *, seed: int, step: Step) -> Figures:
    """Compute all figures for the training recipe and the artifact in `folder`; `step` hears of each of STEPS."""
    examples = annotated(data_dir)
    design = design_of(examples)
    step(STEPS[0])
    folds = folds_of(examples, seed=seed)
    table = _table(examples, by_folds(examples, design, folds))
    step(STEPS[1])
    sources = sorted({example.source for example in examples} - {"sessions"})
    left_out, left_out_missing = by_source(examples, design, sources)
    step(STEPS[2])
    sessions = _sessions(table, design, folds)
    step(STEPS[3])
    moved = transfer(data_dir, examples, design)
    step(STEPS[4])
    times = latencies(load_classifier(folder))
    step(STEPS[5])
    return Figures(
        **_held_out(table),
        left_out=_left_out(table, left_out, sources),
        left_out_missing=auc(left_out_missing[table.prompts], _lacking(table)[table.prompts]),
        sessions=sessions,
        transfer=moved,
        latency=times,
    )


def _held_out(table: Table) -> dict[str, Any]:
    """Return the fields of Figures that come from the five folds alone."""
    public, written = table.where(lambda example: example.public), table.where(lambda example: not example.public)
    parts = {"all": table.prompts, "public": public, "written": written}
    lacking, predicted = _lacking(table), table.predicted
    return {
        "overall": tuple(table.slice(name, rows) for name, rows in parts.items()),
        "slices": _slices(table),
        "model_interval": _intervals(predicted.difficulty[table.prompts], table.tiers[table.prompts]),
        "length_interval": _intervals(table.length[table.prompts], table.tiers[table.prompts]),
        "calibration": {
            name: calibration_error(predicted.probabilities[rows], table.tiers[rows]) for name, rows in parts.items()
        },
        "presets": {name: {part: _tiering(table, name, rows) for part, rows in parts.items()} for name in PRESETS},
        "flags": {name: {part: _flags(table, name, rows) for part, rows in parts.items()} for name in PRESETS},
        "missing": {
            name: (auc(predicted.missing[rows], lacking[rows]), auc(-table.length[rows], lacking[rows]))
            for name, rows in parts.items()
        },
        "false_at_half": _false_at_half(table),
        "domain_accuracy": {name: _domain_accuracy(table, rows) for name, rows in parts.items()},
    }


def _lacking(table: Table) -> Mask:
    return np.array([example.missing for example in table.examples])


def _table(examples: tuple[Example, ...], predicted: Predicted) -> Table:
    return Table(
        examples=examples,
        tiers=np.array([int(example.tier or 0) for example in examples]),
        length=np.log1p([float(sum(len(turn.text) for turn in example.prompt.turns[-1:])) for example in examples]),
        predicted=predicted,
        prompts=np.array([example.source != "sessions" for example in examples]),
    )


def _slices(table: Table) -> dict[str, tuple[Slice, ...]]:
    """Return the figures by source, language, length and domain, for groups of at least 20 prompts."""
    keys: dict[str, Callable[[Example], str]] = {
        "source": lambda example: example.source,
        "language": lambda example: example.language,
        "length": _band,
        "domain": lambda example: str(example.domain),
    }
    found: dict[str, tuple[Slice, ...]] = {}
    for kind, key in keys.items():
        names = np.array([key(example) for example in table.examples])
        groups = ((name, table.prompts & (names == name)) for name in sorted(set(names.tolist())))
        found[kind] = tuple(table.slice(name, rows) for name, rows in groups if rows.sum() >= 20)
    return found


def _band(example: Example) -> str:
    size = len(example.prompt.turns[-1].text)
    low, high = next((low, high) for low, high in _LENGTH_BANDS if low <= size < high)
    return f"{low:>5} to {high - 1} characters" if high < 10**9 else f"{low:>5} characters and more"


def _intervals(score: Floats, tiers: npt.NDArray[np.int64]) -> tuple[tuple[float, float], tuple[float, float]]:
    random = np.random.default_rng(0)
    easy, hard = [], []
    for _ in range(_RESAMPLES):
        rows = random.integers(len(tiers), size=len(tiers))
        easy.append(auc(score[rows], tiers[rows] > 0) or 0.0)
        hard.append(auc(score[rows], tiers[rows] == 2) or 0.0)
    return interval(easy), interval(hard)


def _tiering(table: Table, preset: str, rows: Mask) -> Tiering:
    return tiering(table.predicted.tiers[preset][rows], table.tiers[rows])


def _flags(table: Table, preset: str, rows: Mask) -> Flags:
    flagged = table.predicted.flagged[preset] & rows
    lacking = rows & _lacking(table)
    clear = rows & np.array([example.ambiguity == 0 for example in table.examples])
    right = float((flagged & lacking).sum())
    return Flags(
        precision=right / max(1.0, float(flagged.sum())),
        recall=right / max(1.0, float(lacking.sum())),
        false=float((flagged & clear).sum()) / max(1.0, float(clear.sum())),
    )


def _false_at_half(table: Table) -> float:
    """Return the share of clear prompts above the cut that finds half of those that lack something."""
    lacking = table.where(lambda example: example.missing)
    clear = table.where(lambda example: example.ambiguity == 0)
    cut = np.median(table.predicted.missing[lacking])
    return float(np.mean(table.predicted.missing[clear] >= cut))


def _domain_accuracy(table: Table, rows: Mask) -> float:
    right = [
        DOMAINS[found] == example.domain for found, example in zip(table.predicted.domain, table.examples, strict=True)
    ]
    return float(np.mean(np.array(right)[rows]))


def _left_out(table: Table, difficulty: Floats, sources: Sequence[str]) -> tuple[Slice, ...]:
    names = np.array([example.source for example in table.examples])
    return (
        table.slice("all, pooled", table.prompts, difficulty),
        *(table.slice(source, table.prompts & (names == source), difficulty) for source in sources),
    )


def _sessions(table: Table, design: Design, folds: Sequence[int]) -> dict[str, Ranking]:
    """Return how well session calls are ordered by what is read, and by what else could be read."""
    rows = ~table.prompts
    return {
        "as served": ranking(table.predicted.difficulty[rows], table.tiers[rows]),
        **{
            kind.replace("_", " "): ranking(
                sessions_read_as(table.examples, design, folds, kind)[rows], table.tiers[rows]
            )
            for kind in ("last_turn", "whole_history")
        },
        "length of the last turn": ranking(table.length[rows], table.tiers[rows]),
    }
