from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.evaluation.templates import stripped


@dataclass(frozen=True)
class Case:
    id: str
    text: str
    expected: str


CRUX = (
    "You are given a Python function and an assertion containing an input to the function. Complete it.\nThink.\n\n"
    "[PYTHON]\ndef f(x):\n    return x\nassert f(1) == ??\n[/PYTHON]"
)
CASES = (
    Case("options", "Which?\nA. one\nB. two\nAnswer:", "Which?\none\ntwo"),
    Case("brackets", "Which?\n(A) one\n(B) two", "Which?\none\ntwo"),
    Case("question", "Question: Who wrote it?", "Who wrote it?"),
    Case("code", CRUX, "What does this give?\n\ndef f(x):\n    return x\nassert f(1) == ??"),
    Case(
        "exercise",
        "Solve this in Java.\n\n# Instructions\n\nReverse it.\n\n[bob]: https://example.com/bob",
        "Reverse it.",
    ),
    Case("ordinary", "I think A. is fine, isn't it? Answer: no", "I think A. is fine, isn't it? Answer: no"),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_templates_are_stripped(case: Case):
    """Frames go, what is asked stays."""
    assert stripped(case.text) == case.expected


@given(st.text(alphabet="abc ?", max_size=80))
def test_plain_text_keeps_its_words(text: str):
    """A text without frames keeps all its words."""
    assert stripped(text).split() == text.split()
