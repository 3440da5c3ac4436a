"""Words as they were meant."""

from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.counted import number_of
from classifier.features import pairs_of, place_of_context, place_of_opener, places_of_word
from classifier.graded import HASHES, code_of
from classifier.lexicon import FAILURES, LEXICONS, SUCCESSES
from classifier.spelling import LONGEST, SHORTEST, is_listed, put_right
from classifier.topics import TOPICS

WORDS = ("theorem", "algorithm", "javascript", "because", "compiler", "concurrency")


@pytest.mark.parametrize("word", WORDS)
def test_a_slip_behind_the_first_letter_is_put_right(word: str):
    """Wherever two letters changed places, or one was typed twice, the word is the one that was meant."""
    for place in range(1, len(word) - 1):
        changed = word[:place] + word[place + 1] + word[place] + word[place + 2 :]
        assert put_right(changed) == word
        assert put_right(word[:place] + word[place] + word[place:]) == word


@pytest.mark.parametrize(
    "word",
    ["quite", "there", "trail", "todas", "frist", "comme", "ehllo", "form", "zzyzxqw", "théoreme", "x" * 21, "", "x_0"],
)
def test_other_words_are_left_as_they_are(word: str):
    """Words of their own, of other letters, too short, too long or like nothing that is listed."""
    assert put_right(word) == word


def test_listed_words_are_left_as_they_are():
    """What stands in the short lists is never taken for a slip of a graded word."""
    words = {word for listed in (*LEXICONS.values(), *TOPICS.values(), FAILURES, SUCCESSES) for word in listed}
    assert {word for word in words if put_right(word) != word} == set()


def test_the_sieve_loses_no_word():
    """Each hash of the list is found, and hardly one of others."""
    assert all(map(is_listed, HASHES))
    others = set(range(0, 1 << 32, 99_999_989)) - set(HASHES)
    assert sum(map(is_listed, others)) == 0


@given(st.text(st.characters(codec="utf-8"), max_size=LONGEST + 4))
def test_what_is_put_right_is_a_listed_word_of_the_same_letters(word: str):
    """Nothing else comes of any text, and what was put right stays as it is."""
    found = put_right(word)
    if found != word:
        assert set(found) == set(word)
        assert SHORTEST <= len(word) <= LONGEST
        assert is_listed(crc32(found.encode()))
    assert put_right(found) == found


def test_a_slip_is_the_word_in_all_that_is_read_of_it():
    """What a word counts for, its weights and those of its pairs are those of the word that was meant."""
    assert number_of("thoerem") == number_of("theorem") != 0
    assert places_of_word("thoerem") == places_of_word("theorem")
    assert place_of_opener("sumamrize") == place_of_opener("summarize")
    assert place_of_context("pyhton") == place_of_context("python")
    assert pairs_of(["prove", "thoerem"]).tolist() == pairs_of(["prove", "theorem"]).tolist()
    assert code_of("thoerem") == 0
