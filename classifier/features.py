"""Text to numbers, from one pass over the tokens: the same code in training and in serving; pure, numpy only.

A prompt becomes a bag of hashed words, word pairs, words of the context and groups of four characters (indices into a
table of DIMENSIONS rows, with counts) and a short vector of handcrafted numbers (NUMBERS names them). Training fits
weights on both, serving looks them up.
"""

import hashlib
from typing import NamedTuple
from zlib import crc32

import numpy as np
import numpy.typing as npt

from classifier.lexicon import LEXICONS, Remembered, plain, tokens_of
from classifier.numbers import NUMBERS, numbers
from classifier.prompt import Prompt

BLOCKS = ("words", "pairs", "context", "characters")
_BITS = (16, 15, 14, 14)
_OFFSETS = tuple(sum(1 << bits for bits in _BITS[:place]) for place in range(len(_BITS) + 1))
DIMENSIONS = _OFFSETS[-1]
"""Each block of the bag has a range of its own: BLOCKS one after the other, 2 ** bits rows each."""

_STEM = 5
_OPENERS = 3
_MASK = 0xFFFFFFFF
_MIX = 0x9E3779B1
_PAIR = 0x85EBCA6B
_STEM_SALT = 0x1B873593
_OPENER_SALT = 0x27D4EB2F
_GRAM_FACTOR = 0x01000193


def _constant(value: int) -> npt.NDArray[np.uint32]:
    """Return a number as numpy likes it best beside a short array: a third quicker than a scalar of any kind."""
    return np.array(value & _MASK, dtype=np.uint32)


_PAIR_FACTOR, _PAIR_SHIFT, _PAIR_START = map(_constant, (_PAIR, 32 - _BITS[1], _OFFSETS[1]))
_GRAM_SHIFT, _GRAM_START = map(_constant, (32 - _BITS[3], _OFFSETS[3]))
_GRAM_1, _GRAM_2, _GRAM_LAST = map(_constant, (_GRAM_FACTOR, _GRAM_FACTOR**2, _PAIR * _MIX))
_BOUNDS = np.array(_OFFSETS, dtype=np.int64)

FloatArray = npt.NDArray[np.float32]


class Features(NamedTuple):
    """One prompt as numbers: `indices` (sorted, unique, below DIMENSIONS) with their `counts`, and `numbers`.

    `bounds` are the places in `indices` where each of BLOCKS begins, and the end.
    """

    indices: npt.NDArray[np.int64]
    counts: FloatArray
    bounds: npt.NDArray[np.int64]
    numbers: FloatArray


def block_bounds() -> tuple[int, ...]:
    """Return where the index range of each of BLOCKS begins, and DIMENSIONS."""
    return _OFFSETS


def _place(number: int, block: int) -> int:
    """Return where in the table a 32-bit hash of a block belongs."""
    return (number * _MIX & _MASK) >> (32 - _BITS[block]) | _OFFSETS[block]


def _as_word(token: str) -> tuple[int, ...]:
    """Return the places of a word of the ask and, if it is long enough, of its stem."""
    word = _place(crc32(token.encode()), 0)
    return (word,) if len(token) <= _STEM else (word, _place(crc32(token[:_STEM].encode()) ^ _STEM_SALT, 0))


_words_of = Remembered(_as_word).__getitem__
_half_of = Remembered(lambda token: (crc32(token.encode()) * _MIX & _MASK,)).__getitem__
_opener_of = Remembered(lambda token: (_place(crc32(token.encode()) ^ _OPENER_SALT, 0),)).__getitem__
_context_of = Remembered(lambda token: (_place(crc32(token.encode()), 2),)).__getitem__


def extract(prompt: Prompt) -> Features:
    """Return the features of a prompt; any text is fine, the empty one too."""
    reading = prompt.reading()
    text = plain(reading.ask)
    ask = tokens_of(text)
    after, before, system = (
        tokens_of(plain(part)) if part else [] for part in (reading.after, reading.before, reading.system)
    )
    indices, counts, bounds = _bag(text, ask, (*after, *before, *system))
    return Features(indices=indices, counts=counts, bounds=bounds, numbers=numbers(reading, ask, after, before))


def _bag(
    text: str, ask: list[str], context: tuple[str, ...]
) -> tuple[npt.NDArray[np.int64], FloatArray, npt.NDArray[np.int64]]:
    """Return the sorted unique indices, their counts, and where each block begins in them.

    All four blocks go through one sort, since every numpy call costs as much as hundreds of these numbers.
    """
    single = b"".join([*map(_words_of, ask), *map(_opener_of, ask[:_OPENERS]), *map(_context_of, context)])
    places = np.concatenate((np.frombuffer(single, dtype=np.uint32), _pairs(ask), _grams(text)))
    places.sort()
    edges = np.empty(len(places) + 1, dtype=np.bool_)
    edges[0] = edges[-1] = True
    np.not_equal(places[1:], places[:-1], out=edges[1:-1])
    first = edges.nonzero()[0]
    indices = places.take(first[:-1]).astype(np.int64)
    return indices, (first[1:] - first[:-1]).astype(np.float32), indices.searchsorted(_BOUNDS)


def _pairs(tokens: list[str]) -> npt.NDArray[np.uint32]:
    """Return the place of every two words in a row."""
    halves = np.frombuffer(b"".join(map(_half_of, tokens)), dtype=np.uint32)
    pairs = halves[:-1] * _PAIR_FACTOR
    pairs += halves[1:]
    pairs >>= _PAIR_SHIFT
    pairs += _PAIR_START
    return pairs


def _grams(text: str) -> npt.NDArray[np.uint32]:
    """Return the place of every four characters in a row; none when the text is shorter."""
    if text.isascii():
        letters = np.frombuffer(text.encode(), dtype=np.uint8).astype(np.uint32)
    else:
        letters = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    twos = letters[:-1] * _GRAM_1
    twos += letters[1:]
    fours = twos[:-2] * _GRAM_2
    fours += twos[2:]
    fours *= _GRAM_LAST
    fours >>= _GRAM_SHIFT
    fours += _GRAM_START
    return fours


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
