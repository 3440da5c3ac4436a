"""Routing between a weak and a strong model as RouteLLM measures it: APGR, CPT, and cost at equal quality; pure."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

COST_RATIO = 20.0
"""How many times the weak model's price the strong one's is, in `saved`."""

_BINS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """RouteLLM's figures for one score on one benchmark.

    `cpt50` and `cpt80` are the calls to the strong model, in percent, that win half and 80 % of the gap between the
    models; `apgr` is the mean share of the gap that is won. `saved95` and `saved98` are the shares of the cost of
    always asking the strong model that are saved at 95 % and 98 % of its quality, at COST_RATIO. `points` are the
    curve: share of strong calls, quality.
    """

    rows: int
    cpt50: float
    cpt80: float
    apgr: float
    saved95: float
    saved98: float
    points: tuple[tuple[float, float], ...]


def routing_curve(score: Floats, weak: Floats, strong: Floats) -> Curve:
    """Return the curve of sending the highest scores to the strong model.

    `weak` and `strong` are both models' results on each item. APGR and CPT as RouteLLM's evaluation computes them: ten
    bins of equal frequency, hence eleven thresholds.
    """
    points = quantile_points(score, weak, strong)
    share, quality = (np.array(values) for values in zip(*points, strict=True))
    low, high = float(weak.mean()), float(strong.mean())
    gained = np.trapezoid(quality - low, share) / np.trapezoid(np.full(len(share), high - low), share)
    half, most = (float(np.interp(low + part * (high - low), quality, share)) for part in (0.5, 0.8))
    return Curve(
        rows=len(score),
        cpt50=100 * half,
        cpt80=100 * most,
        apgr=float(gained),
        saved95=saved(score, weak, strong, 0.95),
        saved98=saved(score, weak, strong, 0.98),
        points=points,
    )


def apgr(score: Floats, weak: Floats, strong: Floats) -> float:
    """Return the mean share of the gap that is won, alone."""
    share, quality = (np.array(values) for values in zip(*quantile_points(score, weak, strong), strict=True))
    low, high = float(weak.mean()), float(strong.mean())
    return float(np.trapezoid(quality - low, share) / ((high - low) * (share[-1] - share[0])))


def quantile_points(score: Floats, weak: Floats, strong: Floats) -> tuple[tuple[float, float], ...]:
    """Return the share of strong calls and the quality at each of the eleven thresholds, by rising share."""
    edges = np.unique(np.quantile(score, np.linspace(0.0, 1.0, _BINS + 1)))
    points = []
    for place, edge in enumerate(edges):
        chosen = score > edge if place == len(edges) - 1 else score >= edge
        points.append((float(chosen.mean()), float(np.where(chosen, strong, weak).mean())))
    return tuple(sorted(points))


def saved(score: Floats, weak: Floats, strong: Floats, part: float) -> float:
    """Return the largest share of the strong model's cost that is saved at `part` of its quality or more, 0..1.

    Any number of the highest scores may be sent to the strong model.
    """
    order = np.argsort(-score, kind="stable")
    quality = (weak.sum() + np.concatenate(([0.0], np.cumsum((strong - weak)[order])))) / len(score)
    calls = int(np.argmax(quality >= part * strong.mean()))
    share = calls / len(score)
    return 1.0 - (share + (1.0 - share) / COST_RATIO)
