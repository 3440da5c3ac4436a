"""Words that were graded one by one: how difficult and how large requests with them are, and what these lack.

Labelled prompts are few and most of their words are rare; what `linearizability` says of a request need not be learnt
from labels. The grades are knowledge of words alone, without sight of any prompt. They are written down in
`annotated/graded_words.txt`, which tells the scales; `python -m classifier.training.words` packs them for serving: for
each word 32 bits of a hash and 16 of what was said of it, a tenth of the memory of the words themselves.
"""

import zlib
from array import array
from bisect import bisect_left
from collections.abc import Mapping
from itertools import product
from pathlib import Path

import numpy as np

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

GRADED = (*BANDS, *LACKS, *SIZES)
"""All kinds of graded words."""

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


UNSPACED = "\u3040"
"""The scripts that put no spaces between words begin here, but for Thai. Most of their words have two characters."""

_FIRST_PAIR = ord(UNSPACED) << 16


def is_pair(word: str) -> bool:
    """Return whether a word is two characters of UNSPACED scripts."""
    return len(word) == 2 and min(word) >= UNSPACED and max(word) <= "\uffff"


def hash_of(word: str) -> int:
    """Return the number by which a word is found; that of a pair of characters is made of both."""
    if is_pair(word):
        return ord(word[0]) << 16 | ord(word[1])
    return zlib.crc32(word.encode("utf-8", "surrogatepass"))


def packed(entries: Mapping[int, int]) -> bytes:
    """Return codes by the hashes of words as `read` takes them: the gaps between hashes, the codes, octet by octet.

    So compressed, a word takes 3.7 octets.
    """
    hashes = np.array(sorted(entries), dtype="<u4")
    codes = np.array([entries[number] for number in hashes.tolist()], dtype="<u2")
    gaps = np.diff(hashes, prepend=hashes.dtype.type(0))
    return zlib.compress(b"".join(one.view(np.uint8).reshape(len(codes), -1).T.tobytes() for one in (gaps, codes)), 9)


def read(content: bytes) -> "tuple[array[int], array[int]]":
    """Return the hashes of packed words, in their order, and the codes of what was said of them.

    ValueError when the octets are no packed words.
    """
    try:
        octets = np.frombuffer(zlib.decompress(content), dtype=np.uint8)
    except zlib.error as error:
        raise ValueError(f"these are no packed words: {error}") from None
    count, odd = divmod(len(octets), _ENTRY)
    if odd or not count:
        raise ValueError("these are no packed words")
    gaps, codes = (
        np.ascontiguousarray(part.reshape(-1, count).T).view(kind).ravel()
        for part, kind in ((octets[: count * 4], "<u4"), (octets[count * 4 :], "<u2"))
    )
    hashes = np.cumsum(gaps, dtype=np.uint64)
    if not gaps[1:].all() or hashes[-1] >> np.uint64(32) or codes.max() >= len(SAID):
        raise ValueError("these are no packed words")
    return array("I", hashes.astype(np.uint32).tobytes()), array("H", codes.astype(np.uint16).tobytes())


def _kept() -> "tuple[array[int], array[int], str]":
    """Return the packed words beside this file, and what is wrong with them: then there are none."""
    try:
        return *read(PACKED.read_bytes()), ""
    except (OSError, ValueError) as error:
        return array("I"), array("H"), f"the graded words in '{PACKED}' cannot be read ({error})"


_words, _codes, WRONG = _kept()
_sorted = np.array(_words, dtype=np.uint32)


def code_of(word: str) -> int:
    """Return the code of what was said of a word; 0 for a word that was not graded."""
    number = hash_of(word)
    place = bisect_left(_words, number)
    return _codes[place] if place < len(_words) and _words[place] == number else 0


def codes_of_pairs(text: str) -> list[int]:
    """Return the codes of the graded words of two characters that stand in a text of UNSPACED scripts, each word once.

    Where words begin there is not told, so every two characters in a row are looked up, all at once: 1,000 characters
    take 60 us, where 700 words would take 1.8 ms.
    """
    points = np.frombuffer(text.encode("utf-16-le", "surrogatepass"), dtype=np.uint16).astype(np.uint32)
    pairs = np.unique(points[:-1] << np.uint32(16) | points[1:])
    pairs = pairs[pairs.searchsorted(_FIRST_PAIR) :]
    places = _sorted.searchsorted(pairs)
    places = places[places < len(_sorted)]
    found = places[_sorted[places] == pairs[: len(places)]]
    return [_codes[place] for place in found.tolist()]


def said_of(word: str) -> Said:
    """Return the band of a word, what it is about, and its bands of LACKS and SIZES; a word not graded is neutral."""
    return SAID[code_of(word)]
