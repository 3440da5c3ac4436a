"""Kinds of words, counted in one sum."""

import pytest

from classifier.counted import KINDS_OF_WORDS, counted_among, number_of
from classifier.lexicon import Remembered
from classifier.topics import TOPICS


def kinds_in(words: set[str]) -> dict[str, int]:
    return dict(zip((*KINDS_OF_WORDS, *TOPICS), counted_among(words), strict=True))


def test_words_are_counted_by_kind():
    """A word of two kinds counts in both, one of none nowhere."""
    found = kinds_in({"prove", "why", "zebraqx"})
    assert found["reasoning"] == 2
    assert found["questions"] == 1
    assert found["pointers"] == 0
    assert kinds_in({"zebraqx"}) == dict.fromkeys(found, 0)


def test_graded_words_count_in_their_band_and_topic():
    """What was graded counts beside what is listed, and once where it is both."""
    found = kinds_in({"mutex", "birthday", "attached"})
    assert (found["expert_words"], found["idle_words"], found["medium_words"]) == (1, 1, 0)
    assert found["mostly_lacking_words"] == 1
    assert (found["code"], found["texts"], found["maths"]) == (1, 1, 0)


def test_topics_are_the_end_of_what_is_counted():
    """Listed words of each topic are counted, in their order."""
    counted = counted_among({"kubernetes", "terraform", "limerick", "zyzzyva"})
    found = dict(zip(TOPICS, counted[len(KINDS_OF_WORDS) :], strict=True))
    assert (found["code"], found["texts"], found["maths"]) == (2, 1, 0)


@pytest.mark.parametrize("text", ["证明费马小定理", "Bitte: 証明して", "이 정리를 증명하시오"])
def test_words_without_spaces_are_found_in_the_text(text: str):
    """Two characters in a row are a word where the script puts no spaces, whatever stands around them."""
    found = dict(zip((*KINDS_OF_WORDS, *TOPICS), counted_among(set(), text), strict=True))
    assert found["expert_words"] >= 1
    assert found["maths"] >= 1
    assert not any(counted_among(set(), "prove it, élan, Ωmega, докажи, 🎉🎉"))


def test_no_text_is_too_long_to_be_counted():
    """As many words of one kind as 16 bits hold do not run over into the next kind."""
    words = {word for listed in TOPICS.values() for word in listed}
    found = kinds_in(words)
    assert all(found[name] >= len(TOPICS[name]) for name in TOPICS)
    assert sum(found[name] for name in TOPICS) < 2 * len(words)


def test_what_is_remembered_is_bounded():
    """Words that come and go take no more memory than so many of them, and count the same when forgotten."""
    kinds = Remembered(number_of, 4)
    first = [kinds[word] for word in ("mutex", "birthday", "the")]
    for number in range(20):
        kinds[f"word{number}"]
    assert len(kinds) <= 4
    assert [kinds[word] for word in ("mutex", "birthday", "the")] == first
