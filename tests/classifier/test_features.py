import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.features import (
    AROUND,
    BLOCKS,
    DIMENSIONS,
    SHIFT,
    block_bounds,
    extract,
    fingerprint,
)
from classifier.lexicon import plain, tokens_of
from classifier.numbers import NUMBERS
from classifier.prompt import Prompt

LANGUAGES = {
    "en": "Write a haiku about rain",
    "de": "Schreibe ein Gedicht über Regen",
    "fr": "Écris un poème sur la pluie",
    "es": "Escribe un poema sobre la lluvia",
    "it": "Scrivi una poesia sulla pioggia",
    "pt": "Escreva um poema sobre a chuva",
    "ru": "Напиши стихотворение о дожде",
    "uk": "Напиши вірш про дощ",
    "zh": "写一首关于雨的诗",
    "ja": "雨についての俳句を書いて",
    "ko": "비에 대한 시를 써줘",
    "ar": "اكتب قصيدة عن المطر",
    "hi": "बारिश पर एक कविता लिखो",
    "th": "เขียนบทกวีเกี่ยวกับฝน",
}


def one(text: str) -> Prompt:
    return Prompt.of((("user", text),))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_yields_words_and_pairs(language: str):
    """Also scripts without spaces give several tokens, so that words and pairs can be learnt."""
    found = extract(one(LANGUAGES[language]))
    sizes = dict(zip(BLOCKS, np.diff(found.bounds).tolist(), strict=True))
    assert sizes["words"] >= 4
    assert sizes["pairs"] >= 3


def test_case_and_digits_do_not_matter_to_tokens():
    """Tokens are lower case and every digit is a zero; the number of digits stays."""
    assert tokens_of(plain("Sort 12 Items")) == tokens_of(plain("sort 97 items")) == ["sort", "00", "items"]


def test_composed_and_decomposed_letters_are_the_same():
    """A letter with a combining accent reads as the composed letter."""
    assert tokens_of(plain("e\u0301te\u0301")) == tokens_of(plain("été"))


def test_words_share_their_ends():
    """A word that was never seen has ends in common with its relatives; short words have none of their own."""
    place = BLOCKS.index("ends")

    def ends(text: str) -> set[int]:
        found = extract(one(text))
        return set(found.indices[found.bounds[place] : found.bounds[place + 1]].tolist())

    assert len(ends("refactoring") & ends("refactorings")) >= 2
    assert len(ends("refactoring") & ends("monitoring")) >= 2
    assert not ends("fix it now")


def test_words_of_the_context_are_kept_apart():
    """The same word in the ask and in the context is two features."""
    alone = set(extract(one("zebra")).indices.tolist())
    context = set(extract(Prompt.of((("assistant", "zebra"), ("user", "go")))).indices.tolist())
    assert not alone & context


def test_words_of_instructions_are_the_words_of_an_ask():
    """A word of the instructions stands SHIFT places above the same word of an ask; one of other turns does not."""
    asked = extract(one("Summarise the zebra report"))
    place = BLOCKS.index("words")
    words = asked.indices[asked.bounds[place] : asked.bounds[place + 1]] + SHIFT
    found = extract(Prompt.of((("system", "Summarise the zebra report"), ("user", "go"))))
    assert found.indices[found.bounds[AROUND] : found.bounds[AROUND + 1]].tolist() == words.tolist()
    for turns in ((("user", "Zebra"), ("user", "go")), (("user", "go"), ("tool", "Zebra"))):
        other = extract(Prompt.of(turns))
        assert other.bounds[AROUND] == other.bounds[AROUND + 1]


def test_an_agents_instructions_are_no_part_of_what_a_later_call_asks():
    """They are the same for all of its calls; once tools have answered, their words are those of a context alone."""
    turns = (("system", "Prove theorems rigorously"), ("user", "list the files"))
    first, later = extract(Prompt.of(turns)), extract(Prompt.of((*turns, ("tool", "a.py b.py"))))
    assert (first.indices >= block_bounds()[AROUND]).any()
    assert not (later.indices >= block_bounds()[AROUND]).any()


@settings(deadline=None)
@given(st.text(st.characters(codec=None, exclude_categories=()), max_size=400), st.sampled_from(["user", "tool", "x"]))
def test_any_text_has_features(text: str, role: str):
    """Any text, lone surrogates and control characters too, gives finite numbers and indices in their blocks."""
    found = extract(Prompt.of((("system", text), (role, text), ("user", text))))
    assert found.numbers.shape == (len(NUMBERS),)
    assert np.isfinite(found.numbers).all()
    assert (np.diff(found.indices) > 0).all()
    assert found.indices.size == 0 or (found.indices[0] >= 0 and found.indices[-1] < DIMENSIONS)
    for start, end, low, high in zip(
        found.bounds[:-1], found.bounds[1:], block_bounds()[:-1], block_bounds()[1:], strict=True
    ):
        assert ((found.indices[start:end] >= low) & (found.indices[start:end] < high)).all()
    assert (found.counts >= 1).all()


def test_features_do_not_depend_on_the_process():
    """The features of a prompt are the same in another process with another hash seed."""
    script = "from classifier.features import fingerprint; print(fingerprint())"
    other = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": "77"}
    )
    assert other.stdout.strip() == fingerprint()


def test_numbers_have_distinct_names():
    """Each handcrafted number has one name of its own."""
    assert len(set(NUMBERS)) == len(NUMBERS)


def test_pointing_at_nothing_is_seen():
    """'Summarise this' with nothing there differs in its hints from the same with a body."""
    column = NUMBERS.index("transform_of_nothing")
    assert extract(one("summarise this text")).numbers[column] == 1.0
    assert extract(one("summarise this text:\nOnce upon a time there was a fox.")).numbers[column] == 0.0


def test_a_token_counts_the_same_however_many_came_before():
    """What is remembered of tokens is bounded, and forgetting it changes nothing."""
    prompt = Prompt.of((("system", "be brief"), ("user", "Explain interchangeable parts, briefly")))
    before = extract(prompt)
    for start in range(0, 17_200, 400):
        letters = ((97 + n % 26, 97 + n // 26 % 26, 97 + n // 676) for n in range(start, start + 400))
        extract(one(" ".join("".join(map(chr, code)) for code in letters)))
    after = extract(prompt)
    assert after.indices.tolist() == before.indices.tolist()
    assert after.counts.tolist() == before.counts.tolist()
