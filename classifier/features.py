"""Text to numbers, from one pass over the tokens: the same code in training and in serving; pure, numpy only.

A prompt becomes a bag of hashed words, word pairs, words of the context and ends of words (indices below DIMENSIONS,
with counts) and a short vector of handcrafted numbers (NUMBERS names them). Training fits weights on both, serving
looks them up.
"""

import hashlib
import re
from collections.abc import Sequence
from typing import NamedTuple
from zlib import crc32

import numpy as np
import numpy.typing as npt

from classifier.artifact import ArtifactInvalid
from classifier.graded import MEND, WRONG
from classifier.graded import digest as graded_digest
from classifier.lexicon import LEXICONS, Remembered, plain, tokens_of
from classifier.numbers import NUMBERS, Told, numbers, setting_of, told_of
from classifier.prompt import SHIPPED, Prompt
from classifier.spelling import meant
from classifier.topics import TOPICS

BLOCKS = ("pairs", "words", "context", "ends", "around")
_BITS = (15, 16, 13, 14, 16)
_OFFSETS = tuple(sum(1 << bits for bits in _BITS[:place]) for place in range(len(_BITS) + 1))
DIMENSIONS = _OFFSETS[-1]
"""Each block of the bag has a range of its own: BLOCKS one after the other, 2 ** bits rows each."""

PAIRS, WORDS, CONTEXT, ENDS, AROUND = range(len(BLOCKS))
"""Places of the blocks. That of pairs is first, so that theirs need no offset."""

LEARNT = _OFFSETS[AROUND]
"""Indices below have weights of their own; the last block has those of words, SHIFT lower."""

SHIFT = LEARNT - _OFFSETS[WORDS]
"""What leads from the place of a word in the ask to that of the same word in the instructions. It weighs the same in
both: an application's instructions say what is asked just as a person does, and there are far more asks than
instructions to learn it from. Earlier turns do not: what was asked before is not how large the next step is."""

HEARD = 256
"""Instructions whose tokens are kept at hand, 500 characters of each at most."""

_STEM = 5
OPENERS = 3
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


class Parts(NamedTuple):
    """A prompt before it is hashed: the tokens of its ask and of all that stands around it, and its numbers.

    `around` are those of the instructions, which are part of the context as well, or all of it: then both are the same
    object. There are none once tools have answered.
    """

    ask: list[str]
    context: Sequence[str]
    around: tuple[str, ...]
    numbers: FloatArray


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


def places_of_word(token: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the places of a word of the ask and its stem, if it is long enough, and those of its ends.

    The ends know a word that was never seen by how it begins and how it closes, and most misspelt words too.
    """
    token = meant(token)
    word, size = _place(crc32(token.encode()), WORDS), len(token)
    if size <= _SHORT_END:
        return (word,), ()
    short = (_end(_FIRST + token[:_SHORT_END]), _end(_LAST + token[-_SHORT_END:]))
    if size <= _STEM:
        return (word,), short
    stem = _place(crc32(token[:_STEM].encode()) ^ _STEM_SALT, WORDS)
    return (word, stem), (*short, _end(_FIRST + token[:_LONG_END]), _end(_LAST + token[-_LONG_END:]))


def _end(piece: str) -> int:
    return _place(crc32(piece.encode()), ENDS)


def place_of_opener(token: str) -> int:
    """Return the place of one of the first OPENERS words of the ask, as such."""
    return _place(crc32(meant(token).encode()) ^ _OPENER_SALT, WORDS)


def place_of_context(token: str) -> int:
    """Return the place of a word of what stands around the ask."""
    return _place(crc32(meant(token).encode()), CONTEXT)


class _Instructions(NamedTuple):
    """The tokens of instructions, how many of them are of each topic, and what they say; None without tokens."""

    tokens: tuple[str, ...]
    setting: tuple[float, ...]
    told: Told | None


class _Heard(dict[str, _Instructions]):
    """Instructions that were read before: those of an application are the same in all that it asks."""

    def __missing__(self, text: str) -> _Instructions:
        if len(self) >= HEARD:
            self.clear()
        tokens = tuple(tokens_of(plain(text)))
        found = self[text] = _Instructions(tokens, setting_of(tokens), told_of(text, tokens))
        return found


_heard = _Heard()


def parts_of(prompt: Prompt, elements: re.Pattern[str] = SHIPPED) -> Parts:
    """Return the parts of a prompt without the `elements` of harnesses; any text is fine, the empty one too."""
    reading = prompt.reading(elements)
    text = plain(reading.ask)
    ask = tokens_of(text)
    after = tokens_of(plain(reading.after)) if reading.after else []
    before = tokens_of(plain(reading.before)) if reading.before else []
    system, setting, told = _heard[reading.system]
    context = [*after, *before, *system] if after or before else system
    if reading.tool_results:
        # An agent's instructions are the same for all of its calls: they say what it is for, not what this call asks.
        return Parts(ask, context, (), numbers(reading, (text, ask), after, before, _heard[""].setting))
    if before:
        setting = setting_of([*system, *before])
    return Parts(ask, context, system, numbers(reading, (text, ask), after, before, setting, told))


def extract(prompt: Prompt, elements: re.Pattern[str] = SHIPPED) -> Features:
    """Return the features of a prompt without the `elements` of harnesses.

    A word counts once however often it stands there, a pair of words as often as it does; an opener counts as such,
    too. So the score of a prompt is a sum over its words, and serving adds up what each of them weighs (`assess`).
    """
    parts = parts_of(prompt, elements)
    places = [place for token in set(parts.ask) for block in places_of_word(token) for place in block]
    places += map(place_of_opener, parts.ask[:OPENERS])
    places += map(place_of_context, set(parts.context))
    places += [place + SHIFT for token in set(parts.around) for place in places_of_word(token)[0]]
    places += [place_of_opener(token) + SHIFT for token in parts.around[:OPENERS]]
    places += pairs_of(parts.ask).tolist()
    indices, counts = np.unique(np.asarray(places, dtype=np.uint32), return_counts=True)
    return Features(indices, counts, indices.searchsorted(_BOUNDS), parts.numbers)


_half_of = Remembered(lambda token: (crc32(meant(token).encode()) * _MIX & _MASK).to_bytes(4, "little")).__getitem__


def pairs_of(tokens: list[str]) -> Indices:
    """Return the place of every two words in a row."""
    halves = np.frombuffer(b"".join(map(_half_of, tokens)), dtype=np.uint32)
    pairs = halves[:-1] * _PAIR_FACTOR
    pairs += halves[1:]
    pairs >>= _PAIR_SHIFT
    return pairs


_PROBES = (
    "",
    "Fix the bug below in 3 lines:\n```py\nx = [1, 2]\n```",
    "证明 √2 是无理数 и объясни, почему; مرحبا नमस्ते สวัสดี; chứng minh định lý này、アルゴリズムのＡ１",
    'Translate "été" for me, please! Is it (a) or (b)? ' * 150,
)


def fingerprint() -> str:
    """Return 16 hex digits that change when the features of any probe text, or their definition, change.

    ArtifactInvalid when the graded words cannot be read.
    """
    if WRONG:
        raise ArtifactInvalid(WRONG, f"restore the file from the release, or {MEND}")
    digest = hashlib.sha256(f"{_BITS} {NUMBERS}".encode())
    for words in (*LEXICONS.values(), *TOPICS.values()):
        digest.update(" ".join(sorted(words)).encode())
    digest.update(graded_digest())
    for probe in _PROBES:
        turns = (("system", "Be brief."), ("user", "hi"), ("assistant", probe), ("user", probe), ("tool", "error: 1"))
        for some in (turns, turns[:-1]):  # instructions say the task until tools have answered
            found = extract(Prompt.of(some))
            digest.update(found.indices.tobytes() + found.counts.tobytes())
            digest.update(np.rint(found.numbers * 1000).astype(np.int32).tobytes())
    return digest.hexdigest()[:16]
