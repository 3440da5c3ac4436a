"""What the words of a prompt weigh together: looked up word by word and added; numpy only.

The weight of a bag is a sum over its words over the root of another such sum (`features`, `training.fit`), so what a
word adds to both is remembered for each word. Numerically this is what the bag's indices would give, in half the time,
and most words of most prompts have been seen before.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from classifier.features import (
    BLOCKS,
    CONTEXT,
    DIMENSIONS,
    ENDS,
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

REMEMBERED = 16_384
"""Words whose weights are kept at hand: about 5 MB."""

Floats = npt.NDArray[np.float32]

_TINY = np.array(1e-12, dtype=np.float32)


class WordSums:
    """The weights of a table, a column for each output, summed over the words of prompts. For one thread."""

    def __init__(self, rows: npt.NDArray[np.uint16], idf: Floats, weights: npt.NDArray[Any], blocks: Floats) -> None:
        """Take the row of each place, each row's idf and weights (rows, outputs), and the scale of each of BLOCKS."""
        self._outputs = weights.shape[1]
        weighed = np.empty((len(idf), self._outputs + 1), dtype=np.float32)
        weighed[:, :-1] = weights * idf[:, None]
        weighed[:, -1] = idf * idf
        weighed[0] = 0.0  # what was not trained on
        edges = block_bounds()
        self._weighed, self._rows = weighed, np.append(rows, np.uint16(0))  # no place at all: DIMENSIONS
        self._pairs = np.ascontiguousarray(weighed[rows[edges[PAIRS] : edges[PAIRS + 1]]])
        self._blocks = np.asarray(blocks, dtype=np.float32)[[WORDS, ENDS, PAIRS, CONTEXT]]
        self._words: dict[str, bytes] = {}
        nothing = bytes(weighed.itemsize * (self._outputs + 1))
        self._of_opener = Remembered(lambda token: self._single(place_of_opener(token)) + nothing).__getitem__
        self._of_context = Remembered(lambda token: self._single(place_of_context(token))).__getitem__

    def of(self, ask: list[str], context: Sequence[str]) -> Floats:
        """Return the outputs (n,) for the tokens of an ask and of what stands around it."""
        sums = np.zeros((len(BLOCKS), self._outputs + 1), dtype=np.float32)
        words = self._weights_of(set(ask))
        words += map(self._of_opener, ask[:OPENERS])
        np.frombuffer(b"".join(words), dtype=np.float32).reshape(-1, 2, self._outputs + 1).sum(axis=0, out=sums[:2])
        self._pairs.take(pairs_of(ask), axis=0).sum(axis=0, out=sums[2])
        if context:
            around = b"".join(map(self._of_context, set(context)))
            np.frombuffer(around, dtype=np.float32).reshape(-1, self._outputs + 1).sum(axis=0, out=sums[3])
        lengths = sums[:, -1]
        np.maximum(lengths, _TINY, out=lengths)
        np.sqrt(lengths, out=lengths)
        found: Floats = (self._blocks / lengths).dot(sums[:, :-1])
        return found

    def _weights_of(self, words: set[str]) -> list[bytes]:
        """Return what each of some words adds: as a word, then by its ends."""
        found = [*map(self._words.get, words)]
        if None in found:
            self._learn([word for word, known in zip(words, found, strict=True) if known is None], words)
        return [*map(self._words.__getitem__, words)] if None in found else found  # type: ignore[return-value]

    def _learn(self, unknown: list[str], words: set[str]) -> None:
        """Remember what the `unknown` among some words add, all in one go; when it is too much, these words only."""
        if len(self._words) + len(unknown) > REMEMBERED:
            self._words.clear()
            unknown = [*words]
        places: list[int] = []
        starts: list[int] = []
        for word in unknown:
            own, ends = places_of_word(word)
            starts += (len(places), len(places) + len(own))
            places += own
            places += ends or (DIMENSIONS,)
        sums = np.add.reduceat(self._weighed.take(self._rows.take(places), axis=0), starts, axis=0)
        content, width = sums.tobytes(), 2 * sums.itemsize * sums.shape[1]
        for at, word in enumerate(unknown):
            self._words[word] = content[at * width : (at + 1) * width]

    def _single(self, place: int) -> bytes:
        """Return what one place adds."""
        weights: Floats = self._weighed[self._rows[place]]
        return weights.tobytes()
