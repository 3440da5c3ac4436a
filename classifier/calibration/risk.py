"""How surely a mean loss measured on some rows stays below a bound on all prompts: p-values, bounds, rows needed.

The rows must be drawn independently from the prompts that the bound is about, and losses lie in 0..1. For losses that
are 0 or 1 the binomial tail is exact. For graded ones a bet is placed on each row that the mean is below the bound, the
stakes by the spread of the rows before it: by Ville's inequality, if the mean is in fact at or above the bound, the
chance that the wealth of such a gambler ever grows to 1/p is at most p.
"""

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

MOST_ROWS = 1_000_000
"""Beyond this many rows nobody is told to label some more."""

_STEPS = 50
_ORDER_SEED = 20
_BOLDEST = 0.999
"""The greatest stake: what is lost whole never grows again. One for all bounds, so that a laxer one is never harder."""


def p_value(losses: Floats, bound: float, level: float, *, graded: bool) -> float:
    """Return how probable losses (n,) as small as these are at most, if the true mean is at least `bound` (0..1).

    `graded` says that losses are not just 0 and 1. The stakes are chosen so that p-values around `level` are the
    sharpest; they are valid at every level.
    """
    if not graded:
        return binomial_tail(round(float(losses.sum())), len(losses), bound)
    return _bet(losses[_order(len(losses))], bound, level)


def upper_bound(losses: Floats, confidence: float, *, graded: bool) -> float:
    """Return the least bound that the true mean loss keeps with `confidence`, by these rows alone; at most 1."""
    level = 1.0 - confidence
    low, high = float(losses.mean()), 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if middle < 1.0 and p_value(losses, middle, level, graded=graded) > level:
            low = middle
        else:
            high = middle
    return high


def rows_needed(losses: Floats, bound: float, confidence: float, *, graded: bool) -> int | None:
    """Return about how many rows with losses like these would prove `bound`, more than there are.

    None where no sensible number would.
    """
    level = 1.0 - confidence
    mean = float(losses.mean())
    if mean >= bound:
        return None

    def proves(rows: int) -> bool:
        if graded:
            return _growth(losses, rows, bound, level) >= math.log(1.0 / level)
        return binomial_tail(math.ceil(mean * rows - 1e-9), rows, bound) <= level

    found = _least(proves)
    return None if found is None else max(found, len(losses) + 1)


def _least(proves: Callable[[int], bool]) -> int | None:
    """Return about the least number of rows, to a part in a thousand, for which `proves`; None above MOST_ROWS."""
    high = 1
    while not proves(high):
        high *= 2
        if high > MOST_ROWS:
            return None
    low = high // 2
    while high - low > max(1, high // 1000):
        middle = (low + high) // 2
        low, high = (low, middle) if proves(middle) else (middle, high)
    return high


def binomial_tail(successes: int, trials: int, probability: float) -> float:
    """Return P(X <= successes) for a binomial X; exact up to rounding, for any number of trials."""
    if successes >= trials:
        return 1.0
    if successes < 0:
        return 0.0
    count = np.arange(1, successes + 1, dtype=np.float64)
    ratio = np.log(trials - count + 1) - np.log(count) + math.log(probability) - math.log1p(-probability)
    logs = trials * math.log1p(-probability) + np.concatenate(([0.0], np.cumsum(ratio)))
    top = float(logs.max())
    return min(1.0, math.exp(top) * float(np.exp(logs - top).sum()))


def _bet(losses: Floats, bound: float, level: float) -> float:
    """Return 1 / the greatest wealth on the way of a gambler who starts with 1 and bets on losses below `bound`.

    The stakes are those of Waudby-Smith and Ramdas: each follows from the rows before it alone.
    """
    place = np.arange(1, len(losses) + 1)
    mean = (0.5 + np.cumsum(losses)) / (1 + place)
    spread = (0.25 + np.cumsum(np.square(losses - mean))) / (1 + place)
    known = np.concatenate(([0.25], spread[:-1]))
    stakes = np.sqrt(2.0 * math.log(1.0 / level) / (len(losses) * known))
    wealth = np.cumsum(np.log1p(np.minimum(stakes, _BOLDEST) * (bound - losses)))
    return math.exp(-max(0.0, float(wealth.max())))


def _growth(losses: Floats, rows: int, bound: float, level: float) -> float:
    """Return by how much the logarithm of the wealth is expected to grow over so many rows with losses like these."""
    learning = 0.25 * math.log(rows + 1) / rows  # what the first stakes, placed before a spread is known, add to it
    stake = math.sqrt(2.0 * math.log(1.0 / level) / (rows * (float(losses.var()) + learning)))
    return rows * float(np.log1p(min(stake, _BOLDEST) * (bound - losses)).mean())


@lru_cache(maxsize=8)
def _order(rows: int) -> npt.NDArray[np.int64]:
    """Return the order in which so many rows are bet on: the same every time, and no matter how a file is sorted."""
    return np.random.default_rng(_ORDER_SEED).permutation(rows)
