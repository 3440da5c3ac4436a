"""Out-of-fold probabilities to the cut points of each preset, by what a wrong tier costs."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from classifier.thresholds import Thresholds

Floats = npt.NDArray[np.float64]

UNDER_COSTS: Mapping[str, float] = {"cheap": 0.6, "balanced": 1.5, "quality": 4.0}
"""What one tier too low costs, where one tier too high costs 1; each further tier costs as much again."""

CONFIDENCE = {"cheap": 0.36, "balanced": 0.38, "quality": 0.42}
FALSE_FLAGS = {"cheap": 0.004, "balanced": 0.006, "quality": 0.015}
"""The share of public prompts of low ambiguity that may be labelled as missing information; of all, it is higher."""

_GRID = np.round(np.arange(0.05, 0.96, 0.01), 2)


def choose(probabilities: Floats, tiers: Floats, missing: Floats, clear: npt.NDArray[np.bool_]) -> dict[str, Any]:
    """Return the thresholds of each preset as a JSON-like mapping.

    `probabilities` (n, 3) and `missing` (n,) are out of fold, `tiers` (n,) are the labels 0..2, `clear` marks the
    prompts of low ambiguity.
    """
    return {
        name: asdict(
            Thresholds(
                **_cuts(probabilities, tiers, cost),
                confidence=CONFIDENCE[name],
                missing=_missing_cut(missing[clear], FALSE_FLAGS[name]),
            )
        )
        for name, cost in UNDER_COSTS.items()
    }


def tiers_at(probabilities: Floats, *, medium: float, hard: float) -> npt.NDArray[np.int64]:
    """Return the tiers 0..2 that `Thresholds.tier` gives to rows of probabilities."""
    upper = probabilities[:, 1] + probabilities[:, 2]
    return np.where(probabilities[:, 2] >= hard, 2, np.where(upper >= medium, 1, 0))


def _cuts(probabilities: Floats, tiers: Floats, under_cost: float) -> dict[str, float]:
    """Return the cut points of least mean cost on a grid, the first of equals."""
    best, found = float("inf"), {"medium": 0.5, "hard": 0.5}
    for medium in _GRID:
        for hard in _GRID:
            gap = tiers_at(probabilities, medium=medium, hard=hard) - tiers
            cost = float(np.where(gap > 0, gap, -gap * under_cost).mean())
            if cost < best:
                best, found = cost, {"medium": float(medium), "hard": float(hard)}
    return found


def _missing_cut(missing_of_clear: Floats, share: float) -> float:
    """Return the least cut point, rounded up to 0.01, that at most `share` of the clear prompts reach."""
    cut = float(np.quantile(missing_of_clear, 1.0 - share))
    return min(0.99, float(np.ceil(cut * 100) / 100))
