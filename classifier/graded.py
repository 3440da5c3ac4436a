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
from hashlib import sha256
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

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

_COUNT, _ENTRY = 4, 4 + 2  # octets of the number of words; of a word: its hash, what was said of it
_LARGEST = 1 << 24
_NO_WIDTH = "\u200b\u2060\ufeff"


class Graded(NamedTuple):
    """Hashes of words, as they rise, with the codes of what was said of them; and of pairs of characters the same."""

    words: "array[int]"
    codes: "array[int]"
    pairs: npt.NDArray[np.uint32]
    codes_of_pairs: npt.NDArray[np.uint16]


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


def packed(words: Mapping[int, int], pairs: Mapping[int, int]) -> bytes:
    """Return codes by the hashes of words and of pairs as `read` takes them; the lowest octet comes first.

    How many words there are, then of both the gaps between the hashes and the codes, octet by octet: so compressed, a
    word takes 3.7 octets.
    """
    return zlib.compress(len(words).to_bytes(_COUNT, "little") + _block(words) + _block(pairs), 9)


def _block(entries: Mapping[int, int]) -> bytes:
    hashes = sorted(entries)
    gaps = np.diff(np.array(hashes, dtype=np.int64), prepend=0).astype("<u4")
    codes = np.array([entries[number] for number in hashes], dtype="<u2")
    return b"".join(one.view(np.uint8).reshape(len(hashes), -1).T.tobytes() for one in (gaps, codes) if hashes)


def read(content: bytes) -> Graded:
    """Return packed words; ValueError when the octets are none."""
    unpacking = zlib.decompressobj()
    try:
        octets = unpacking.decompress(content, _LARGEST)
    except zlib.error as error:
        raise ValueError(f"these are no packed words: {error}") from None
    if not unpacking.eof or unpacking.unused_data:
        raise ValueError("these are no packed words: they are cut, too many, or followed by something")
    end = _COUNT + int.from_bytes(octets[:_COUNT], "little") * _ENTRY
    if not _COUNT < end <= len(octets) or (len(octets) - end) % _ENTRY:
        raise ValueError("these are no packed words: their number is wrong")
    hashes, codes = _unblock(octets[_COUNT:end])
    pairs, codes_of = _unblock(octets[end:])
    return Graded(array("I", hashes.tobytes()), array("H", codes.tobytes()), pairs, codes_of)


def _unblock(octets: bytes) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint16]]:
    count = len(octets) // _ENTRY
    planes = np.frombuffer(octets, dtype=np.uint8).reshape(_ENTRY, count)
    gaps, codes = (
        np.ascontiguousarray(part.T).view(kind).ravel() for part, kind in ((planes[:4], "<u4"), (planes[4:], "<u2"))
    )
    hashes = np.cumsum(gaps, dtype=np.uint64)
    if not gaps[1:].all() or (hashes >> np.uint64(32)).any() or (codes >= len(SAID)).any():
        raise ValueError("these are no packed words")
    return hashes.astype(np.uint32), codes.astype(np.uint16)


def _kept() -> tuple[Graded, str]:
    """Return the packed words beside this file, and what is wrong with them: then there are none."""
    try:
        return read(PACKED.read_bytes()), ""
    except (OSError, ValueError) as error:
        nothing = Graded(array("I"), array("H"), np.empty(0, np.uint32), np.empty(0, np.uint16))
        return nothing, f"the graded words in '{PACKED}' cannot be read ({error})"


_kept_words, WRONG = _kept()
HASHES, _codes, _pairs, _codes_of_pairs = _kept_words
"""Of the words that are listed, as they rise: the graded ones, and those that say nothing and are no slips of these."""


def digest() -> bytes:
    """Return the SHA-256 of what was said of all words, however it was compressed."""
    return digest_of(_kept_words)


def digest_of(graded: Graded) -> bytes:
    """Return the SHA-256 of graded words."""
    parts = zip(graded, ("<u4", "<u2", "<u4", "<u2"), strict=True)
    return sha256(b"".join(np.asarray(part).astype(kind).tobytes() for part, kind in parts)).digest()


def code_of(word: str) -> int:
    """Return the code of what was said of a word; 0 for a word that was not graded."""
    if is_pair(word):
        return next(iter(codes_of_pairs(word)), 0)
    place = place_of(hash_of(word))
    return 0 if place is None else _codes[place]


def place_of(number: int) -> int | None:
    """Return where a hash stands in HASHES; None where no listed word has it."""
    place = bisect_left(HASHES, number)
    return place if place < len(HASHES) and HASHES[place] == number else None


def codes_of_pairs(text: str) -> list[int]:
    """Return the codes of the graded words of two characters that stand in a text of UNSPACED scripts, each word once.

    Where words begin there is not told, so every two characters in a row are looked up, all at once: 1,000 characters
    take 23 us, where as many words would take 2 ms. Spaces of no width do not part them.
    """
    for space in _NO_WIDTH:
        text = text.replace(space, "")
    points = np.frombuffer(text.encode("utf-16-le", "surrogatepass"), dtype="<u2").astype(np.uint32)
    pairs = points[:-1] << np.uint32(16) | points[1:]
    pairs = np.sort(pairs[pairs >= _FIRST_PAIR])
    pairs = pairs[np.flatnonzero(np.diff(pairs, prepend=0))]  # each once; np.unique takes 2.5 times as long
    places = _pairs.searchsorted(pairs)
    places = places[places < len(_pairs)]
    found: list[int] = _codes_of_pairs[places[_pairs[places] == pairs[: len(places)]]].tolist()
    return found


def said_of(word: str) -> Said:
    """Return the band of a word, what it is about, and its bands of LACKS and SIZES; a word not graded is neutral."""
    return SAID[code_of(word)]
