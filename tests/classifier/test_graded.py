"""Graded words as serving reads them."""

from itertools import product

import pytest

from classifier.graded import ABOUT, BANDS, LACKS, SIZES, band_of, code_of, read, said_of


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
    found = {code_of(*said) for said in product("0246379", ABOUT, "0246379", "0246379")}
    assert len(found) == 6 * len(ABOUT) * 6 * 6  # 7 and 9 are of one band
    assert min(found) >= 0
    assert max(found) < 1 << 16


def test_packed_words_are_read_in_their_order():
    """All hashes, then all codes; the lowest octet comes first, on any machine."""
    words, codes = read(b"\x01\x00\x00\x00\x02\x01\x00\x00\x03\x00\x00\x04")
    assert (list(words), list(codes)) == ([1, 258], [3, 1024])
