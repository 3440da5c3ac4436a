"""Examples to fitted arrays: the first stage, whole and in folds, and what the second stage is to see of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix, hstack

from classifier import model
from classifier.assessment import DOMAINS
from classifier.features import AROUND, BLOCKS, DIMENSIONS, LEARNT, SHIFT, WORDS, Features, block_bounds, extract
from classifier.numbers import NUMBERS
from classifier.training.labels import Example, worth_of
from classifier.training.meanings import meanings_of
from classifier.training.network import Network
from classifier.training.regression import Inputs, alike, held_out, regress
from classifier.weights import CLIP, SCORES, VECTORS

MIN_PROMPTS: Mapping[str, int] = {"pairs": 10, "words": 5, "context": 7, "ends": 5}
"""What fewer prompts hold is dropped."""

_LENGTH = NUMBERS.index("log_ask_chars")
_MORE, _ITERATIONS = 16, 6
_WEAK = 1e-9
"""A direction whose variance is less than this share of the strongest is rounding."""

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """Prompts as matrices, a row each: word counts (sparse, DIMENSIONS wide), handcrafted numbers.

    `worth` is what a row's tier counts in the second stage: 1, and less for the project's own rows.
    """

    counts: csr_matrix
    numbers: Floats
    worth: Floats

    @property
    def own(self) -> Mask:
        """Which rows are the project's own: they are trained on, and nothing is calibrated on them."""
        return self.worth < 1.0

    def at(self, rows: npt.NDArray[np.int64]) -> "Design":
        """Return the design of some rows."""
        return Design(counts=self.counts[rows], numbers=self.numbers[rows], worth=self.worth[rows])


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A fitted first stage: the kept indices with their idf, the scaling of the numbers, the weights of both.

    `words` and `numbers` give the scores; `vectors` (kept, VECTORS) say what words are about, by which others they
    stand with, and are zero outside of the block of words.
    """

    kept: npt.NDArray[np.int64]
    idf: Floats
    centre: Floats
    spread: Floats
    words: Floats
    vectors: Floats
    numbers: Floats
    bias: Floats

    def predict(self, design: Design) -> Floats:
        """Return the scores, one column each of SCORES."""
        return self.inputs(design)[:, : len(SCORES)]

    def inputs(self, design: Design) -> Floats:
        """Return what the second stage sees: the scores, the sum of the words' vectors, the scaled numbers."""
        scaled, words = self.scale(design), self.weigh(design.counts)
        scores = np.asarray(words @ self.words + scaled @ self.numbers + self.bias)
        return np.hstack([scores, np.asarray(words @ self.vectors), scaled])

    def scale(self, design: Design) -> Floats:
        """Return the handcrafted numbers as they are weighed."""
        return _scale(design.numbers, self.centre, self.spread)

    def weigh(self, counts: csr_matrix) -> csr_matrix:
        """Return the kept counts times their idf, each block over the length that its words make up together."""
        return _of_lengths(counts, self.kept, self.idf)


def design_of(examples: Iterable[Example]) -> Design:
    """Extract the features of the examples."""
    kept = list(examples)
    return stack([extract(example.prompt) for example in kept], worth=list(map(worth_of, kept)))


def stack(features: Sequence[Features], *, worth: Sequence[float] | None = None) -> Design:
    """Return features as matrices; none of them is an own row unless `worth` says so."""
    starts = np.cumsum([0, *(len(found.indices) for found in features)])
    indices = np.concatenate([found.indices for found in features]).astype(np.int32)
    counts = np.concatenate([found.counts for found in features]).astype(np.float64)
    return Design(
        counts=csr_matrix((counts, indices, starts), shape=(len(features), DIMENSIONS)),
        numbers=np.stack([found.numbers for found in features]).astype(np.float64),
        worth=np.ones(len(features)) if worth is None else np.asarray(worth, dtype=np.float64),
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


def fit_in_folds(design: Design, targets: Floats, folds: Sequence[int]) -> tuple[Stage, Floats]:
    """Fit the first stage and return it with what the second is to be fitted on, a row for each of the design.

    These inputs are the stage's own but for the scores: each row has those of a fit without its fold. Which words are
    kept and how they and the numbers are scaled knows no label and is the same in all folds. Rows whose target is NaN
    are left out of that score only, which is 0 without any.
    """
    kept = _kept(design.counts)
    idf, edges = np.asarray(model.words().fit(design.counts[:, kept]).idf_), np.searchsorted(kept, block_bounds())
    weighted = _of_lengths(design.counts, kept, idf)
    scaling = model.numbers().fit(design.numbers)
    spread = np.where(scaling.scale_ > 0, scaling.scale_, 1.0)
    inputs = Inputs(
        words=weighted,
        meanings=meanings_of(kept),
        numbers=_scale(design.numbers, scaling.mean_, spread),
        own=design.own,
    )
    products, place = inputs.products(), np.asarray(folds, dtype=np.int64)
    stage = Stage(
        kept=kept,
        idf=idf,
        centre=scaling.mean_,
        spread=spread,
        words=np.zeros((len(kept), len(SCORES))),
        vectors=_vectors(weighted, int(edges[WORDS]), int(edges[WORDS + 1])),
        numbers=np.zeros((len(NUMBERS), len(SCORES))),
        bias=np.zeros(len(SCORES)),
    )
    scores = np.zeros_like(targets)
    for columns in alike(targets):
        taken = inputs.apart(products) if SCORES[columns[0]] in model.APART else products
        stage.words[:, columns], stage.numbers[:, columns], stage.bias[columns] = regress(
            inputs, taken, targets[:, columns]
        )
        if place.size:
            scores[:, columns] = held_out((taken, products), targets[:, columns], place)
    for name, slope in model.LENGTH_PRIOR.items():
        column = SCORES.index(name)
        if np.isfinite(targets[:, column]).any():
            stage.numbers[_LENGTH, column] += slope * spread[_LENGTH]
            stage.bias[column] += slope * scaling.mean_[_LENGTH]
            scores[:, column] += slope * (inputs.numbers[:, _LENGTH] * spread[_LENGTH] + scaling.mean_[_LENGTH])
    return stage, np.hstack([scores, np.asarray(weighted @ stage.vectors), inputs.numbers])


def _vectors(words: csr_matrix, start: int, end: int) -> Floats:
    """Return a vector for each column of `words` between the places, zero for others: the strongest directions.

    They are those of a singular value decomposition, found by iterating a subspace from a fixed beginning, so that each
    run finds the same; their signs are those in which the largest entry is above zero.
    """
    found, block = np.zeros((words.shape[1], VECTORS)), words[:, start:end]
    width = min(VECTORS + _MORE, *block.shape)
    if width == 0:
        return found
    basis = np.random.default_rng(0).standard_normal((end - start, width))
    for _ in range(_ITERATIONS):
        basis, _ = np.linalg.qr(block.T @ (block @ basis))
    seen = block @ basis
    strengths, mix = np.linalg.eigh(seen.T @ seen)
    strong = np.flatnonzero(strengths > strengths[-1] * _WEAK)[::-1][:VECTORS]
    directions = basis @ mix[:, strong]
    largest = np.take_along_axis(directions, np.abs(directions).argmax(axis=0)[None], axis=0)
    found[start:end, : len(strong)] = directions * np.sign(largest)
    return found


def _kept(counts: csr_matrix) -> npt.NDArray[np.int64]:
    """Return the indices with weights of their own that enough prompts hold."""
    prompts = np.asarray((counts[:, :LEARNT] > 0).sum(axis=0)).ravel()
    enough = np.zeros(LEARNT, dtype=bool)
    bounds = block_bounds()
    for name, start, end in zip(BLOCKS[:AROUND], bounds, bounds[1:], strict=False):
        enough[start:end] = prompts[start:end] >= MIN_PROMPTS[name]
    return np.flatnonzero(enough)


def _of_lengths(counts: csr_matrix, kept: npt.NDArray[np.int64], idf: Floats) -> csr_matrix:
    """Return the kept counts times idf, block by block over the root of the sum of counts times idf squared.

    That sum adds up over words just as the weights do, which is what lets serving remember both for each word. Words
    around the ask are added to the columns of words.
    """
    edges, blocks = np.searchsorted(kept, block_bounds()), []
    for place, name in enumerate(BLOCKS[:AROUND]):
        inside = slice(edges[place], edges[place + 1])
        blocks.append(_of_length(counts[:, kept[inside]], idf[inside], model.BLOCK_SCALES[name]))
    inside = slice(edges[WORDS], edges[WORDS + 1])
    around = _of_length(counts[:, kept[inside] + SHIFT], idf[inside], model.BLOCK_SCALES[BLOCKS[AROUND]])
    blocks[WORDS] = blocks[WORDS] + around
    return hstack(blocks).tocsr()


def _of_length(counts: csr_matrix, idf: Floats, scale: float) -> csr_matrix:
    lengths = np.sqrt(counts @ np.square(idf))
    return counts.multiply(idf).multiply((scale / np.where(lengths > 0, lengths, 1.0))[:, None]).tocsr()


def export(stage: Stage, network: Network) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays of the artifact: row 0 of the tables is every unknown word."""
    known = np.zeros(LEARNT, dtype=bool)
    known[stage.kept] = True
    words = slice(*np.searchsorted(stage.kept, block_bounds()[WORDS : WORDS + 2]))
    table = np.zeros((len(stage.kept) + 1, 1 + len(SCORES)), dtype=np.float32)
    table[1:, 0] = stage.idf
    table[1:, 1:] = stage.words
    single = {
        "centre": stage.centre,
        "spread": stage.spread,
        "numbers": stage.numbers,
        "bias": stage.bias,
        "blocks": np.array([model.BLOCK_SCALES[name] for name in BLOCKS]),
        "hidden_bias": network.hidden_bias,
        "out_bias": network.out_bias,
        "direct": network.direct,
    }
    return {
        "known": np.packbits(known),
        "table": table,
        "vectors": stage.vectors[words].astype(np.float32),
        "hidden": network.hidden.astype(np.float16),
        "out": network.out.astype(np.float16),
        **{name: array.astype(np.float32) for name, array in single.items()},
    }


def _scale(numbers: Floats, centre: Floats, spread: Floats) -> Floats:
    return np.clip((numbers - centre) / spread, -CLIP, CLIP)
