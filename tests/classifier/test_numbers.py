"""The handcrafted numbers: one a name, finite for any text, and saying what they are called."""

import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.features import extract
from classifier.lexicon import plain, tokens_of
from classifier.numbers import NUMBERS, numbers, setting_of
from classifier.prompt import Prompt


def named(text: str) -> dict[str, float]:
    """Return the numbers of a prompt of one turn, by name."""
    reading = Prompt.of([("user", text)]).reading()
    return dict(
        zip(
            NUMBERS,
            numbers(reading, (plain(reading.ask), tokens_of(plain(reading.ask))), [], [], setting_of([])).tolist(),
            strict=True,
        )
    )


def talk(*turns: tuple[str, str]) -> dict[str, float]:
    """Return the numbers of a prompt of some turns, by name."""
    return dict(zip(NUMBERS, extract(Prompt.of(turns)).numbers.tolist(), strict=True))


@given(st.text(max_size=300))
def test_every_name_has_a_finite_number(text: str):
    """Whatever the text, there are as many numbers as names and none is infinite or nobody's."""
    found = named(text)

    assert len(found) == len(NUMBERS)
    assert np.isfinite(list(found.values())).all()


def test_numbers_say_what_their_names_say():
    """Question marks, code fences, digits and an empty ask are counted as such."""
    assert named("Why?")["mark_63"] > named("Why.")["mark_63"] == 0
    assert named("```x```")["fenced"] == 1
    assert named("12345")["digits"] > named("abcde")["digits"] == 0
    assert (named("")["empty"], named("hi")["empty"]) == (1, 0)


@pytest.mark.parametrize(
    "text", ["翻译成英文：明天下午三点开会。", "修改“我饿了”这句", "Popraw: „poszlem”", "訳して『海』", "Fix: it"]
)
def test_a_text_brought_along_is_seen_in_any_script(text: str):
    """After a full-width colon, and in the quotation marks of many languages."""
    assert named(text)["has_body"] == 1
    assert named("翻译成英文：")["has_body"] == named("It's ’here’")["has_body"] == 0


def test_decomposed_letters_are_read_as_composed_ones():
    """Words of two syllables are found in Korean however it is composed."""
    text = "편미분 방정식의 약해 존재성을 증명하시오"
    assert [named(form)["any_expert_words"] for form in (text, unicodedata.normalize("NFD", text))] == [
        named(text)["any_expert_words"]
    ] * 2
    assert named(text)["any_expert_words"] > 0


def test_who_writes_without_marks_does_not_write_longer_sentences():
    """A long text without full stops has the sentences of one with them; short sentences stay short."""
    sentence = "the train to the coast was late again because of the snow on the line "
    unmarked, marked = named(sentence * 6)["sentence_words"], named((sentence.strip() + ". ") * 6)["sentence_words"]
    assert abs(unmarked - marked) < 0.25
    assert named("Go. Now. Run.")["sentence_words"] < 1.0 < marked


def test_a_talk_that_holds_the_material_differs_from_one_that_does_not():
    """Figures, code and a question before the ask are counted, until tools have answered."""
    last = ("user", "what's the average")
    found = talk(("user", "Goals: 2, 0, 3, 1"), ("assistant", "Of which team?"), last)
    assert found["before_digits"] > 0
    assert found["before_marks"] > 0
    assert found["before_asks"] == 1
    bare = talk(("user", "We played a lot"), ("assistant", "Nice."), last)
    later = talk(("user", "Goals: 2, 0, 3, 1"), ("assistant", "Of which team?"), last, ("tool", "done"))
    for none in (bare, later, talk(last)):
        assert none["before_digits"] == none["before_marks"] == none["before_asks"] == 0


def test_functions_that_instructions_name_are_seen():
    """Brackets and starred parameters are counted, and how much the ask says beside them."""
    ask = ("user", "a table at the Anchor")
    plain_one, named_one, starred = (
        talk(("system", text), ask) for text in ("Book tables.", "Call book(place, date).", "Call book(place*, date*).")
    )
    assert plain_one["told_brackets"] == plain_one["told_parameters"] == named_one["told_parameters"] == 0
    assert named_one["told_brackets"] == starred["told_brackets"] > 0
    assert starred["told_parameters"] == 1
    assert plain_one["told_ask_words"] > talk(ask)["told_ask_words"] == 0
