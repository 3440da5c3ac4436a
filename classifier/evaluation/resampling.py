"""Intervals by resampling families of prompts: 95 %, of areas under the curve and of their differences."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Interval = tuple[float, float]


def family_weights(groups: Sequence[str], *, draws: int, seed: int) -> Floats:
    """Return how often each row occurs in each of `draws` samples (draws, rows) of whole families."""
    _, places = np.unique(np.asarray(groups), return_inverse=True)
    families = int(places.max()) + 1
    counts = np.random.default_rng(seed).multinomial(families, np.full(families, 1.0 / families), size=draws)
    return counts[:, places].astype(np.float64)


def auc_draws(score: Floats, positive: Mask, weights: Floats) -> Floats:
    """Return the area under the ROC curve of each weighted sample (draws,); NaN where a class is absent."""
    order = np.argsort(score, kind="stable")
    ordered = score[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    right = np.add.reduceat(weights[:, order] * positive[order], starts, axis=1)
    wrong = np.add.reduceat(weights[:, order] * ~positive[order], starts, axis=1)
    below = np.cumsum(wrong, axis=1) - wrong
    pairs = right.sum(axis=1) * wrong.sum(axis=1)
    won = (right * (below + 0.5 * wrong)).sum(axis=1)
    return np.asarray(np.divide(won, pairs, out=np.full(len(weights), np.nan), where=pairs > 0))


def gain(score: Floats, other: Floats, positive: Mask, weights: Floats) -> Interval | None:
    """Return the interval of the difference of two scores' areas, on the same samples; None without both classes."""
    if not 0 < int(positive.sum()) < len(positive):
        return None
    return interval(auc_draws(score, positive, weights) - auc_draws(other, positive, weights))


def resampled(figure: Callable[[npt.NDArray[np.int64]], float], rows: int, *, draws: int, seed: int) -> Interval:
    """Return the interval of a figure of drawn rows."""
    random = np.random.default_rng(seed)
    return interval(np.array([figure(random.integers(rows, size=rows)) for _ in range(draws)]))


def interval(values: Floats) -> Interval:
    """Return the 2.5 and 97.5 percentiles of resampled figures; samples without a figure (NaN) are left out."""
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return float(low), float(high)
