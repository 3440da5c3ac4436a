"""Words as they were meant: two letters that changed places and a letter that was typed twice are put right.

A misspelt word has no grade, and training has hardly ever seen it. So a word of ASCII letters that is not listed among
the graded words is looked up once more in each form in which one such slip is undone. Letters that were left out or
mistaken for others are not looked for: that would be a hundred forms of a word. Pure, bounded, numpy only.
"""

from zlib import crc32

import numpy as np

from classifier.graded import HASHES, place_of
from classifier.lexicon import Remembered

SHORTEST, LONGEST = 5, 20
"""Letters of a word that is put right: of shorter ones, most neighbours are words themselves."""

_BITS = 19


def _sieve() -> bytes:
    """Return an octet for each beginning of a hash, 1 where a listed word's begins so: seven in eight fail it."""
    found = np.zeros(1 << _BITS, dtype=np.uint8)
    found[np.asarray(HASHES, dtype=np.uint32) >> np.uint32(32 - _BITS)] = 1
    return found.tobytes()


_listed_by_beginning = _sieve()


def is_listed(number: int) -> bool:
    """Return whether `number` is the hash of a graded word, or of one that is listed to be left as it is."""
    return _listed_by_beginning[number >> (32 - _BITS)] > 0 and place_of(number) is not None


def put_right(word: str) -> str:
    """Return the listed word of which `word` is a slip: behind the first letter, two changed places or one was doubled.

    The word itself where it is listed, or none is found: 2 us for nine letters, which is why it is remembered.
    """
    size = len(word)
    if not SHORTEST <= size <= LONGEST or not word.isascii() or not word.isalpha():
        return word
    octets = word.encode()
    if is_listed(crc32(octets)):
        return word
    letters = bytearray(octets)
    for place in range(1, size - 1):
        one, other = octets[place], octets[place + 1]
        if one == other:
            if is_listed(crc32(octets[:place] + octets[place + 1 :])):
                return word[:place] + word[place + 1 :]
            continue
        letters[place], letters[place + 1] = other, one
        if is_listed(crc32(letters)):
            return letters.decode()
        letters[place], letters[place + 1] = one, other
    return word


meant = Remembered(put_right).__getitem__
"""`put_right`, remembered."""
