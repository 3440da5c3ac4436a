"""Figures of merit: labels and predictions in, numbers out; pure."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.metrics import cohen_kappa_score, f1_score, roc_auc_score

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

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
    kappa: float | None
    under: float
    over: float
    hard_called_easy: float
    easy_called_hard: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """How well a score finds prompts that lack something, where half of them are found.

    `precision` counts every flagged prompt, `false` is the share of clear prompts that are flagged; `auc` is None
    without both classes.
    """

    rows: int
    auc: float | None
    precision: float
    false: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Prompts whose most probable tier had about the same probability: its mean, how often it was right, how many."""

    confidence: float
    accuracy: float
    rows: int


def ranking(score: Floats, tiers: Ints) -> Ranking:
    """Return how well `score` (higher is harder) orders prompts of tiers 0..2."""
    cuts = np.quantile(score, [np.mean(tiers == 0), np.mean(tiers <= 1)])
    return Ranking(
        rows=len(tiers),
        auc_easy=auc(score, tiers > 0),
        auc_hard=auc(score, tiers == 2),
        kappa=_kappa(np.digitize(score, cuts), tiers),
    )


def auc(score: Floats, positive: Mask) -> float | None:
    """Return the area under the ROC curve; None without both classes."""
    return float(roc_auc_score(positive, score)) if 0 < int(positive.sum()) < len(positive) else None


def tiering(chosen: Ints, tiers: Ints) -> Tiering:
    """Return how well the chosen tiers fit the labelled ones, both 0..2."""
    return Tiering(
        macro_f1=float(f1_score(tiers, chosen, average="macro", labels=[0, 1, 2], zero_division=0.0)),
        accuracy=float(np.mean(chosen == tiers)),
        kappa=_kappa(chosen, tiers),
        under=float(np.mean(chosen < tiers)),
        over=float(np.mean(chosen > tiers)),
        hard_called_easy=_share(chosen == 0, tiers == 2),
        easy_called_hard=_share(chosen == 2, tiers == 0),
    )


def _kappa(chosen: Ints, tiers: Ints) -> float | None:
    """Return the quadratic kappa; None where the labels are all equal, since nothing can be told by chance then."""
    if len(set(tiers.tolist())) < 2:
        return None
    return float(cohen_kappa_score(tiers, chosen, weights="quadratic", labels=[0, 1, 2]))


def _share(event: Mask, among: Mask) -> float:
    return float(event[among].mean()) if among.any() else 0.0


def finding(score: Floats, lacking: Mask, clear: Mask) -> Finding:
    """Return how well `score` finds the `lacking` at the cut that half of them reach; `clear` have low ambiguity."""
    if not lacking.any():
        return Finding(rows=len(score), auc=None, precision=0.0, false=0.0)
    flagged = score >= np.median(score[lacking])
    return Finding(
        rows=len(score),
        auc=auc(score, lacking),
        precision=_share(lacking, flagged),
        false=_share(flagged, clear),
    )


def confusion(chosen: Ints, tiers: Ints) -> tuple[tuple[int, ...], ...]:
    """Return how many prompts of each labelled tier (rows) were given each tier (columns)."""
    return tuple(tuple(int(np.sum((tiers == label) & (chosen == given))) for given in range(3)) for label in range(3))


def reliability(probabilities: Floats, tiers: Ints) -> tuple[Bin, ...]:
    """Return the bins of equal width, 15 from 0 to 1, that hold a prompt."""
    best = probabilities.argmax(axis=1)
    sure, right = probabilities.max(axis=1), best == tiers
    places = np.minimum((sure * _BINS).astype(int), _BINS - 1)
    return tuple(
        Bin(
            confidence=float(sure[places == place].mean()),
            accuracy=float(right[places == place].mean()),
            rows=int(np.sum(places == place)),
        )
        for place in range(_BINS)
        if (places == place).any()
    )


def calibration_error(probabilities: Floats, tiers: Ints) -> float:
    """Return the expected calibration error of the most probable tier, in 15 bins of equal width."""
    found = reliability(probabilities, tiers)
    return float(sum(abs(one.confidence - one.accuracy) * one.rows for one in found) / len(tiers))
