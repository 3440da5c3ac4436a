"""Words that were graded one by one: how difficult and how large requests with them are, and what these lack.

Labelled prompts are few and most of their words are rare; what `linearizability` says of a request need not be learnt
from labels. The grades are knowledge of words alone, without sight of any prompt. They are written down in
`annotated/graded_words.txt`, which tells the scales; `python -m classifier.training.words` packs them for serving: for
each word 32 bits of a hash, in their order, then for each 16 of what was said of it. That takes a tenth of the memory
of the words themselves and nothing to read.
"""

import sys
from array import array
from bisect import bisect_left
from collections.abc import Mapping
from itertools import product
from operator import lt
from pathlib import Path
from zlib import crc32

PACKED = Path(__file__).with_name("graded_words.bin")

MEND = "run `python -m classifier.training.words` in a checkout"
"""What writes it."""

BANDS: Mapping[str, str] = {
    "idle_words": "01",
    "simple_words": "2",
    "usual_words": "4",
    "medium_words": "5",
    "demanding_words": "6",
    "expert_words": "789",
}
"""Which grades of difficulty each band holds; 3 is neutral, and in none."""

LACKS: Mapping[str, str] = {
    "complete_words": "01",
    "rather_complete_words": "2",
    "rather_lacking_words": "4",
    "lacking_words": "5",
    "often_lacking_words": "6",
    "mostly_lacking_words": "789",
}
"""The same for how often a request with the word lacks what the answer depends on."""

SIZES: Mapping[str, str] = {
    "fact_words": "01",
    "sentence_words": "2",
    "paragraph_words": "4",
    "page_words": "5",
    "pages_words": "6",
    "project_words": "789",
}
"""The same for how much has to be made."""

ABOUT = ("any", "code", "maths", "figures", "plans", "digests", "texts", "life")
"""The topics of `classifier.topics`, after that of words that are about nothing certain."""

_ENTRY = 4 + 2  # octets of a word: its hash, what was said of it

Said = tuple[str | None, str, str | None, str | None]
"""Of BANDS, ABOUT, LACKS and SIZES; None is neutral."""


def band_of(grade: str, bands: Mapping[str, str]) -> str | None:
    """Return the one of `bands` that holds a grade, which is a digit; None for a neutral one."""
    return next((name for name, grades in bands.items() if grade in grades), None)


_NAMES: tuple[tuple[str | None, ...], ...] = ((None, *BANDS), ABOUT, (None, *LACKS), (None, *SIZES))
SAID: tuple[Said, ...] = tuple(product(*_NAMES))  # type: ignore[arg-type]  # each of the four has its own names
"""All that can be said of a word, by its code; the first is that nothing was."""


def code_for(grade: str, topic: str, lack: str, size: str) -> int:
    """Return the code of what was said of a word: three grades, digits all, and its topic."""
    code = 0
    said = (band_of(grade, BANDS), topic, band_of(lack, LACKS), band_of(size, SIZES))
    for one, names in zip(said, _NAMES, strict=True):
        code = code * len(names) + names.index(one)
    return code


def hash_of(word: str) -> int:
    """Return the number by which a word is found."""
    return crc32(word.encode("utf-8", "surrogatepass"))


def read(content: bytes) -> "tuple[array[int], array[int]]":
    """Return the hashes of packed words and the codes of what was said of them; the lowest octet comes first.

    ValueError when the octets are no packed words.
    """
    words, codes = array("I"), array("H")
    split = len(content) // _ENTRY * words.itemsize
    words.frombytes(content[:split])
    codes.frombytes(content[split:])
    if sys.byteorder == "big":
        words.byteswap()
        codes.byteswap()
    if not words or len(words) != len(codes) or not all(map(lt, words, words[1:])) or max(codes) >= len(SAID):
        raise ValueError("these are no packed words")
    return words, codes


def _kept() -> "tuple[array[int], array[int], str]":
    """Return the packed words beside this file, and what is wrong with them: then there are none."""
    try:
        return *read(PACKED.read_bytes()), ""
    except (OSError, ValueError) as error:
        return array("I"), array("H"), f"the graded words in '{PACKED}' cannot be read ({error})"


_words, _codes, WRONG = _kept()


def code_of(word: str) -> int:
    """Return the code of what was said of a word; 0 for a word that was not graded."""
    number = hash_of(word)
    place = bisect_left(_words, number)
    return _codes[place] if place < len(_words) and _words[place] == number else 0


def said_of(word: str) -> Said:
    """Return the band of a word, what it is about, and its bands of LACKS and SIZES; a word not graded is neutral."""
    return SAID[code_of(word)]
