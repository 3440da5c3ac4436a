"""What the words of a prompt weigh together: looked up word by word and added; numpy only.

The weight of a bag is a sum over its words over the root of another such sum (`features`, `training.fit`), so what a
word adds to both is remembered for each word. Numerically this is what the bag's indices would give, in half the time,
and most words of most prompts have been seen before.
"""

from collections.abc import Callable, Sequence
from functools import partial
from math import sqrt
from operator import truediv

import numpy as np
import numpy.typing as npt

from classifier.features import (
    AROUND,
    BLOCKS,
    CONTEXT,
    DIMENSIONS,
    ENDS,
    HEARD,
    OPENERS,
    PAIRS,
    WORDS,
    block_bounds,
    pairs_of,
    place_of_context,
    place_of_opener,
    places_of_word,
)
from classifier.lexicon import Remembered
from classifier.weights import Weights

REMEMBERED = 16_384
"""Words whose weights are kept at hand: about 5 MB."""

Floats = npt.NDArray[np.float32]

_TINY = (1e-12,) * len(BLOCKS)
_sum: Callable[[Floats], Floats] = partial(np.add.reduce, axis=0)  # ndarray.sum is a function in Python around it


class WordSums:
    """The weights of words, summed over the words of prompts: a score each, then a vector. For one thread.

    What is remembered of a word are three sums in a row: what it adds as a word, what its ends add, its vector. Each
    call of numpy costs a request that comes alone 5 to 10 us, whatever it computes: there are few of them.
    """

    def __init__(self, weights: Weights) -> None:
        """Take the weights of an artifact."""
        idf, edges = weights.idf, block_bounds()
        self._scores, vectors = weights.scores.shape[1], weights.vectors.shape[1]
        weighed = np.empty((len(idf), self._scores + 1), dtype=np.float32)
        weighed[:, :-1] = weights.scores * idf[:, None]
        weighed[:, -1] = idf * idf
        weighed[0] = 0.0  # what was not trained on
        self._weighed, self._rows = weighed, np.append(weights.rows, 0)  # no place at all: DIMENSIONS
        self._first, words = weights.first, len(weights.vectors) - 1
        self._vectors = weights.vectors.copy()
        self._vectors[1:] *= idf[self._first : self._first + words, None]
        self._pairs = np.ascontiguousarray(weighed[weights.rows[edges[PAIRS] : edges[PAIRS + 1]]])
        self._blocks = [float(weights.blocks[block]) for block in (WORDS, ENDS, PAIRS, CONTEXT, AROUND)]
        self._words: dict[str, bytes] = {}
        self._instructions: dict[tuple[str, ...], tuple[Floats, Floats]] = {}
        self._vector_at, self._width = 2 * (self._scores + 1), 2 * (self._scores + 1) + vectors
        self._nothing = np.zeros(self._scores + 1, dtype=np.float32)
        self._of_opener = Remembered(lambda token: self._learnt([(place_of_opener(token),)], [()])).__getitem__
        self._of_context = Remembered(lambda token: self._single(place_of_context(token))).__getitem__

    def of(self, ask: list[str], context: Sequence[str], around: tuple[str, ...]) -> tuple[Floats, Floats]:
        """Return the scores, behind which stands a number that means nothing, and the vector of the tokens of an ask.

        Of `context` there are scores only; `around` are those of its words that weigh what they would in the ask.
        """
        size = self._scores + 1
        total = self._total(ask)
        before, told = self._of_instructions(around) if around else (None, self._nothing)
        if context is not around:
            told = self._sum_of_context(context) if context else self._nothing
        sums = np.concatenate(
            (
                total[: self._vector_at],
                _sum(self._pairs.take(pairs_of(ask), axis=0)) if len(ask) > 1 else self._nothing,
                told,
                self._nothing if before is None else before[:size],
            )
        ).reshape(-1, size)
        factors = [*map(truediv, self._blocks, map(sqrt, map(max, sums[:, -1].tolist(), _TINY)))]
        vector = total[self._vector_at :] * factors[0]
        if before is not None:
            vector += before[self._vector_at :] * factors[-1]
        return np.array(factors, dtype=np.float32).dot(sums), vector

    def _of_instructions(self, tokens: tuple[str, ...]) -> tuple[Floats, Floats]:
        """Return what the tokens of instructions add as such, and as context: once for those of an application.

        Of a short prompt with a line of instructions that is a fifth of the time.
        """
        found = self._instructions.get(tokens)
        if found is None:
            if len(self._instructions) >= HEARD:
                self._instructions.clear()
            found = self._instructions[tokens] = self._total(tokens), self._sum_of_context(tokens)
        return found

    def _sum_of_context(self, context: Sequence[str]) -> Floats:
        content = b"".join(map(self._of_context, set(context)))
        return _sum(np.frombuffer(content, dtype=np.float32).reshape(-1, self._scores + 1))

    def _total(self, tokens: Sequence[str]) -> Floats:
        """Return the sums of what tokens add, the first of them as openers too."""
        words = self._weights_of(set(tokens))
        words += map(self._of_opener, tokens[:OPENERS])
        return _sum(np.frombuffer(b"".join(words), dtype=np.float32).reshape(-1, self._width))

    def _weights_of(self, words: set[str]) -> list[bytes]:
        """Return what each of some words adds."""
        found = [*map(self._words.get, words)]
        if None not in found:
            return found  # type: ignore[return-value]  # as was just seen
        learnt = self._learn([word for word, known in zip(words, found, strict=True) if known is None])
        return [known for known in found if known is not None] + learnt

    def _learn(self, unknown: list[str]) -> list[bytes]:
        """Return what words add that are not remembered, all in one go, and remember it from now on."""
        own, ends = zip(*map(places_of_word, unknown), strict=True)
        content, width = self._learnt(own, ends), 4 * self._width
        learnt = [content[at : at + width] for at in range(0, len(content), width)]
        if len(self._words) + len(unknown) > REMEMBERED:
            self._words.clear()
        self._words.update(zip(unknown, learnt, strict=True))
        return learnt

    def _learnt(self, own: Sequence[tuple[int, ...]], ends: Sequence[tuple[int, ...]]) -> bytes:
        """Return what words add that have these places of their `own` and these of their `ends`, one after another."""
        size = self._scores + 1
        found = np.empty((len(own), self._width), dtype=np.float32)
        rows, starts = self._rows_of(own)
        np.add.reduceat(self._weighed.take(rows, axis=0), starts, axis=0, out=found[:, :size])
        places = np.maximum(rows - (self._first - 1), 0)
        np.add.reduceat(self._vectors.take(places, axis=0), starts, axis=0, out=found[:, self._vector_at :])
        rows, starts = self._rows_of(ends)
        np.add.reduceat(self._weighed.take(rows, axis=0), starts, axis=0, out=found[:, size : self._vector_at])
        return found.tobytes()

    def _rows_of(self, places: Sequence[tuple[int, ...]]) -> tuple[npt.NDArray[np.int64], list[int]]:
        """Return the rows of all places one after another, an unknown one for none, and where each begins."""
        flat: list[int] = []
        starts: list[int] = []
        for some in places:
            starts.append(len(flat))
            flat += some or (DIMENSIONS,)
        return self._rows.take(flat), starts

    def _single(self, place: int) -> bytes:
        """Return what one place adds."""
        weights: Floats = self._weighed[self._rows[place]]
        return weights.tobytes()
