"""Text to numbers, from one pass over the tokens: the same code in training and in serving; pure, numpy only.

A prompt becomes a bag of hashed words, word pairs, words of the context and groups of four characters (indices into a
table of DIMENSIONS rows, with counts) and a short vector of handcrafted numbers (NUMBERS names them). Training fits
weights on both, serving looks them up.
"""

import hashlib
import math
import re
import unicodedata
from typing import NamedTuple
from zlib import crc32

import numpy as np
import numpy.typing as npt

from classifier.lexicon import FAILURES, LEXICONS, SUCCESSES
from classifier.prompt import Prompt, Reading

BLOCKS = ("words", "pairs", "context", "characters")
_BITS = (16, 15, 14, 14)
_OFFSETS = tuple(sum(1 << bits for bits in _BITS[:place]) for place in range(len(_BITS) + 1))
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
_DIGITS = str.maketrans("123456789", "000000000")
_ASCII_TOKEN = re.compile("[a-z0-9_]+")
_TOKEN = re.compile(
    "[a-z0-9_\u00c0-\u024f]+"  # words of the Latin script
    "|[\u0300-\u060b\u060d-\u061a\u0620-\u066a\u066e-\u06d3\u06d5-\u0963\u0966-\u0dff\u0e80-\u1fff]+"  # spaced scripts
    "|[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]"  # unspaced ones, by character
)

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


def plain(text: str) -> str:
    """Return an already clipped text as tokens and characters are read: composed, lower case, digits as zeros."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    return text.lower().translate(_DIGITS)


def tokens_of(text: str) -> list[str]:
    """Return the tokens of a plain text: words, and single characters where a script has no spaces."""
    return (_ASCII_TOKEN if text.isascii() else _TOKEN).findall(text)


def extract(prompt: Prompt) -> Features:
    """Return the features of a prompt; any text is fine, the empty one too."""
    reading = prompt.reading()
    text = plain(reading.ask)
    ask, after, before = tokens_of(text), tokens_of(plain(reading.after)), tokens_of(plain(reading.before))
    context = after + before + tokens_of(plain(reading.system))
    indices, counts = _bag(text, ask, context)
    return Features(
        indices=indices,
        counts=counts,
        bounds=np.searchsorted(indices, _OFFSETS),
        numbers=_numbers(reading, ask, after, before),
    )


def _bag(text: str, ask: list[str], context: list[str]) -> tuple[npt.NDArray[np.int64], FloatArray]:
    """Return the sorted unique indices and the counts of everything in the four blocks."""
    words = _hashes(ask)
    stems = _hashes([word[:_STEM] for word in ask if len(word) > _STEM])
    blocks = (
        np.concatenate((words, stems ^ _STEM_SALT, words[:_OPENERS] ^ _OPENER_SALT)),
        words[:-1] * _PAIR + words[1:],
        _hashes(context),
        _grams(text),
    )
    places = [
        ((hashes * _MIX) >> np.uint32(32 - bits)) + np.uint32(offset)
        for hashes, bits, offset in zip(blocks, _BITS, _OFFSETS[:-1], strict=True)
    ]
    indices, counts = np.unique(np.concatenate(places), return_counts=True)
    return indices.astype(np.int64), counts.astype(np.float32)


def _hashes(tokens: list[str]) -> npt.NDArray[np.uint32]:
    """Return one 32-bit hash a token."""
    return np.array(list(map(crc32, map(str.encode, tokens))), dtype=np.uint32)


def _grams(text: str) -> npt.NDArray[np.uint32]:
    """Return one 32-bit hash for every four consecutive characters; none when the text is shorter."""
    letters = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    count = max(0, len(letters) - _GRAM + 1)
    hashes = np.zeros(count, dtype=np.uint32)
    for place in range(_GRAM):
        hashes = hashes * _GRAM_FACTOR + letters[place : place + count]
    return hashes * _PAIR


def _numbers(reading: Reading, ask: list[str], after: list[str], before: list[str]) -> FloatArray:
    """Return the handcrafted numbers in the order of NUMBERS."""
    values = (
        *_sizes(reading, ask),
        *_marks(reading.ask),
        *_words(ask),
        *_missing(reading, ask),
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


def _sizes(reading: Reading, ask: list[str]) -> tuple[float, ...]:
    words = len(ask)
    chars = len(reading.ask)
    log_words = math.log1p(words)
    ends = reading.ask.count(".") + reading.ask.count("?") + reading.ask.count("!") + reading.ask.count("。") + 1
    return (
        math.log1p(min(reading.ask_chars, 100_000)),
        log_words,
        log_words * log_words,
        len("".join(ask)) / (words + 1),
        len([word for word in ask if len(word) > _LONG]) / (words + 1),
        len(set(ask)) / (words + 1),
        math.log1p(reading.ask.count("\n")),
        math.log1p(words / ends),
        math.log1p(min(reading.all_chars, 200_000)) - math.log1p(min(chars, 200_000)),
    )


_COUNTED = tuple("?!,;:({=$\\^*`</_\"'%#|-")
_MARKS = (*(f"mark_{ord(mark)}" for mark in _COUNTED), "digits", "capitals", "fenced", "not_ascii", "wide")


def _marks(text: str) -> tuple[float, ...]:
    size = len(text) + 20
    digits = sum(map(text.count, "0123456789"))
    octets = np.frombuffer(text.encode("utf-8", "surrogatepass"), dtype=np.uint8)
    capitals = int(np.count_nonzero(octets - np.uint8(ord("A")) < 26))
    wide = len(octets) - len(text)
    return (
        *(math.log1p(text.count(mark)) for mark in _COUNTED),
        digits / size,
        capitals / size,
        float("```" in text),
        float(wide > 0),
        wide / size,
    )


_WORDS = tuple(f"{kind}_{name}" for name in LEXICONS for kind in ("any", "share"))


def _words(ask: list[str]) -> tuple[float, ...]:
    seen = set(ask)
    values: list[float] = []
    for words in LEXICONS.values():
        found = len(words & seen)
        values += (math.log1p(found), found / (len(seen) + 3))
    return tuple(values)


_MISSING = (
    "short_pointer",
    "pointer_to_holder",
    "transform_of_nothing",
    "ends_open",
    "has_body",
    "starts_with_transform",
    "placeholder",
)


def _missing(reading: Reading, ask: list[str]) -> tuple[float, ...]:
    """Return hints that the ask points at something which is not there."""
    seen = set(ask)
    text = reading.ask
    body = "\n" in text.strip() or "```" in text or text.count('"') > 1 or ": " in text or "「" in text or "«" in text
    pointer = bool(LEXICONS["pointers"] & seen)
    holder = bool(LEXICONS["holders"] & seen)
    transform = bool(LEXICONS["transforms"] & seen)
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
