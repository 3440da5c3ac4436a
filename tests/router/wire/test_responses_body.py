"""The body of a Responses request: what is read, and the field that an error names."""

from dataclasses import dataclass

import pytest
from hypothesis import given as given_by
from hypothesis import strategies as st
from msgspec import Raw

from router.errors import MalformedRequest
from router.wire.responses_body import MOST_ITEMS, MOST_MEMBERS, Part, given, read_body, read_value


@dataclass(frozen=True)
class Case:
    id: str
    body: bytes
    param: str | None
    words: str


CASES = [
    Case("no JSON", b"hello", None, "not one JSON object"),
    Case("a list", b"[]", None, "expected object"),
    Case("not UTF-8", b'{"model":"\xff"}', None, "UTF-8 (byte 10)"),
    Case("half a surrogate", b'{"model":"a","input":"\\ud83d"}', None, "not one JSON object"),
    Case("no model", b'{"input":"a"}', "model", "it is required"),
    Case("empty model", b'{"model":"","input":"a"}', "model", "expected str of length >= 1"),
    Case("input of a wrong kind", b'{"model":"a","input":3}', "input", "expected str | array"),
    Case("temperature of a wrong kind", b'{"model":"a","temperature":"hot"}', "temperature", "expected float"),
    Case("temperature beyond all numbers", b'{"model":"a","temperature":1e999}', "temperature", "out of range"),
    Case("no tokens", b'{"model":"a","max_output_tokens":0}', "max_output_tokens", "expected int >= 1"),
    Case("too many tokens", b'{"model":"a","max_output_tokens":99999999999}', "max_output_tokens", "expected int <="),
    Case("metadata of numbers", b'{"model":"a","metadata":{"k":1}}', "metadata[...]", "expected str"),
    Case("format without type", b'{"model":"a","text":{"format":{}}}', "text.format.type", "it is required"),
    Case("too deep", b'{"model":"a","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}", None, "nested too deeply"),
    Case(
        "too many members",
        b'{"model":"a"' + b"".join(b',"x%d":1' % n for n in range(MOST_MEMBERS)) + b"}",
        None,
        "members",
    ),
    Case("too many items", b'{"model":"a","input":[' + b"1," * MOST_ITEMS + b"1]}", "input", "items"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_an_error_names_the_field_and_not_its_value(case) -> None:
    """What is wrong is said by field and kind."""
    with pytest.raises(MalformedRequest) as caught:
        read_body(case.body)

    assert case.words in caught.value.message
    assert caught.value.param == case.param


def test_all_members_are_known_by_name() -> None:
    """What is kept is typed, the rest is there as JSON."""
    parsed, members = read_body(b'{"model":"auto","input":[{"a": 1}],"temperature":1,"x_future":{"n": 1.50}}')

    assert (parsed.model, parsed.temperature) == ("auto", 1.0)
    assert set(members) == {"model", "input", "temperature", "x_future"}
    assert bytes(members["x_future"]) == b'{"n": 1.50}'


def test_a_value_is_read_at_its_place() -> None:
    """The error of a nested value names the whole way to it."""
    with pytest.raises(MalformedRequest) as caught:
        read_value(Raw(b'[{"type":"input_text"},{"text":"secret"}]'), list[Part], "input[2].content")

    assert caught.value.param == "input[2].content[1].type"
    assert "secret" not in caught.value.message


@pytest.mark.parametrize(
    ("raw", "expected"), [(None, False), (b"", False), (b"null", False), (b"0", True), (b"{}", True)]
)
def test_null_says_nothing(raw, expected) -> None:
    """A member that is null is as good as absent."""
    assert given(None if raw is None else Raw(raw)) is expected


@given_by(body=st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(body) -> None:
    """Whatever comes, the only error is MalformedRequest."""
    try:
        parsed, members = read_body(body)
    except MalformedRequest:
        return
    assert parsed.model
    assert "model" in members
