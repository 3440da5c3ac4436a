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


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Chứng minh định lý", ["chứng", "minh", "định", "lý"]),
        ("アルゴリズムの計算", ["アルゴリズム", "の", "計", "算"]),
        ("ＰＲＯＶＥ　ｉｔ（７）", ["prove", "it", "0"]),
        ("ﾃﾞｰﾀの", ["データ", "の"]),
        ("Ｅ\u0301té", ["été"]),
        ("증명 해", ["증", "명", "해"]),
        ("докажи ∀ε", ["докажи", "ε"]),
        ("Fix 日本語 now", ["fix", "日", "本", "語", "now"]),
    ],
    ids=["Vietnamese", "katakana", "full width", "half width", "composed", "hangul", "marks between", "mixed"],
)
def test_words_of_many_scripts_are_whole(text: str, tokens: list[str]):
    """Letters with two marks do not cut a word, katakana is read by words, full-width letters as those of ASCII."""
    assert tokens_of(plain(text)) == tokens
