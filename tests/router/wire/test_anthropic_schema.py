"""What does not fit is told by its place and kind, never by its value."""

from dataclasses import dataclass

import pytest
from msgspec import Raw

from router.errors import MalformedRequest
from router.wire import anthropic_schema as schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A member's bytes, its decoder, and what is said of it."""

    id: str
    data: bytes
    decode: object
    place: str
    said: str
    param: str | None


CASES = (
    Case(
        id="a-kind",
        data=b'{"type":7}',
        decode=schema.decode_thinking,
        place="thinking",
        said="'thinking.type': expected str, got int.",
        param="thinking.type",
    ),
    Case(
        id="a-missing-member",
        data=b'[{"content":"s3cret"}]',
        decode=schema.decode_messages,
        place="messages",
        said="'messages[0].role': it is required.",
        param="messages[0].role",
    ),
    Case(
        id="deep-inside",
        data=b'[{"role":"user","content":[{"type":"text","text":["s3cret"]}]}]',
        decode=schema.decode_messages,
        place="messages",
        said="'messages[0].content[0].text': expected str | null, got array.",
        param="messages[0].content[0].text",
    ),
    Case(
        id="the-whole-body",
        data=b"[]",
        decode=schema.decode_outline,
        place="",
        said="The body: expected object, got array.",
        param=None,
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_says_what_does_not_fit_and_where(case: Case) -> None:
    """The field and the kinds are named, the value is not."""
    with pytest.raises(MalformedRequest) as caught:
        schema.decoded(case.decode, case.data, case.place)

    assert (caught.value.message, caught.value.param) == (case.said, case.param)
    assert "s3cret" not in caught.value.message
    assert "Messages API" in caught.value.fix


@pytest.mark.parametrize("data", [b"", b"{", b'{"a":1}x', b"[" * 100_000])
def test_what_is_no_json_is_malformed(data: bytes) -> None:
    """Whatever comes, the answer is a 400."""
    with pytest.raises(MalformedRequest) as caught:
        schema.decoded(schema.decode_outline, data)

    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (schema.NOTHING, (False, False, False)),
        (Raw(b"null"), (False, False, False)),
        (Raw(b"[]"), (True, False, False)),
        (Raw(b'{"a":1}'), (True, True, False)),
        (Raw(b'"a"'), (True, False, True)),
    ],
)
def test_tells_what_a_raw_member_is(raw: Raw, expected: tuple[bool, bool, bool]) -> None:
    """Null is the same as absent."""
    assert (schema.is_there(raw), schema.is_object(raw), schema.is_string(raw)) == expected


def test_a_refusal_names_its_field() -> None:
    """What is required and what cannot be kept are told alike."""
    assert schema.missing("model").message == "'model': it is required."
    assert schema.refused("a.b", "no", "Do c.").fix == "Do c."
