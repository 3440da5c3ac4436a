"""Text to numbers, from one pass over the tokens: the same code in training and in serving; pure, numpy only.

A prompt becomes a bag of hashed words, word pairs, words of the context and ends of words (indices into a table of
DIMENSIONS rows, with counts) and a short vector of handcrafted numbers (NUMBERS names them). Training fits weights on
both, serving looks them up.
"""

import hashlib
from typing import NamedTuple
from zlib import crc32

import numpy as np
import numpy.typing as npt

from classifier.lexicon import LEXICONS, Remembered, plain, tokens_of
from classifier.numbers import NUMBERS, numbers
from classifier.prompt import Prompt

BLOCKS = ("pairs", "words", "context", "ends")
_BITS = (15, 16, 13, 14)
_OFFSETS = tuple(sum(1 << bits for bits in _BITS[:place]) for place in range(len(_BITS) + 1))
DIMENSIONS = _OFFSETS[-1]
"""Each block of the bag has a range of its own: BLOCKS one after the other, 2 ** bits rows each."""

_WORDS, _CONTEXT, _ENDS = 1, 2, 3
"""Places of the blocks that are made of single tokens. That of pairs is first, so that theirs need no offset."""

_STEM = 5
_OPENERS = 3
_MASK = 0xFFFFFFFF
_MIX = 0x9E3779B1
_PAIR = 0x85EBCA6B
_STEM_SALT = 0x1B873593
_OPENER_SALT = 0x27D4EB2F
_SHORT_END, _LONG_END = 3, 4
_FIRST, _LAST = "^", "$"
"""Marks of a beginning and an end of a word; no token holds them."""


def _constant(value: int) -> npt.NDArray[np.uint32]:
    """Return a number as numpy likes it best beside a short array: a third quicker than a scalar of any kind."""
    return np.array(value & _MASK, dtype=np.uint32)


_PAIR_FACTOR, _PAIR_SHIFT = map(_constant, (_PAIR, 32 - _BITS[0]))
_BOUNDS = np.array(_OFFSETS, dtype=np.uint32)

FloatArray = npt.NDArray[np.float32]
Indices = npt.NDArray[np.uint32]
Counts = npt.NDArray[np.int64]


class Features(NamedTuple):
    """One prompt as numbers: `indices` (sorted, unique, below DIMENSIONS) with their `counts`, and `numbers`.

    `bounds` are the places in `indices` where each of BLOCKS begins, and the end.
    """

    indices: Indices
    counts: Counts
    bounds: Counts
    numbers: FloatArray


def block_bounds() -> tuple[int, ...]:
    """Return where the index range of each of BLOCKS begins, and DIMENSIONS."""
    return _OFFSETS


def _place(number: int, block: int) -> int:
    """Return where in the table a 32-bit hash of a block belongs."""
    return ((number * _MIX & _MASK) >> (32 - _BITS[block])) + _OFFSETS[block]


def _as_word(token: str) -> tuple[int, ...]:
    """Return the places of a word of the ask and, if it is long enough, of its stem and its ends.

    The ends know a word that was never seen by how it begins and how it closes, and most misspelt words too.
    """
    word = _place(crc32(token.encode()), _WORDS)
    if len(token) <= _SHORT_END:
        return (word,)
    sizes = (_SHORT_END,) if len(token) <= _STEM else (_SHORT_END, _LONG_END)
    ends = [piece for size in sizes for piece in (_FIRST + token[:size], _LAST + token[-size:])]
    stem = () if len(token) <= _STEM else (_place(crc32(token[:_STEM].encode()) ^ _STEM_SALT, _WORDS),)
    return (word, *stem, *(_place(crc32(end.encode()), _ENDS) for end in ends))


_words_of = Remembered(_as_word).__getitem__
_half_of = Remembered(lambda token: (crc32(token.encode()) * _MIX & _MASK,)).__getitem__
_opener_of = Remembered(lambda token: (_place(crc32(token.encode()) ^ _OPENER_SALT, _WORDS),)).__getitem__
_context_of = Remembered(lambda token: (_place(crc32(token.encode()), _CONTEXT),)).__getitem__


def extract(prompt: Prompt) -> Features:
    """Return the features of a prompt; any text is fine, the empty one too."""
    reading = prompt.reading()
    ask = tokens_of(plain(reading.ask))
    after = tokens_of(plain(reading.after)) if reading.after else []
    before = tokens_of(plain(reading.before)) if reading.before else []
    pieces = [*map(_words_of, ask), *map(_opener_of, ask[:_OPENERS])]
    if after or before or reading.system:
        pieces += map(_context_of, (*after, *before, *tokens_of(plain(reading.system))))
    indices, counts = _bag(b"".join(pieces), _pairs(ask))
    return Features(indices, counts, indices.searchsorted(_BOUNDS), numbers(reading, ask, after, before))


def _bag(single: bytes, pairs: Indices) -> tuple[Indices, Counts]:
    """Return the sorted unique indices and their counts, from those of single tokens and those of pairs.

    All blocks go through one sort, since every numpy call costs as much as hundreds of these numbers.
    """
    places = np.concatenate((np.frombuffer(single, dtype=np.uint32), pairs))
    places.sort()
    edges = np.empty(len(places) + 1, dtype=np.bool_)
    edges[0] = edges[-1] = True
    np.not_equal(places[1:], places[:-1], out=edges[1:-1])
    first = edges.nonzero()[0]
    return places.take(first[:-1]), first[1:] - first[:-1]


def _pairs(tokens: list[str]) -> Indices:
    """Return the place of every two words in a row."""
    halves = np.frombuffer(b"".join(map(_half_of, tokens)), dtype=np.uint32)
    pairs = halves[:-1] * _PAIR_FACTOR
    pairs += halves[1:]
    pairs >>= _PAIR_SHIFT
    return pairs


_PROBES = (
    "",
    "Fix the bug below in 3 lines:\n```py\nx = [1, 2]\n```",
    "证明 √2 是无理数 и объясни, почему; مرحبا नमस्ते สวัสดี",
    'Translate "été" for me, please! Is it (a) or (b)? ' * 150,
)


def fingerprint() -> str:
    """Return 16 hex digits that change when the features of any probe text, or their definition, change."""
    digest = hashlib.sha256(f"{_BITS} {NUMBERS}".encode())
    for words in LEXICONS.values():
        digest.update(" ".join(sorted(words)).encode())
    for probe in _PROBES:
        turns = (("system", "Be brief."), ("user", "hi"), ("assistant", probe), ("user", probe), ("tool", "error: 1"))
        found = extract(Prompt.of(turns))
        digest.update(found.indices.tobytes() + found.counts.tobytes())
        digest.update(np.rint(found.numbers * 1000).astype(np.int32).tobytes())
    return digest.hexdigest()[:16]
