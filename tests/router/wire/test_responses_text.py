"""Where a message or a delta keeps what it says."""

from dataclasses import dataclass

import pytest

from router.wire.responses_text import OUTPUT_TEXT, REASONING, REFUSAL, arguments_of, texts_of


@dataclass(frozen=True)
class Case:
    id: str
    message: dict
    expected: list


CASES = [
    Case("text", {"role": "assistant", "content": "a"}, [(OUTPUT_TEXT, "a")]),
    Case("nothing", {"role": "assistant", "content": ""}, []),
    Case("null", {"content": None, "refusal": None, "reasoning": None}, []),
    Case("thought", {"reasoning_content": "t", "content": "a"}, [(REASONING, "t"), (OUTPUT_TEXT, "a")]),
    Case("thought by its newer name", {"reasoning": "t"}, [(REASONING, "t")]),
    Case("thought under both names counts once", {"reasoning_content": "t", "reasoning": "t"}, [(REASONING, "t")]),
    Case("refusal", {"content": None, "refusal": "no"}, [(REFUSAL, "no")]),
    Case(
        "parts",
        {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "t"}]}, {"type": "text", "text": "a"}]},
        [(REASONING, "t"), (OUTPUT_TEXT, "a")],
    ),
    Case("a thought as text", {"content": [{"type": "thinking", "thinking": "t"}]}, [(REASONING, "t")]),
    Case("odd parts", {"content": [1, None, {}, {"type": "text", "text": 3}]}, []),
    Case("odd members", {"content": 3, "refusal": [], "reasoning": {}}, []),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_every_text_is_found_with_its_kind(case) -> None:
    """Thoughts come before what is said; what is no text is passed over."""
    assert list(texts_of(case.message)) == case.expected


@pytest.mark.parametrize(
    ("value", "expected"), [('{"a": 1}', '{"a": 1}'), ({"a": 1}, '{"a":1}'), (None, ""), ("", ""), (3, "")]
)
def test_arguments_are_a_string(value, expected) -> None:
    """A string stays as it is; an object is written as JSON."""
    assert arguments_of(value) == expected
