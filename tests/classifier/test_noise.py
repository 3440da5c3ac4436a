"""What stands in a turn and asks for nothing."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.noise import is_assent, without_noise

SALAD = "quorum manifold scheduler lattice gradient bytecode entropy topology replica tensor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A text and what of it is read."""

    id: str
    text: str
    expected: str


CASES = (
    Case(
        id="after a sentence", text=f"What is the capital of France? {SALAD}", expected="What is the capital of France?"
    ),
    Case(
        id="after another language",
        text=f"Fasse das zusammen: Hallo Welt. {SALAD}",
        expected="Fasse das zusammen: Hallo Welt.",
    ),
    Case(id="after another script", text=f"列出三种水果 {SALAD}", expected="列出三种水果"),
    Case(id="after code", text=f"fix print('hi) {SALAD}", expected="fix print('hi)"),
    Case(id="two words may be the sentence's", text=f"what is osmosis {SALAD}", expected="what is osmosis quorum"),
    Case(id="before the ask", text=f"{SALAD} axiom cipher\n\nWhat is two plus two?", expected="What is two plus two?"),
    Case(id="nothing but words", text=SALAD, expected=SALAD),
    Case(id="keywords", text="cheap laptop 2024 gaming rtx", expected="cheap laptop 2024 gaming rtx"),
    Case(
        id="a list with marks", text=f"sort: {SALAD.replace(' ', ', ')}", expected=f"sort: {SALAD.replace(' ', ', ')}"
    ),
    Case(
        id="prose without marks",
        text="i want to know how the court decides who gets the house when both of them paid for it",
        expected="i want to know how the court decides who gets the house when both of them paid for it",
    ),
    Case(
        id="a heading",
        text="Notes from the second workshop about our plan to move the office\n\nShorten them.",
        expected="Notes from the second workshop about our plan to move the office\n\nShorten them.",
    ),
    Case(id="nothing", text="", expected=""),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_strings_of_words_that_are_no_sentence_are_not_read(case: Case):
    """Words in a row without grammar or marks are left out beside an ask, and only there."""
    assert without_noise(case.text) == case.expected


COURTESY = (
    ("Solve x + 2 = 4.\n\nThanks!", "Solve x + 2 = 4."),
    ("Hello,\n\nSolve it.\nBest regards,\nAnna Keller", "Solve it."),
    ("what is 2 + 2? thank you so much in advance", "what is 2 + 2?"),
    ("Progettate un protocollo.\n\nGrazie mille!", "Progettate un protocollo."),
    ("Hallo zusammen,\nwas ist das? Vielen Dank", "was ist das?"),
    ("Почему так? Спасибо", "Почему так?"),
    ("証明してください。ありがとうございます", "証明してください。"),
    ("Thanks!", "Thanks!"),
    ("hi", "hi"),
    ("How do you say thanks", "How do you say thanks"),
    ("Write a thank you note", "Write a thank you note"),
    ("Hello world in C", "Hello world in C"),
    ("Say thanks. Then explain why gratitude helps people who work in teams.",) * 2,
)


@pytest.mark.parametrize(("text", "expected"), COURTESY)
def test_greetings_and_thanks_ask_for_nothing(text: str, expected: str):
    """A greeting in a line of its own and thanks at the end are not read, unless they are all there is."""
    assert without_noise(text) == expected


YES = ["yes", "Yes, go ahead!", "continue", "do it.", "ja", "oui", "sí", "да", "继续。", "はい", "네", "نعم", "हाँ"]
CONSENT = ["ok do it", "LGTM, ship it!", "Yes, sounds good. Please go ahead.", "great, continue", "Let's do that now"]
ASKS = ["ok now do it in rust", "do it again", "go", "sure", "do this exercise", "looks good, but ship it on Friday"]


@pytest.mark.parametrize("text", [*YES, *CONSENT])
def test_a_bare_yes_is_an_assent(text: str):
    """Whoever only says yes asks for what was said before."""
    assert is_assent(text)


@pytest.mark.parametrize(
    "text", ["", "yes, but in Rust", "no", "thanks", "continue the story with a dragon", "ok", *ASKS]
)
def test_what_says_more_or_less_is_no_assent(text: str):
    """A wish of its own, a no and a thank-you are asks."""
    assert not is_assent(text)


@given(st.text(max_size=300))
def test_something_is_left_of_any_text(text: str):
    """Noise is left out of a text, never all of the text."""
    assert without_noise(text).strip() or not text.strip()


def test_an_okay_is_an_assent_to_a_question_alone() -> None:
    """Said to a question it says yes, said to anything else it may be no more than a nod."""
    for text in ("ok", "OK.", "sure", "👍", "go", "vale", "好", "はい、お願いします"):
        assert is_assent(text, "Here is the plan.\n\n**Shall I implement it?**")
        assert not is_assent(text, "Here is the plan. Is it not fine? I think so.") or text == "はい、お願いします"
    assert not is_assent("ok but in Rust", "Shall I?")
