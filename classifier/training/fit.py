"""Examples to fitted arrays: the first stage in folds, the second on what the folds predicted, then the first whole."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix, hstack

from classifier import model
from classifier.assess import CLIP, HEADS, SCORES
from classifier.assessment import DOMAINS
from classifier.features import BLOCKS, DIMENSIONS, Features, block_bounds, extract
from classifier.numbers import NUMBERS
from classifier.training.labels import Example, is_own
from classifier.training.regression import Inputs, alike, choice_of_domains, regress

MIN_PROMPTS: Mapping[str, int] = {"pairs": 4, "words": 3, "context": 5, "ends": 4}
"""What fewer prompts hold is dropped."""

_LENGTH = NUMBERS.index("log_ask_chars")
_DOMAINS = [SCORES.index(f"domain_{name}") for name in DOMAINS]

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """Prompts as matrices, a row each: word counts (sparse, DIMENSIONS wide), handcrafted numbers, whether it is own.

    `own` marks the project's own rows: they are trained on, and nothing is calibrated on them.
    """

    counts: csr_matrix
    numbers: Floats
    own: Mask

    def at(self, rows: npt.NDArray[np.int64]) -> "Design":
        """Return the design of some rows."""
        return Design(counts=self.counts[rows], numbers=self.numbers[rows], own=self.own[rows])


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A fitted first stage: the kept indices with their idf, the scaling of the numbers, the weights of both."""

    kept: npt.NDArray[np.int64]
    idf: Floats
    centre: Floats
    spread: Floats
    words: Floats
    numbers: Floats
    bias: Floats

    def predict(self, design: Design) -> Floats:
        """Return the scores, one column each of SCORES."""
        scaled = _scale(design.numbers, self.centre, self.spread)
        return np.asarray(self.weigh(design.counts) @ self.words + scaled @ self.numbers + self.bias)

    def weigh(self, counts: csr_matrix) -> csr_matrix:
        """Return the kept counts times their idf, each block over the length that its words make up together."""
        return _of_lengths(counts[:, self.kept], self.idf, np.searchsorted(self.kept, block_bounds()))


def design_of(examples: Iterable[Example]) -> Design:
    """Extract the features of the examples."""
    kept = list(examples)
    return stack([extract(example.prompt) for example in kept], own=[is_own(example) for example in kept])


def stack(features: Sequence[Features], *, own: Sequence[bool] | None = None) -> Design:
    """Return features as matrices; none of them is an own row unless `own` says so."""
    starts = np.cumsum([0, *(len(found.indices) for found in features)])
    indices = np.concatenate([found.indices for found in features]).astype(np.int32)
    counts = np.concatenate([found.counts for found in features]).astype(np.float64)
    return Design(
        counts=csr_matrix((counts, indices, starts), shape=(len(features), DIMENSIONS)),
        numbers=np.stack([found.numbers for found in features]).astype(np.float64),
        own=np.zeros(len(features), dtype=bool) if own is None else np.asarray(own, dtype=bool),
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


def fit_stage(design: Design, targets: Floats) -> Stage:
    """Fit the first stage; rows whose target is NaN are left out of that score only, which is 0 without any."""
    kept = _kept(design.counts)
    counts = design.counts[:, kept]
    idf = np.asarray(model.words().fit(counts).idf_)
    weighted = _of_lengths(counts, idf, np.searchsorted(kept, block_bounds()))
    scaling = model.numbers().fit(design.numbers)
    spread = np.where(scaling.scale_ > 0, scaling.scale_, 1.0)
    inputs = Inputs(words=weighted, numbers=_scale(design.numbers, scaling.mean_, spread), own=design.own)
    products = inputs.products()
    words, numbers = np.zeros((len(kept), len(SCORES))), np.zeros((len(NUMBERS), len(SCORES)))
    bias = np.zeros(len(SCORES))
    for columns in alike(targets):
        taken = inputs.apart(products) if SCORES[columns[0]] in model.APART else products
        words[:, columns], numbers[:, columns], bias[columns] = regress(inputs, taken, targets[:, columns])
    _make_choice(choice_of_domains(products, targets[:, _DOMAINS]), (words, numbers, bias))
    for name, slope in model.LENGTH_PRIOR.items():
        if np.isfinite(targets[:, SCORES.index(name)]).any():
            numbers[_LENGTH, SCORES.index(name)] += slope * spread[_LENGTH]
            bias[SCORES.index(name)] += slope * scaling.mean_[_LENGTH]
    return Stage(kept=kept, idf=idf, centre=scaling.mean_, spread=spread, words=words, numbers=numbers, bias=bias)


def _make_choice(choice: tuple[Floats, Floats] | None, weights: tuple[Floats, Floats, Floats]) -> None:
    """Turn the weights of the domains' scores into those of a choice among them, in place."""
    if choice is None:
        return
    for each in weights:
        each[..., _DOMAINS] = each[..., _DOMAINS] @ choice[0]
    weights[2][_DOMAINS] += choice[1]


def _kept(counts: csr_matrix) -> npt.NDArray[np.int64]:
    """Return the indices that enough prompts hold."""
    prompts = np.asarray((counts > 0).sum(axis=0)).ravel()
    enough = np.zeros(DIMENSIONS, dtype=bool)
    bounds = block_bounds()
    for name, start, end in zip(BLOCKS, bounds[:-1], bounds[1:], strict=True):
        enough[start:end] = prompts[start:end] >= MIN_PROMPTS[name]
    return np.flatnonzero(enough)


def _of_lengths(counts: csr_matrix, idf: Floats, edges: npt.NDArray[np.int64]) -> csr_matrix:
    """Return counts times idf, block by block over the root of the sum of counts times idf squared.

    That sum adds up over words just as the weights do, which is what lets serving remember both for each word.
    """
    blocks = []
    for place, name in enumerate(BLOCKS):
        start, end = edges[place], edges[place + 1]
        block = counts[:, start:end]
        lengths = np.sqrt(block @ np.square(idf[start:end]))
        scale = model.BLOCK_SCALES[name] / np.where(lengths > 0, lengths, 1.0)
        blocks.append(block.multiply(idf[start:end]).multiply(scale[:, None]))
    return hstack(blocks).tocsr()


def out_of_fold(design: Design, targets: Floats, folds: Sequence[int], *, read_as: Design | None = None) -> Floats:
    """Return the scores that each row gets from a first stage fitted without its fold; NaN for own rows.

    `read_as` is another reading of the same prompts, scored in place of the one that is fitted.
    """
    predicted = np.full_like(targets, np.nan)
    place, scored = np.asarray(folds), read_as or design
    for fold in sorted(set(folds)):
        inside, outside = np.flatnonzero((place == fold) & ~design.own), np.flatnonzero(place != fold)
        predicted[inside] = fit_stage(design.at(outside), targets[outside]).predict(scored.at(inside))
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
        known = np.isfinite(target) & np.isfinite(predicted[:, inputs]).all(axis=1)
        fitted = model.head().fit(predicted[known][:, inputs], target[known] > 0)
        mix[inputs, column] = fitted.coef_[0]
        bias[column] = fitted.intercept_[0]
    return mix, bias


def export(stage: Stage, heads: tuple[Floats, Floats]) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays of the artifact: row 0 of the table of words is every unknown word."""
    rows = np.zeros(DIMENSIONS, dtype=np.uint16)
    if len(stage.kept) >= np.iinfo(rows.dtype).max:
        raise ValueError(f"{len(stage.kept)} kept words do not fit the index; raise MIN_PROMPTS")
    rows[stage.kept] = np.arange(1, len(stage.kept) + 1)
    table = np.zeros((len(stage.kept) + 1, 1 + len(SCORES)), dtype=np.float32)
    table[1:, 0] = stage.idf
    table[1:, 1:] = stage.words
    single = {
        "centre": stage.centre,
        "spread": stage.spread,
        "numbers": stage.numbers,
        "bias": stage.bias,
        "blocks": np.array([model.BLOCK_SCALES[name] for name in BLOCKS]),
        "mix": heads[0],
        "mix_bias": heads[1],
    }
    return {"rows": rows, "table": table, **{name: array.astype(np.float32) for name, array in single.items()}}


def _scale(numbers: Floats, centre: Floats, spread: Floats) -> Floats:
    return np.clip((numbers - centre) / spread, -CLIP, CLIP)
