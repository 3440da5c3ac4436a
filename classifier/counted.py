"""Which kinds of words stand in a text, and how many of each: short lists, grades and topics, in one sum.

What a word counts for is looked up once and remembered, as one number with 16 bits for each kind, so that counting is
one sum: 1.5 us for 17 words, a third of the time of a loop. No bounded text has as many words as 16 bits hold.
"""

from struct import Struct

from classifier.graded import BANDS, LACKS, SIZES, said_of
from classifier.lexicon import LEXICONS
from classifier.topics import TOPICS

KINDS_OF_WORDS = (*LEXICONS, *BANDS, *LACKS, *SIZES)
"""The first of what `counted_among` counts; the topics follow."""

REMEMBERED = 16_384
"""Words of which is remembered what they count for: 2 MB."""

_PLACES = {name: place for place, name in enumerate((*KINDS_OF_WORDS, *TOPICS))}
_LISTED = {**LEXICONS, **TOPICS}
_layout = Struct(f"<{len(_PLACES)}H")


class Kinds(dict[str, int]):
    """What words count for, as counted_among adds it up; forgets all of it when there is too much."""

    __slots__ = ("_most",)

    def __init__(self, most: int = REMEMBERED) -> None:
        """Remember `most` words."""
        super().__init__()
        self._most = most

    def __missing__(self, word: str) -> int:
        if len(self) >= self._most:
            self.clear()
        kinds = {name for name, words in _LISTED.items() if word in words} | (_PLACES.keys() & set(said_of(word)))
        number = self[word] = sum(1 << 16 * _PLACES[name] for name in kinds)
        return number


_kinds_of = Kinds().__getitem__


def counted_among(seen: set[str]) -> tuple[int, ...]:
    """Return how many of the words seen are of each of KINDS_OF_WORDS, then of each topic."""
    return _layout.unpack(sum(map(_kinds_of, seen)).to_bytes(_layout.size, "little"))


def topics_among(seen: set[str]) -> tuple[int, ...]:
    """Return how many of the words seen are of each topic: those listed in `topics`, and those graded as such."""
    return counted_among(seen)[len(KINDS_OF_WORDS) :]
