import pytest

from classifier.lexicon import FAILURES, LEXICONS, SUCCESSES, plain, tokens_of

LISTS = {**LEXICONS, "failures": FAILURES, "successes": SUCCESSES}


@pytest.mark.parametrize("name", LISTS)
def test_most_words_can_be_met(name: str):
    """A listed word is one token as written; only words of unspaced scripts are several."""
    met = {word for word in LISTS[name] if tokens_of(plain(word)) == [word]}
    unspaced = {word for word in LISTS[name] - met if all(len(token) == 1 for token in tokens_of(plain(word)))}
    assert LISTS[name] == met | unspaced


def test_the_lists_are_closed_classes():
    """No list grows into a vocabulary of topics."""
    assert all(5 <= len(words) <= 120 for words in LISTS.values())
