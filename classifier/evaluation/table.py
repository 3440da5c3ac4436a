"""The annotated prompts as columns with their held-out predictions, and figures of any part of them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from classifier.evaluation.recipe import Predicted
from classifier.evaluation.resampling import Interval, family_weights, gain
from classifier.evaluation.scores import Ranking, ranking, tiering
from classifier.evaluation.splits import SESSIONS, is_tested, where
from classifier.training.labels import Example

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

LENGTH_BANDS = ((0, 60), (60, 150), (150, 400), (400, 1500), (1500, 10**9))
SMALLEST = 20
"""Fewer prompts than this are no group of their own."""

CUT = "balanced"
"""The preset whose tiers are shown where only one can be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """One group of prompts: how a score orders it, how length does, and by how much more with 95 % confidence.

    `gain_easy` and `gain_hard` are None where a class is absent; `macro_f1` and the shares of wrong tiers belong to the
    balanced preset and are None where no tiers were cut.
    """

    name: str
    model: Ranking
    length: Ranking
    gain_easy: Interval | None
    gain_hard: Interval | None
    macro_f1: float | None = None
    hard_called_easy: float | None = None
    easy_called_hard: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Examples as columns. `prompts` marks what is tested and no session call, `calls` the session calls."""

    examples: tuple[Example, ...]
    tiers: Ints
    length: Floats
    groups: tuple[str, ...]
    prompts: Mask
    calls: Mask
    lacking: Mask
    clear: Mask
    draws: int

    def where(self, test: Callable[[Example], bool]) -> Mask:
        """Return which tested prompts pass a test."""
        return self.prompts & where(self.examples, test)

    def parts(self) -> dict[str, Mask]:
        """Return the tested prompts: all, those of real people and public sets, those written for this."""
        public = self.where(lambda example: example.public)
        return {"all": self.prompts, "public": public, "written": self.prompts & ~public}

    def slice(self, name: str, rows: Mask, difficulty: Floats, tiers: Ints | None = None) -> Slice:
        """Return the figures of some rows for a score and, if given, for cut tiers."""
        labels, score, length = self.tiers[rows], difficulty[rows], self.length[rows]
        groups = [group for group, taken in zip(self.groups, rows, strict=True) if taken]
        weights = family_weights(groups, draws=self.draws, seed=0)
        cut = None if tiers is None else tiering(tiers[rows], labels)
        return Slice(
            name=name,
            model=ranking(score, labels),
            length=ranking(length, labels),
            gain_easy=gain(score, length, labels > 0, weights),
            gain_hard=gain(score, length, labels == 2, weights),
            macro_f1=None if cut is None else cut.macro_f1,
            hard_called_easy=cut.hard_called_easy if cut is not None and (labels == 2).any() else None,
            easy_called_hard=cut.easy_called_hard if cut is not None and (labels == 0).any() else None,
        )

    def by_key(self, key: Callable[[Example], str], difficulty: Floats, tiers: Ints | None = None) -> tuple[Slice, ...]:
        """Return the figures of each group of at least SMALLEST tested prompts that share a key."""
        names = np.array([key(example) for example in self.examples])
        groups = [(name, self.prompts & (names == name)) for name in sorted(set(names[self.prompts].tolist()))]
        return tuple(self.slice(name, rows, difficulty, tiers) for name, rows in groups if rows.sum() >= SMALLEST)


def table_of(examples: tuple[Example, ...], *, draws: int) -> Table:
    """Return examples as columns; intervals are of `draws` samples."""
    tested = where(examples, is_tested)
    calls = where(examples, lambda example: example.source == SESSIONS)
    return Table(
        examples=examples,
        tiers=np.array([int(example.tier or 0) for example in examples]),
        length=np.log1p([float(len(example.prompt.turns[-1].text)) for example in examples]),
        groups=tuple(example.group for example in examples),
        prompts=tested & ~calls,
        calls=tested & calls,
        lacking=where(examples, lambda example: example.missing),
        clear=where(examples, lambda example: example.ambiguity == 0),
        draws=draws,
    )


def band(example: Example) -> str:
    """Return the length band of a prompt's last turn, in characters, sortable as text."""
    size = len(example.prompt.turns[-1].text)
    low, high = next((low, high) for low, high in LENGTH_BANDS if low <= size < high)
    return f"{low:>5} to {high - 1} characters" if high < 10**9 else f"{low:>5} characters and more"


def slices(table: Table, predicted: Predicted) -> dict[str, tuple[Slice, ...]]:
    """Return the figures by source, language, length and domain."""
    tiers, difficulty = predicted.tiers[CUT], predicted.difficulty
    return {
        "source": table.by_key(lambda example: example.source, difficulty, tiers),
        "language": table.by_key(lambda example: example.language, difficulty, tiers),
        "length": table.by_key(band, difficulty, tiers),
        "domain": table.by_key(lambda example: str(example.domain), difficulty, tiers),
    }
