"""The arrays of an artifact as serving and explaining use them: checked, looked up by place; numpy only.

First stage: each place of the bag (`features`) has an idf and a weight for each of SCORES, words of the ask also a
vector; the numbers have weights. Second stage: one hidden layer sees the scores, the sum of the vectors and the scaled
numbers, and gives a logit for each of HEADS and of the domains.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from classifier.artifact import ArtifactInvalid
from classifier.assessment import DOMAINS
from classifier.features import BLOCKS, LEARNT, WORDS, block_bounds
from classifier.numbers import NUMBERS

SCORES = ("tier", "medium", "hard", "missing", "unclear", *(f"domain_{name}" for name in DOMAINS))
"""The first stage: the tier as a number, medium or hard, hard, ambiguity high, ambiguity med or high, the domains."""

VECTORS = 8
"""How many numbers each word of the ask has that say what it is about."""

HEADS = ("medium", "hard", "missing", "unclear")
"""The second stage, calibrated logits: P(medium or hard), P(hard), P(ambiguity high), P(ambiguity med or high)."""

LEAST_GAP = 1.0
"""The logits of medium or hard and of hard are at least so far apart, or P(medium) would vanish where they disagree."""

LARGEST = 1e6
"""No weight, centre or spread is larger, and no spread smaller than one by it: their sums and products are finite."""

CLIP = 4.0
"""Handcrafted numbers are cut at this many standard deviations."""

FIX = "train it again with `python -m classifier.training`"
_INPUTS = len(SCORES) + VECTORS + len(NUMBERS)

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Both stages. `rows` (DIMENSIONS,) is the row of each place in `idf` and `scores`, 0 for what was not trained on.

    Words around the ask have the rows of words. The vector of the word in row `first` + n is that in row n + 1 of
    `vectors`, whose row 0 is zero. `hidden` takes the scores, the sum of vectors and the numbers after `centre` and
    `spread`; `direct` takes the scores past it.
    """

    rows: npt.NDArray[np.int64]
    idf: Floats
    scores: Floats
    vectors: Floats
    first: int
    centre: Floats
    spread: Floats
    numbers: Floats
    bias: Floats
    blocks: Floats
    hidden: Floats
    hidden_bias: Floats
    out: Floats
    out_bias: Floats
    direct: Floats


def weights_of(arrays: Mapping[str, npt.NDArray[Any]]) -> Weights:
    """Return the arrays of an artifact as weights; ArtifactInvalid when one is missing or does not fit the others."""
    _check_shapes(arrays)
    known = np.unpackbits(arrays["known"])
    edges = block_bounds()
    rows = np.where(known > 0, np.cumsum(known, dtype=np.int64), 0)
    words = int(known[edges[WORDS] : edges[WORDS + 1]].sum())
    rows = np.concatenate((rows, rows[edges[WORDS] : edges[WORDS + 1]]))
    if (
        len(arrays["table"]) != 1 + known.sum()
        or len(arrays["vectors"]) != words
        or not (arrays["spread"] >= 1 / LARGEST).all()
    ):
        raise ArtifactInvalid("the artifact's tables do not fit its index", FIX)
    if any(float(np.abs(arrays[name]).max(initial=0)) > LARGEST for name in _SHAPES):
        raise ArtifactInvalid("the artifact's weights do not fit: one is too large for sums of them to be numbers", FIX)
    table = np.asarray(arrays["table"], dtype=np.float32)
    nothing = np.zeros((1, VECTORS), dtype=np.float32)
    rest = {name: np.asarray(arrays[name], dtype=np.float32) for name in _SHAPES if name not in ("table", "vectors")}
    return Weights(
        rows=rows,
        idf=np.ascontiguousarray(table[:, 0]),
        scores=np.ascontiguousarray(table[:, 1:]),
        vectors=np.concatenate((nothing, arrays["vectors"])).astype(np.float32, copy=False),
        first=1 + int(known[: edges[WORDS]].sum()),
        **rest,
    )


_SHAPES: Mapping[str, tuple[int | None, ...]] = {
    "table": (None, 1 + len(SCORES)),
    "vectors": (None, VECTORS),
    "centre": (len(NUMBERS),),
    "spread": (len(NUMBERS),),
    "numbers": (len(NUMBERS), len(SCORES)),
    "bias": (len(SCORES),),
    "blocks": (len(BLOCKS),),
    "hidden": (_INPUTS, None),
    "hidden_bias": (None,),
    "out": (None, len(HEADS) + len(DOMAINS)),
    "out_bias": (len(HEADS) + len(DOMAINS),),
    "direct": (len(SCORES), len(HEADS) + len(DOMAINS)),
}
"""What each array must be; None is any number."""


def _check_shapes(arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Raise ArtifactInvalid when an array is missing or has the wrong shape."""
    found = {name: array.shape for name, array in arrays.items()}
    units = found.get("hidden", ())[-1:] or (0,)
    expected = {**_SHAPES, "known": (LEARNT // 8,), "hidden_bias": units, "out": (*units, _SHAPES["out"][1])}
    for name, shape in expected.items():
        has = found.get(name)
        fits = has is not None and len(has) == len(shape)
        if not fits or any(one not in (None, size) for one, size in zip(shape, has or (), strict=True)):
            raise ArtifactInvalid(f"the artifact's '{name}' should have the shape {shape}, not {has or 'nothing'}", FIX)
