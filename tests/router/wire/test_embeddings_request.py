"""The body of an embedding request: every form of input, and what is none."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from router.errors import MalformedRequest
from router.request import Vectors
from router.wire.embeddings_request import MOST_INPUTS, read_embeddings


def body(given: Any = "hi", **members: Any) -> bytes:
    """Return a body with this input."""
    return json.dumps({"model": "docs", "input": given} | members).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One form of input: how many vectors it asks for, its tokens, and those of its longest text."""

    id: str
    given: Any
    count: int
    tokens: int
    longest: int


CASES = (
    Case(id="text", given="a" * 40, count=1, tokens=10, longest=10),
    Case(id="empty text", given="", count=1, tokens=1, longest=1),
    Case(id="texts", given=["a" * 40, "é" * 10], count=2, tokens=15, longest=10),
    Case(id="tokens", given=[1, 2, 3], count=1, tokens=3, longest=3),
    Case(id="lists of tokens", given=[[1, 2, 3], [4]], count=2, tokens=4, longest=3),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_every_form_of_input_is_counted(case: Case) -> None:
    """Texts are estimated, token ids are counted."""
    asked = read_embeddings(body(case.given))

    assert (asked.model, asked.input_tokens) == ("docs", case.tokens)
    assert asked.vectors == Vectors(count=case.count, longest=case.longest)


def test_where_the_model_stands() -> None:
    """A model within the input is not it."""
    raw = b'{"input": "\\"model\\": \\"x\\"", "model": "docs", "user": {"model": 1}}'

    start, end = read_embeddings(raw).model_at

    assert raw[start:end] == b'"docs"'


def test_what_the_answer_must_be_like() -> None:
    """Encoding, length and kind of number are read."""
    asked = read_embeddings(body(dimensions=256, encoding_format="base64", output_dtype="int8"))

    assert asked.vectors == Vectors(count=1, longest=1, dimensions=256, base64=True, floats=False)


REFUSED = (
    (b"[]", None),
    (b'{"model":"m"}', "input"),
    (b'{"input":"a"}', "model"),
    (body([]), "input"),
    (body([[]]), "input[0]"),
    (body(["a", 1]), "input"),
    (body([1, [2]]), "input"),
    (body([-1]), "input[0]"),
    (body([{"text": "a"}]), "input[0]"),
    (body(["a"] * (MOST_INPUTS + 1)), "input"),
    (body(dimensions=0), "dimensions"),
    (body(encoding_format="hex"), "encoding_format"),
    (b'{"model":"m","input":"a","model":"n"}', "model"),
    (b'{"model":"m","input":"a","Input":"b"}', "input"),
    (b'{"model":"m","input":"a","encoding_format":"float","encoding_\\u0066ormat":"base64"}', "encoding_format"),
    (b'{"model":"m","input":"\xff"}', None),
)


@pytest.mark.parametrize(("raw", "param"), REFUSED)
def test_what_is_no_request_is_refused(raw: bytes, param: str | None) -> None:
    """The field is named, the value is not repeated; two members of one name could mean two things."""
    with pytest.raises(MalformedRequest) as caught:
        read_embeddings(raw)

    assert caught.value.param == param
