"""Graded words as serving reads them."""

import shutil
import subprocess
import sys
import zlib
from itertools import product
from pathlib import Path

import pytest

from classifier.graded import (
    ABOUT,
    BANDS,
    LACKS,
    PACKED,
    SIZES,
    band_of,
    code_for,
    code_of,
    codes_of_pairs,
    digest,
    digest_of,
    packed,
    read,
    said_of,
)


@pytest.mark.parametrize(
    ("word", "band", "topic"),
    [
        ("birthday", "idle_words", "texts"),
        ("mutex", "expert_words", "code"),
        ("cohomology", "expert_words", "maths"),
        ("joke", "idle_words", "texts"),
        ("warfarin", "demanding_words", "life"),
        ("докажите", "expert_words", "maths"),
    ],
)
def test_words_have_the_grade_that_was_written_down(word: str, band: str, topic: str):
    """What is said of a word first is its band and what it is about."""
    assert said_of(word)[:2] == (band, topic)


def test_words_tell_what_requests_lack():
    """A word that points at something has a band of lacking, one that stands by itself one of being complete."""
    assert said_of("attached")[2] == "mostly_lacking_words"
    assert said_of("sonnet")[2] == "complete_words"


def test_words_tell_how_much_has_to_be_made():
    """A word of large work has a band of its size."""
    assert said_of("emulator")[3] == "project_words"


@pytest.mark.parametrize("word", ["", "the", "zzyzxq", "\ud800", "数"])
def test_a_word_without_a_grade_says_nothing(word: str):
    """Neutral and unknown words have no band and no topic; half a pair of surrogates is a word, too."""
    assert said_of(word) == (None, "any", None, None)


@pytest.mark.parametrize("bands", [BANDS, LACKS, SIZES])
def test_every_grade_but_the_neutral_one_has_a_band(bands: dict[str, str]):
    """Nothing that was graded is lost but what is neutral."""
    assert "".join(bands.values()) == "012456789"
    assert band_of("3", bands) is None


def test_what_was_said_of_words_is_told_apart():
    """Each grade, topic, lacking and size has a number of its own that fits into 16 bits."""
    found = {code_for(*said) for said in product("0246379", ABOUT, "0246379", "0246379")}
    assert len(found) == 6 * len(ABOUT) * 6 * 6  # 7 and 9 are of one band
    assert min(found) >= 0
    assert max(found) < 1 << 16


def test_packed_words_are_read_in_their_order():
    """All hashes as they rise, and the code of each; then those of pairs."""
    found = read(packed({258: 1024, 1: 3, 0xFFFFFFFF: 0}, {0x8BC1660E: 7}))
    assert list(map(list, found)) == [[1, 258, 0xFFFFFFFF], [3, 1024, 0], [0x8BC1660E], [7]]


def test_what_is_said_does_not_depend_on_how_it_was_compressed():
    """Another library or level packs the same words into other octets."""
    other = zlib.compress(zlib.decompress(PACKED.read_bytes()), 1)
    assert other != PACKED.read_bytes()
    assert digest_of(read(other)) == digest()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 6,
        zlib.compress(b""),
        zlib.compress(b"\0" * 7),
        packed({1: 0, 2: 0}, {})[:-1],
        packed({1: 0, 2: 0}, {}) + b"more",
        zlib.compress(bytes((2, 0, 0, 0, 1, 0, *[0] * 10))),
        zlib.compress(bytes((2, 0, 0, 0, 255, 2, *[255, 0] * 3, *[0] * 4))),
        zlib.compress(b"\1\0\0\0\1" + b"\0" * 3 + b"\xff\xff"),
        zlib.compress(bytes((0, 0, 0, 0, 1, 0, 0, 0, 0, 0))),
        zlib.compress(bytes(300_000_000), 9),
    ],
    ids=[
        "empty",
        "not compressed",
        "no words",
        "odd",
        "cut",
        "followed by something",
        "twice the same",
        "beyond 32 bits",
        "a code of nothing",
        "pairs alone",
        "gigabytes",
    ],
)
def test_octets_that_are_no_words_are_refused(content: bytes):
    """A file that was cut, emptied or overwritten is not taken for words."""
    with pytest.raises(ValueError, match="no packed words"):
        read(content)


@pytest.mark.parametrize("text", ["", "a", "证", "\ud800\ud800", "🎉证"])
def test_texts_without_graded_pairs_have_none(text: str):
    """Whatever the text, halves of surrogate pairs too."""
    assert codes_of_pairs(text) == []


def test_a_pair_counts_once():
    """However often it stands there, and wherever a word is thought to begin."""
    once = codes_of_pairs("证明")
    assert len(once) == 1
    assert codes_of_pairs("请证明，再证明：证\u200b明。") == once
    assert code_of("证明") == once[0]


def test_pairs_are_not_taken_for_other_words():
    """Two characters whose number is the hash of a graded word are no such word."""
    assert said_of("stromausfall") != said_of("zzyzxq")
    assert codes_of_pairs("为完成") == []


@pytest.mark.parametrize("content", [None, b"cut"], ids=["missing", "cut"])
def test_a_damaged_file_is_named_when_the_classifier_is_loaded(tmp_path: Path, content: bytes | None):
    """The package still imports, and loading says which file it is and what to do."""
    package = shutil.copytree(PACKED.parent, tmp_path / "classifier", ignore=shutil.ignore_patterns("__pycache__"))
    (package / PACKED.name).unlink()
    if content is not None:
        (package / PACKED.name).write_bytes(content)
    program = "from classifier.assess import load_default; load_default()"
    ran = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "ArtifactInvalid: the graded words in" in ran.stderr
    assert PACKED.name in ran.stderr
