"""Labelled prompts as arrays, and what cut points do to them: shares, loss, cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from classifier.thresholds import Thresholds
from classifier.tier import Tier

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

Number = TypeVar("Number", bound=np.generic)

TIERS = len(Tier)


class Cuts(NamedTuple):
    """Where medium and hard begin: P(medium or hard) from which a prompt is medium, P(hard) from which it is hard."""

    medium: float
    hard: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """n prompts; every array has a row each and a column a tier, easy first.

    `probabilities` are P(easy), P(medium), P(hard). `served` is the tier 0..2 in which a prompt that is assessed as the
    column's tier is served: a route may raise what the classifier doubts. `losses` is what is lost, in 0..1, by serving
    the prompt in the column's tier, `graded` says that they are more than 0 and 1; None without labels. `costs` is what
    serving it there is expected to cost, in any one currency, NaN where no price is known; None without prices.
    """

    probabilities: Floats
    served: Ints
    losses: Floats | None = None
    graded: bool = True
    costs: Floats | None = None

    def __post_init__(self) -> None:
        """Refuse arrays of other shapes, no prompt at all, and losses outside 0..1 (ValueError)."""
        shape = (len(self.probabilities), TIERS)
        for name in ("probabilities", "served", "losses", "costs"):
            array = getattr(self, name)
            if array is not None and array.shape != shape:
                raise ValueError(f"'{name}' has the shape {array.shape}, not {shape}")
        if not len(self):
            raise ValueError("a sample has at least one prompt")
        if self.losses is not None and not ((self.losses >= 0) & (self.losses <= 1)).all():
            raise ValueError("a loss lies between 0 and 1")
        if self.losses is not None and not self.graded and not np.isin(self.losses, (0.0, 1.0)).all():
            raise ValueError("losses that are not graded are 0 or 1")

    def __len__(self) -> int:
        return len(self.probabilities)

    def tiers(self, cuts: Cuts) -> Ints:
        """Return the tier 0..2 in which each prompt is served at `cuts`."""
        return _of_each(self.served, assessed(self.probabilities, cuts))

    def losses_at(self, cuts: Cuts) -> Floats:
        """Return what is lost on each prompt at `cuts`; ValueError without labels."""
        if self.losses is None:
            raise ValueError("the prompts have no labels, so nothing is known of losses")
        return _of_each(self.losses, self.tiers(cuts))

    def costs_at(self, cuts: Cuts) -> Floats:
        """Return what each prompt costs at `cuts`, NaN where that is not known; ValueError without prices."""
        if self.costs is None:
            raise ValueError("nothing is known of costs")
        return _of_each(self.costs, self.tiers(cuts))

    def share(self, tier: Tier, cuts: Cuts) -> float:
        """Return the share of the prompts that are served in `tier` at `cuts`."""
        return float(np.mean(self.tiers(cuts) == tier))


def assessed(probabilities: Floats, cuts: Cuts) -> Ints:
    """Return the tiers 0..2 that `Thresholds.tier` gives to rows of probabilities."""
    _, medium, hard = probabilities.T
    return np.where(hard >= cuts.hard, 2, np.where(medium + hard >= cuts.medium, 1, 0))


def of_thresholds(thresholds: Thresholds) -> Cuts:
    """Return the two cut points of the tier."""
    return Cuts(thresholds.medium, thresholds.hard)


def under_tier_losses(tiers: Sequence[int], one: float = 1.0, two: float = 1.0) -> Floats:
    """Return the losses (n, 3) of prompts labelled with tiers 0..2, served one or two tiers too low; else 0."""
    gap = np.asarray(tiers, dtype=np.int64)[:, None] - np.arange(TIERS)
    weights = np.array([0.0, one, two])
    return np.asarray(weights[np.clip(gap, 0, TIERS - 1)], dtype=np.float64)


def quality_losses(quality: Sequence[tuple[float, float, float]]) -> Floats:
    """Return the losses (n, 3) by measured qualities in 0..1, easy first: by how much the hard tier's is better."""
    measured = np.asarray(quality, dtype=np.float64).reshape(-1, TIERS)
    return np.asarray(np.maximum(0.0, measured[:, -1:] - measured), dtype=np.float64)


def _of_each(table: npt.NDArray[Number], columns: Ints) -> npt.NDArray[Number]:
    """Return one cell of each row."""
    return table[np.arange(len(table)), columns]
