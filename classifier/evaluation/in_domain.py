"""RouteLLM's benchmarks in domain: half of a benchmark's labels train, the other half tests, and the reverse.

What an operator gains who has measured both models on his own traffic: the features stay, one ridge regression on the
strong model's result minus the weak one's is fitted to them. Its penalty is chosen inside the training half.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

from classifier.evaluation.benchmarks import Benchmark, Compared, compared
from classifier.evaluation.curves import apgr
from classifier.evaluation.resampling import Interval
from classifier.features import block_bounds
from classifier.training.fit import Design
from classifier.weights import CLIP

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

FEW_LABELS = 1500
"""The labels of a benchmark that RouteLLM's routers were given."""

PENALTIES = (6.0, 12.0, 25.0, 50.0, 100.0)
_INNER_FOLDS = 3
_MIN_PROMPTS = 3
_NUMBERS_SCALE = 0.05
_WORDS_SCALE, _OTHERS_SCALE = 1.0, 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class FewLabels:
    """APGR when each half trains on FEW_LABELS labels only: of each draw, their mean, the least and the greatest."""

    draws: tuple[float, ...]
    mean: float
    span: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class InDomain:
    """A benchmark's curve with the labels of the other half; with few of them where there are more, else None."""

    whole: Compared
    few: FewLabels | None


class GainModel:
    """Our features and one ridge regression on what the strong model gains; `fit` and `predict` take designs."""

    def __init__(self, penalty: float) -> None:
        """Take the ridge penalty."""
        self._scaling, self._weightings = StandardScaler(), [TfidfTransformer(sublinear_tf=True) for _ in _bounds()]
        self._kept: list[Ints] = []
        self._ridge = Ridge(alpha=penalty, solver="sparse_cg", tol=1e-4)

    def fit(self, design: Design, gains: Floats) -> "GainModel":
        """Fit the weighting of words, the scaling of numbers and the weights."""
        for (start, end), weighting in zip(_bounds(), self._weightings, strict=True):
            block = design.counts[:, start:end]
            self._kept.append(np.flatnonzero(np.asarray((block > 0).sum(axis=0)).ravel() >= _MIN_PROMPTS))
            if self._kept[-1].size:
                weighting.fit(block[:, self._kept[-1]])
        self._scaling.fit(design.numbers)
        self._ridge.fit(self._inputs(design), gains)
        return self

    def predict(self, design: Design) -> Floats:
        """Return the expected gain of each prompt."""
        return np.asarray(self._ridge.predict(self._inputs(design)))

    def _inputs(self, design: Design) -> csr_matrix:
        blocks = []
        for place, ((start, end), weighting) in enumerate(zip(_bounds(), self._weightings, strict=True)):
            if self._kept[place].size:
                scale = _OTHERS_SCALE if place else _WORDS_SCALE
                blocks.append(weighting.transform(design.counts[:, start:end][:, self._kept[place]]) * scale)
        numbers = np.clip(self._scaling.transform(design.numbers), -CLIP, CLIP) * _NUMBERS_SCALE
        return hstack([*blocks, csr_matrix(numbers)]).tocsr()


def in_domain(found: Benchmark, *, draws: int, few: int) -> InDomain:
    """Return the figures of the two-fold protocol, and with FEW_LABELS labels the mean of `few` draws."""
    gains = found.strong - found.weak
    halves = [(np.flatnonzero(found.halves == side), np.flatnonzero(found.halves != side)) for side in (True, False)]
    score = np.zeros(len(gains))
    for train, test in halves:
        score[test] = _fitted(found.design.at(train), gains[train]).predict(found.design.at(test))
    enough = few > 0 and min(len(train) for train, _ in halves) > FEW_LABELS
    return InDomain(
        whole=compared("tierwise, fitted to half of the labels", score, found, draws=draws),
        few=_few(found, gains, halves, few) if enough else None,
    )


def _few(found: Benchmark, gains: Floats, halves: Sequence[tuple[Ints, Ints]], draws: int) -> FewLabels:
    reached = []
    for seed in range(draws):
        random, score = np.random.default_rng(seed), np.zeros(len(gains))
        for train, test in halves:
            chosen = random.choice(train, FEW_LABELS, replace=False)
            score[test] = _fitted(found.design.at(chosen), gains[chosen]).predict(found.design.at(test))
        reached.append(apgr(score, found.weak, found.strong))
    return FewLabels(draws=tuple(reached), mean=float(np.mean(reached)), span=(min(reached), max(reached)))


def _fitted(design: Design, gains: Floats) -> GainModel:
    """Return the model with the penalty whose held-out predictions correlate best with the gains."""
    places = np.random.default_rng(0).permutation(len(gains)) % _INNER_FOLDS

    def correlation(penalty: float) -> float:
        predicted = np.zeros(len(gains))
        for fold in range(_INNER_FOLDS):
            inside, outside = np.flatnonzero(places == fold), np.flatnonzero(places != fold)
            predicted[inside] = GainModel(penalty).fit(design.at(outside), gains[outside]).predict(design.at(inside))
        return float(np.corrcoef(predicted, gains)[0, 1])

    return GainModel(max(PENALTIES, key=correlation)).fit(design, gains)


def _bounds() -> list[tuple[int, int]]:
    edges = block_bounds()
    return list(pairwise(edges))
