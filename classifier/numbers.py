"""The handcrafted numbers of a prompt: sizes, marks, kinds of words, what seems missing, how the talk went.

They stand for what hashed words cannot say. All of them are bounded and cost the same for a prompt of any length.
"""

import math
import re
from collections.abc import Iterable, Sequence
from itertools import chain, repeat
from operator import itemgetter, truediv
from struct import Struct
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from classifier.counted import KINDS_OF_WORDS, counted_among
from classifier.graded import GRADED
from classifier.lexicon import FAILURES, KINDS, LEXICONS, SUCCESSES
from classifier.prompt import Reading
from classifier.topics import TOPICS

_LONG = 8
"""Letters beyond which a word is long."""

_SENTENCE = 16
"""Words beyond which a sentence is no longer: who writes without full stops would write one endless sentence."""

_is_long = _LONG.__lt__

FloatArray = npt.NDArray[np.float32]


class Told(NamedTuple):
    """What instructions say: how many of their first words are of each topic, and what they say of functions."""

    task: tuple[float, ...]
    functions: tuple[float, float]


def numbers(
    reading: Reading,
    said: tuple[str, list[str]],
    after: list[str],
    before: list[str],
    setting: tuple[float, ...],
    told: Told | None = None,
) -> FloatArray:
    """Return the handcrafted numbers in the order of NUMBERS.

    `said` is the plain text of the ask with its tokens, `after` and `before` are those of what stands around it;
    `setting` is that of what was there before the ask, `told` what its instructions say; None without any.
    """
    text, ask = said
    octets = np.frombuffer(reading.ask.encode("utf-8", "surrogatepass"), dtype=np.uint8)
    histogram = np.bincount(octets, minlength=128).tolist()
    seen = set(ask)
    counted = counted_among(seen, text)
    found, topics = counted[: len(KINDS_OF_WORDS)], counted[len(KINDS_OF_WORDS) :]
    values = (
        *_sizes(reading, ask, seen, histogram),
        *_marks(reading.ask, histogram, len(octets)),
        *_words(found, len(seen)),
        *_missing(reading, ask, found),
        *_conversation(reading, ask, after, before),
        *_topics(ask, topics, told),
        *setting,
        *_said(reading),
        *_told(told, ask),
    )
    return np.frombuffer(_pack(*values), dtype=np.float32)


_LOG1P = tuple(map(math.log1p, range(8192)))
"""The logarithms of counts. No bounded text of a Reading has as many characters."""


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


def _sizes(reading: Reading, ask: list[str], seen: set[str], histogram: list[int]) -> tuple[float, ...]:
    words, distinct = len(ask), len(seen)
    log_words = _LOG1P[words]
    ends = sum(_ends_in(histogram)) + reading.ask.count("。") + 1
    return (
        math.log1p(min(reading.ask_chars, 100_000)),
        log_words,
        log_words * log_words,
        len("".join(ask)) / (words + 1),
        sum(map(_is_long, map(len, seen))) / (distinct + 1),
        distinct / (words + 1),
        _LOG1P[histogram[_NEWLINE]],
        math.log1p(min(words / ends, _SENTENCE)),
        math.log1p(min(reading.all_chars, 200_000)) - math.log1p(min(len(reading.ask), 200_000)),
    )


_COUNTED = tuple("?!:({=$\\^*`</_\"'%#|-")
"""Not commas and semicolons: who writes none asks for no less, and in three tiers of a hundred they decided."""
_MARKS = (*(f"mark_{ord(mark)}" for mark in _COUNTED), "digits", "capitals", "fenced", "not_ascii", "wide")


_counted_in = itemgetter(*map(ord, _COUNTED))
_ends_in = itemgetter(*map(ord, ".?!"))
_NEWLINE = ord("\n")
_log1p_of = _LOG1P.__getitem__


def _marks(text: str, histogram: list[int], octets: int) -> tuple[float, ...]:
    """Return what the marks, digits and capitals of a text weigh; `histogram` counts its octets in UTF-8."""
    size = len(text) + 20
    wide = octets - len(text)
    capitals, small = sum(histogram[65:91]), sum(histogram[97:123])
    return (
        *map(_log1p_of, _counted_in(histogram)),
        sum(histogram[48:58]) / size,
        capitals / size if capitals <= small else 0.0,  # who writes in capitals only says nothing by them
        "```" in text,
        wide > 0,
        wide / size,
    )


_WORDS = tuple(f"{kind}_{name}" for name in KINDS_OF_WORDS for kind in ("any", "share"))


def _words(found: Sequence[int], distinct: int) -> Iterable[float]:
    return chain.from_iterable(zip(map(_log1p_of, found), map(truediv, found, repeat(distinct + 3)), strict=False))


_POINTERS, _HOLDERS, _TRANSFORMS = (KINDS.index(name) for name in ("pointers", "holders", "transforms"))


_brings = re.compile("[「『«“„‘]|：.").search
"""Marks of a text that is brought along, of many scripts."""

_MISSING = (
    "short_pointer",
    "pointer_to_holder",
    "transform_of_nothing",
    "ends_open",
    "has_body",
    "starts_with_transform",
    "placeholder",
)


def _missing(reading: Reading, ask: list[str], found: Sequence[int]) -> tuple[float, ...]:
    """Return hints that the ask points at something which is not there."""
    text = reading.ask
    body = "\n" in text.strip() or "```" in text or text.count('"') > 1 or ": " in text
    body = body or (not text.isascii() and _brings(text) is not None)
    pointer, holder, transform = found[_POINTERS] > 0, found[_HOLDERS] > 0, found[_TRANSFORMS] > 0
    alone = not body and not reading.before and not reading.after and not reading.images
    return (
        pointer and alone and len(ask) < 25,
        holder and alone and len(ask) < 40,
        transform and alone and (pointer or holder),
        text.endswith((":", "：", "...")),
        body,
        ask != [] and ask[0] in LEXICONS["transforms"],
        "[" in text and "]" in text and not body,
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
    talk = _talk(ask, after, before) if after or before else _NO_TALK
    return (
        _LOG1P[min(reading.turns, 200)],
        _LOG1P[reading.user_turns],
        _LOG1P[reading.tool_results],
        _LOG1P[reading.tail_tools],
        reading.system != "",
        reading.before != "",
        reading.last_role in ("tool", "function"),
        *talk,
        _LOG1P[min(reading.tools, 100)],
        _LOG1P[min(reading.images, 100)],
        reading.json_output,
        not ask,
    )


_NO_TALK = (0.0,) * 6


def _talk(ask: list[str], after: list[str], before: list[str]) -> tuple[float, ...]:
    """Return what the words around the ask tell."""
    seen_after = set(after)
    return (
        _LOG1P[len(after)],
        _LOG1P[len(before)],
        _LOG1P[len(FAILURES & seen_after)],
        _LOG1P[len(SUCCESSES & seen_after)],
        _LOG1P[len(FAILURES & set(before))],
        len(ask) < 8 and len(before) > 20,
    )


_TOPICS = tuple(f"{place}_{name}" for place in ("topic", "task", "setting") for name in TOPICS)
_TASK, _MATERIAL = 10, 24
"""So many words at the beginning say what is to be done, where more words follow than a task without material has."""


def _topics(ask: list[str], found: tuple[int, ...], told: Told | None) -> tuple[float, ...]:
    """Return how many words of each topic stand in the ask and in what says the task: instructions, or its beginning.

    Beside instructions the ask often is what is worked on: a letter to be sorted, a sentence to be translated.
    """
    topic = tuple(map(_log1p_of, found))
    if told is not None:
        return topic + told.task
    return topic + (setting_of(ask[:_TASK]) if len(ask) > _MATERIAL else topic)


def setting_of(tokens: Sequence[str]) -> tuple[float, ...]:
    """Return how many words of each topic are among `tokens`, which were there before an ask."""
    return tuple(map(_log1p_of, counted_among(set(tokens), "".join(tokens))[len(KINDS_OF_WORDS) :]))


_SAID = ("before_digits", "before_marks", "before_asks")
_marks_in = itemgetter(*map(ord, ":;=(){}|,<>"))
_NOTHING_SAID = (0.0,) * len(_SAID)


def _said(reading: Reading) -> tuple[float, ...]:
    """Return whether the talk before the ask holds figures or code, and whether it ends with a question.

    What "it" and "the numbers" are is there, or is not. Nothing once tools have answered: the talk is theirs by then.
    """
    text = reading.before
    if not text or reading.tool_results:
        return _NOTHING_SAID
    octets = np.frombuffer(text.encode("utf-8", "surrogatepass"), dtype=np.uint8)
    histogram = np.bincount(octets, minlength=128).tolist()
    asks = text.rstrip().endswith(("?", "？"))
    return (_LOG1P[sum(histogram[48:58])], _LOG1P[sum(_marks_in(histogram))], asks)


_TOLD = ("told_parameters", "told_brackets", "told_ask_words")
_NOTHING_TOLD = (0.0,) * len(_TOLD)


def told_of(text: str, tokens: Sequence[str]) -> Told | None:
    """Return what a text of instructions says, whose `tokens` these are; None when there are none.

    Functions are named with brackets, and their required parameters often with a star: what lacks one is to be asked.
    """
    if not tokens:
        return None
    brackets = text.count("(")
    return Told(setting_of(tokens[:_TASK]), (float(brackets > 0 and "*" in text), _LOG1P[brackets]))


def _told(told: Told | None, ask: list[str]) -> tuple[float, ...]:
    return _NOTHING_TOLD if told is None else (*told.functions, _LOG1P[len(ask)])


OF_WORDS = frozenset(f"{kind}_{name}" for kind in ("any", "share") for name in GRADED).union(_TOPICS)
"""The names of those numbers that count words by what these mean, by their grades or their topics."""

NUMBERS = _SIZES + _MARKS + _WORDS + _MISSING + _CONVERSATION + _TOPICS + _SAID + _TOLD
"""The names of the handcrafted numbers, in their order."""

_pack = Struct(f"{len(NUMBERS)}f").pack  # takes truth values and counts as they are, in half the time of np.array
