"""Examples to fitted arrays: the first stage in folds, the second on what the folds predicted, then the first whole."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix, hstack

from classifier import model
from classifier.assess import CLIP, HEADS, SCORES
from classifier.assessment import DOMAINS
from classifier.features import DIMENSIONS, Features, extract
from classifier.training.labels import Example

MIN_PROMPTS = 2
"""A hashed word that fewer prompts hold is dropped."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """Prompts as matrices, a row each: word counts (sparse, DIMENSIONS wide) and handcrafted numbers."""

    counts: csr_matrix
    numbers: Floats

    def at(self, rows: npt.NDArray[np.int64]) -> "Design":
        """Return the design of some rows."""
        return Design(counts=self.counts[rows], numbers=self.numbers[rows])


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A fitted first stage: the kept words with their idf, the scaling of the numbers, the weights of both."""

    kept: npt.NDArray[np.int64]
    idf: Floats
    centre: Floats
    spread: Floats
    words: Floats
    numbers: Floats
    bias: Floats

    def predict(self, design: Design) -> Floats:
        """Return the scores, one column each of SCORES."""
        found: Floats = _weigh(design.counts[:, self.kept], self.idf) @ self.words
        return np.asarray(found + _scale(design.numbers, self.centre, self.spread) @ self.numbers + self.bias)


def design_of(examples: Iterable[Example]) -> Design:
    """Extract the features of the examples."""
    return stack([extract(example.prompt) for example in examples])


def stack(features: Sequence[Features]) -> Design:
    """Return features as matrices."""
    starts = np.cumsum([0, *(len(found.indices) for found in features)])
    indices = np.concatenate([found.indices for found in features])
    counts = np.concatenate([found.counts for found in features]).astype(np.float64)
    return Design(
        counts=csr_matrix((counts, indices, starts), shape=(len(features), DIMENSIONS)),
        numbers=np.stack([found.numbers for found in features]).astype(np.float64),
    )


def targets_of(examples: Sequence[Example]) -> Floats:
    """Return the targets, one column each of SCORES; NaN where an example has no such label."""
    return np.array([_target(example) for example in examples])


def _target(example: Example) -> list[float]:
    nothing = float("nan")
    level = nothing if example.tier is None else float(example.tier)
    tier = [level, min(level, 1.0), max(level - 1.0, 0.0)]
    unclear = nothing if example.ambiguity is None else float(example.ambiguity > 0)
    domain = [nothing if example.domain is None else float(example.domain == name) for name in DOMAINS]
    return [*tier, float(example.missing), unclear, *domain]


def fit_stage(design: Design, targets: Floats, *, penalty: float) -> Stage:
    """Fit the first stage; rows whose target is NaN are left out of that score only."""
    prompts = np.asarray((design.counts > 0).sum(axis=0)).ravel()
    kept = np.flatnonzero(prompts >= MIN_PROMPTS)
    weighting = model.words().fit(design.counts[:, kept])
    scaling = model.numbers().fit(design.numbers)
    spread = np.where(scaling.scale_ > 0, scaling.scale_, 1.0)
    scaled = _scale(design.numbers, scaling.mean_, spread) * model.NUMBERS_SCALE
    inputs = hstack([weighting.transform(design.counts[:, kept]), csr_matrix(scaled)]).tocsr()
    weights, bias = [], []
    for target in targets.T:
        known = np.isfinite(target)
        fitted = model.scores(penalty).fit(inputs[known], target[known])
        weights.append(fitted.coef_)
        bias.append(float(fitted.intercept_))
    table = np.array(weights).T
    return Stage(
        kept=kept,
        idf=weighting.idf_,
        centre=scaling.mean_,
        spread=spread,
        words=table[: len(kept)],
        numbers=table[len(kept) :] * model.NUMBERS_SCALE,
        bias=np.array(bias),
    )


def out_of_fold(design: Design, targets: Floats, folds: Sequence[int], *, penalty: float) -> Floats:
    """Return the scores that each row gets from a first stage fitted without its fold."""
    predicted = np.zeros_like(targets)
    place = np.asarray(folds)
    for fold in sorted(set(folds)):
        inside, outside = np.flatnonzero(place == fold), np.flatnonzero(place != fold)
        stage = fit_stage(design.at(outside), targets[outside], penalty=penalty)
        predicted[inside] = stage.predict(design.at(inside))
    return predicted


HEAD_INPUTS = {
    "medium": ("tier", "medium", "hard"),
    "hard": ("tier", "medium", "hard"),
    "missing": ("missing", "unclear"),
    "unclear": ("missing", "unclear"),
}
"""Which scores each head of the second stage looks at; the head called as a score has that score's target."""


def fit_heads(predicted: Floats, targets: Floats) -> tuple[Floats, Floats]:
    """Fit the second stage on out-of-fold scores and return its weights (SCORES x HEADS) and its bias."""
    mix, bias = np.zeros((len(SCORES), len(HEADS))), np.zeros(len(HEADS))
    for column, name in enumerate(HEADS):
        inputs = [SCORES.index(score) for score in HEAD_INPUTS[name]]
        target = targets[:, SCORES.index(name)]
        known = np.isfinite(target)
        fitted = model.head().fit(predicted[known][:, inputs], target[known] > 0)
        mix[inputs, column] = fitted.coef_[0]
        bias[column] = fitted.intercept_[0]
    return mix, bias


def export(stage: Stage, heads: tuple[Floats, Floats]) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays of the artifact: half precision for the table of words, whose row 0 is every unknown word."""
    rows = np.zeros(DIMENSIONS, dtype=np.uint16)
    rows[stage.kept] = np.arange(1, len(stage.kept) + 1)
    table = np.zeros((len(stage.kept) + 1, 1 + len(SCORES)), dtype=np.float16)
    table[1:, 0] = stage.idf
    table[1:, 1:] = stage.words
    single = {
        "centre": stage.centre,
        "spread": stage.spread,
        "numbers": stage.numbers,
        "bias": stage.bias,
        "mix": heads[0],
        "mix_bias": heads[1],
    }
    return {"rows": rows, "table": table, **{name: array.astype(np.float32) for name, array in single.items()}}


def _weigh(counts: csr_matrix, idf: Floats) -> csr_matrix:
    """Return (1 + log count) * idf with rows of length 1, as the fitted TfidfTransformer does."""
    weighted = counts.copy()
    weighted.data = 1.0 + np.log(weighted.data)
    weighted = weighted.multiply(idf).tocsr()
    lengths = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    return weighted.multiply(1.0 / np.where(lengths > 0, lengths, 1.0)[:, None]).tocsr()


def _scale(numbers: Floats, centre: Floats, spread: Floats) -> Floats:
    return np.clip((numbers - centre) / spread, -CLIP, CLIP)
