"""Figures of merit: labels and predictions in, numbers out; pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.metrics import cohen_kappa_score, f1_score, roc_auc_score

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_BINS = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """How well a score orders prompts: AUC of not easy, AUC of hard, quadratic kappa at the labels' shares.

    None where the labels hold one class only. `rows` counts the prompts.
    """

    rows: int
    auc_easy: float | None
    auc_hard: float | None
    kappa: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tiering:
    """How well chosen tiers fit, as shares of the prompts (`under` and `over`) or of a tier's prompts."""

    macro_f1: float
    accuracy: float
    kappa: float
    under: float
    over: float
    hard_called_easy: float
    easy_called_hard: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """RouteLLM's figures: calls to the strong model for half and for 80 % of the gap, in percent, and APGR."""

    rows: int
    cpt50: float
    cpt80: float
    apgr: float


def ranking(score: Floats, tiers: Ints) -> Ranking:
    """Return how well `score` (higher is harder) orders prompts of tiers 0..2."""
    cuts = np.quantile(score, [np.mean(tiers == 0), np.mean(tiers <= 1)])
    kappa = cohen_kappa_score(tiers, np.digitize(score, cuts), weights="quadratic") if len(set(tiers)) > 1 else None
    return Ranking(
        rows=len(tiers),
        auc_easy=auc(score, tiers > 0),
        auc_hard=auc(score, tiers == 2),
        kappa=None if kappa is None else float(kappa),
    )


def auc(score: Floats, positive: npt.NDArray[np.bool_]) -> float | None:
    """Return the area under the ROC curve; None without both classes."""
    return float(roc_auc_score(positive, score)) if 0 < int(positive.sum()) < len(positive) else None


def tiering(chosen: Ints, tiers: Ints) -> Tiering:
    """Return how well the chosen tiers fit the labelled ones, both 0..2."""
    return Tiering(
        macro_f1=float(f1_score(tiers, chosen, average="macro", labels=[0, 1, 2], zero_division=0.0)),
        accuracy=float(np.mean(chosen == tiers)),
        kappa=float(cohen_kappa_score(tiers, chosen, weights="quadratic", labels=[0, 1, 2])),
        under=float(np.mean(chosen < tiers)),
        over=float(np.mean(chosen > tiers)),
        hard_called_easy=_share(chosen == 0, tiers == 2),
        easy_called_hard=_share(chosen == 2, tiers == 0),
    )


def _share(event: npt.NDArray[np.bool_], among: npt.NDArray[np.bool_]) -> float:
    return float(event[among].mean()) if among.any() else 0.0


def calibration_error(probabilities: Floats, tiers: Ints) -> float:
    """Return the expected calibration error of the most probable tier, in 15 bins of equal width."""
    best = probabilities.argmax(axis=1)
    sure, right = probabilities.max(axis=1), best == tiers
    bins = np.minimum((sure * _BINS).astype(int), _BINS - 1)
    gaps = [
        abs(float(sure[bins == place].mean()) - float(right[bins == place].mean())) * float(np.mean(bins == place))
        for place in range(_BINS)
        if (bins == place).any()
    ]
    return float(sum(gaps))


def routing_curve(score: Floats, weak: Floats, strong: Floats) -> Curve:
    """Return APGR and CPT as RouteLLM's evaluation computes them: ten bins of equal frequency, eleven thresholds."""
    edges = np.unique(np.quantile(score, np.linspace(0.0, 1.0, 11)))
    points = []
    for place, edge in enumerate(edges):
        chosen = score > edge if place == len(edges) - 1 else score >= edge
        points.append((float(chosen.mean()), float(np.where(chosen, strong, weak).mean())))
    points.sort()
    share, quality = (np.array(values) for values in zip(*points, strict=True))
    low, high = float(weak.mean()), float(strong.mean())
    gained = np.trapezoid(quality - low, share) / np.trapezoid(np.full(len(share), high - low), share)
    half, most = (float(np.interp(low + part * (high - low), quality, share)) for part in (0.5, 0.8))
    return Curve(rows=len(score), cpt50=100 * half, cpt80=100 * most, apgr=float(gained))


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Return the 2.5 and 97.5 percentiles of resampled figures."""
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)
