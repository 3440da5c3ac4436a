"""Text to numbers, from one pass over the tokens: the same code in training and in serving; pure, numpy only.

A prompt becomes a bag of hashed words, word pairs, words of the context and groups of four characters (indices into a
table of DIMENSIONS rows, with counts) and a short vector of handcrafted numbers (NUMBERS names them). Training fits
weights on both, serving looks them up.
"""

import hashlib
import math
from typing import NamedTuple
from zlib import crc32

import numpy as np
import numpy.typing as npt

from classifier.lexicon import FAILURES, KINDS, LEXICONS, SUCCESSES, kinds_among, plain, tokens_of
from classifier.prompt import Prompt, Reading

BLOCKS = ("words", "pairs", "context", "characters")
_BITS = (16, 15, 14, 14)
_OFFSETS = tuple(sum(1 << bits for bits in _BITS[:place]) for place in range(len(_BITS) + 1))
_SHIFTS = np.array([32 - bits for bits in _BITS], dtype=np.uint32)
_STARTS = np.array(_OFFSETS[:-1], dtype=np.uint32)
DIMENSIONS = _OFFSETS[-1]
"""Each block of the bag has a range of its own: BLOCKS one after the other, 2 ** bits rows each."""

_GRAM = 4
_STEM = 5
_LONG = 8
_OPENERS = 3
_MIX = np.uint32(0x9E3779B1)
_PAIR = np.uint32(0x85EBCA6B)
_STEM_SALT = np.uint32(0x1B873593)
_OPENER_SALT = np.uint32(0x27D4EB2F)
_GRAM_FACTOR = np.uint32(0x01000193)
_NO_HASHES = np.zeros(0, dtype=np.uint32)

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


def extract(prompt: Prompt) -> Features:
    """Return the features of a prompt; any text is fine, the empty one too."""
    reading = prompt.reading()
    text = plain(reading.ask)
    ask = tokens_of(text)
    after, before, system = (
        tokens_of(plain(part)) if part else [] for part in (reading.after, reading.before, reading.system)
    )
    indices, counts, bounds = _bag(text, ask, after + before + system)
    return Features(indices=indices, counts=counts, bounds=bounds, numbers=_numbers(reading, ask, after, before))


def _bag(
    text: str, ask: list[str], context: list[str]
) -> tuple[npt.NDArray[np.int64], FloatArray, npt.NDArray[np.int64]]:
    """Return the sorted unique indices, their counts, and where each block begins in them.

    All four blocks go through each step together and the unique indices come out of one sort: a third of the time of
    doing it block by block with np.unique, since every numpy call costs as much as hundreds of these numbers.
    """
    stems = [word[:_STEM] for word in ask if len(word) > _STEM]
    hashes = _hashes([*ask, *stems, *context])
    words, rest = hashes[: len(ask)], len(ask) + len(stems)
    openers, grams = words[:_OPENERS] ^ _OPENER_SALT, _grams(text)
    places = np.concatenate(
        (words, hashes[len(ask) : rest] ^ _STEM_SALT, openers, words[:-1] * _PAIR + words[1:], hashes[rest:], grams)
    )
    lengths = (rest + len(openers), max(0, len(ask) - 1), len(context), len(grams))
    places *= _MIX
    places >>= np.repeat(_SHIFTS, lengths)
    places += np.repeat(_STARTS, lengths)
    places.sort()
    edges = np.ones(len(places) + 1, dtype=np.bool_)
    np.not_equal(places[1:], places[:-1], out=edges[1:-1])
    first = edges.nonzero()[0]
    indices = places[first[:-1]].astype(np.int64)
    return indices, (first[1:] - first[:-1]).astype(np.float32), indices.searchsorted(_OFFSETS)


def _hashes(tokens: list[str]) -> npt.NDArray[np.uint32]:
    """Return one 32-bit hash a token."""
    if not tokens:
        return _NO_HASHES
    return np.array([*map(crc32, "\n".join(tokens).encode().split(b"\n"))], dtype=np.uint32)


def _grams(text: str) -> npt.NDArray[np.uint32]:
    """Return one 32-bit hash for every four consecutive characters; none when the text is shorter."""
    letters = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    count = max(0, len(letters) - _GRAM + 1)
    hashes = letters[:count].copy()
    for place in range(1, _GRAM):
        hashes *= _GRAM_FACTOR
        hashes += letters[place : place + count]
    hashes *= _PAIR
    return hashes


def _numbers(reading: Reading, ask: list[str], after: list[str], before: list[str]) -> FloatArray:
    """Return the handcrafted numbers in the order of NUMBERS."""
    octets = np.frombuffer(reading.ask.encode("utf-8", "surrogatepass"), dtype=np.uint8)
    histogram = np.bincount(octets, minlength=128).tolist()
    seen = set(ask)
    found = kinds_among(seen)
    values = (
        *_sizes(reading, ask, len(seen), histogram),
        *_marks(reading.ask, histogram, len(octets)),
        *_words(found, len(seen)),
        *_missing(reading, ask, found),
        *_conversation(reading, ask, after, before),
    )
    return np.array(values, dtype=np.float32)


_SIZES = (
    "log_ask_chars",
    "log_words",
    "log_words_squared",
    "word_length",
    "long_words",
    "distinct_words",
    "lines",
    "sentence_words",
    "log_all_chars",
)


def _sizes(reading: Reading, ask: list[str], distinct: int, histogram: list[int]) -> tuple[float, ...]:
    words = len(ask)
    chars = len(reading.ask)
    log_words = math.log1p(words)
    ends = sum(histogram[mark] for mark in _ENDS) + reading.ask.count("。") + 1
    return (
        math.log1p(min(reading.ask_chars, 100_000)),
        log_words,
        log_words * log_words,
        len("".join(ask)) / (words + 1),
        len([word for word in ask if len(word) > _LONG]) / (words + 1),
        distinct / (words + 1),
        math.log1p(histogram[ord("\n")]),
        math.log1p(words / ends),
        math.log1p(min(reading.all_chars, 200_000)) - math.log1p(min(chars, 200_000)),
    )


_COUNTED = tuple("?!,;:({=$\\^*`</_\"'%#|-")
_MARKS = (*(f"mark_{ord(mark)}" for mark in _COUNTED), "digits", "capitals", "fenced", "not_ascii", "wide")


_COUNTED_OCTETS = tuple(map(ord, _COUNTED))
_ENDS = tuple(map(ord, ".?!"))


def _marks(text: str, histogram: list[int], octets: int) -> tuple[float, ...]:
    """Return what the marks, digits and capitals of a text weigh; `histogram` counts its octets in UTF-8."""
    size = len(text) + 20
    wide = octets - len(text)
    return (
        *[math.log1p(histogram[mark]) for mark in _COUNTED_OCTETS],
        sum(histogram[48:58]) / size,
        sum(histogram[65:91]) / size,
        float("```" in text),
        float(wide > 0),
        wide / size,
    )


_WORDS = tuple(f"{kind}_{name}" for name in LEXICONS for kind in ("any", "share"))


def _words(found: list[int], distinct: int) -> list[float]:
    values: list[float] = []
    for count in found:
        values += (math.log1p(count), count / (distinct + 3))
    return values


_POINTERS, _HOLDERS, _TRANSFORMS = (KINDS.index(name) for name in ("pointers", "holders", "transforms"))


_MISSING = (
    "short_pointer",
    "pointer_to_holder",
    "transform_of_nothing",
    "ends_open",
    "has_body",
    "starts_with_transform",
    "placeholder",
)


def _missing(reading: Reading, ask: list[str], found: list[int]) -> tuple[float, ...]:
    """Return hints that the ask points at something which is not there."""
    text = reading.ask
    body = "\n" in text.strip() or "```" in text or text.count('"') > 1 or ": " in text or "「" in text or "«" in text
    pointer, holder, transform = found[_POINTERS] > 0, found[_HOLDERS] > 0, found[_TRANSFORMS] > 0
    alone = not body and not reading.before and not reading.after and not reading.images
    return (
        float(pointer and alone and len(ask) < 25),
        float(holder and alone and len(ask) < 40),
        float(transform and alone and (pointer or holder)),
        float(text.endswith((":", "：", "..."))),
        float(body),
        float(bool(ask) and ask[0] in LEXICONS["transforms"]),
        float("[" in text and "]" in text and not body),
    )


_CONVERSATION = (
    "log_turns",
    "log_user_turns",
    "log_tool_results",
    "log_tail_tools",
    "has_system",
    "has_before",
    "ends_with_tool",
    "log_after_words",
    "log_before_words",
    "failures_after",
    "successes_after",
    "failures_before",
    "short_after_long",
    "tools",
    "images",
    "json_output",
    "empty",
)


def _conversation(reading: Reading, ask: list[str], after: list[str], before: list[str]) -> tuple[float, ...]:
    seen_after = set(after)
    return (
        math.log1p(min(reading.turns, 200)),
        math.log1p(reading.user_turns),
        math.log1p(reading.tool_results),
        math.log1p(reading.tail_tools),
        float(bool(reading.system)),
        float(bool(reading.before)),
        float(reading.last_role in ("tool", "function")),
        math.log1p(len(after)),
        math.log1p(len(before)),
        math.log1p(len(FAILURES & seen_after)),
        math.log1p(len(SUCCESSES & seen_after)),
        math.log1p(len(FAILURES & set(before))),
        float(len(ask) < 8 and len(before) > 20),
        math.log1p(min(reading.tools, 100)),
        math.log1p(min(reading.images, 100)),
        float(reading.json_output),
        float(not ask),
    )


NUMBERS = _SIZES + _MARKS + _WORDS + _MISSING + _CONVERSATION
"""The names of the handcrafted numbers, in their order."""

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
