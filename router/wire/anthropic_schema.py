"""The body of Anthropic's Messages API: the members that are read, and how what does not fit is told.

Members that differ from one kind of block to the next stay raw until the kind is known, so that a block which cannot be
kept is refused by its name and not by its shape.
"""

from collections.abc import Callable
from typing import Annotated

import msgspec
from msgspec import Meta, Raw

from router.errors import MalformedRequest
from router.wire import decoding
from router.wire.decoding import Buffer, T

NOTHING = Raw(b"")
"""A member that is not there."""

FIX = "Send one JSON object as the Messages API reference describes it."


class Block(msgspec.Struct, gc=False):
    """One block of content: the members of every kind that is kept."""

    type: str
    text: str | None = None
    source: Raw = NOTHING
    id: str | None = None
    name: str | None = None
    input: Raw = NOTHING
    tool_use_id: str | None = None
    content: Raw = NOTHING
    is_error: bool | None = None
    thinking: str | None = None
    signature: str | None = None
    title: str | None = None
    context: str | None = None
    citations: Raw = NOTHING
    transformations: Raw = NOTHING
    cache_control: Raw = NOTHING


class Source(msgspec.Struct, gc=False):
    """Where the bytes of a picture or a document come from."""

    type: str
    media_type: str | None = None
    data: str | None = None
    url: str | None = None


class Message(msgspec.Struct, gc=False):
    """One message."""

    role: str
    content: str | list[Block]


class Tool(msgspec.Struct, gc=False):
    """One tool. `type` is None or "custom" for one that the client describes itself."""

    name: str | None = None
    type: str | None = None
    description: str | None = None
    input_schema: Raw = NOTHING
    strict: bool | None = None
    cache_control: Raw = NOTHING
    input_examples: Raw = NOTHING
    defer_loading: Raw = NOTHING
    allowed_callers: Raw = NOTHING
    eager_input_streaming: Raw = NOTHING


class ToolChoice(msgspec.Struct, gc=False):
    """Whether and which tools the model must use."""

    type: str
    name: str | None = None
    disable_parallel_tool_use: bool | None = None


class Metadata(msgspec.Struct, gc=False):
    """Who asks."""

    user_id: str | None = None


class Thinking(msgspec.Struct, gc=False):
    """Whether the model is to think before it answers."""

    type: str
    budget_tokens: Annotated[int, Meta(ge=1)] | None = None
    display: str | None = None


class OutputFormat(msgspec.Struct, gc=False):
    """The schema that the answer must fit."""

    type: str
    schema: Raw = NOTHING


class OutputConfig(msgspec.Struct, gc=False):
    """The effort, and the form of the answer."""

    effort: str | None = None
    format: OutputFormat | None = None


decode_outline = msgspec.json.Decoder(dict[str, Raw]).decode
decode_name = msgspec.json.Decoder(Annotated[str, Meta(min_length=1)]).decode
decode_flag = msgspec.json.Decoder(bool).decode
decode_number = msgspec.json.Decoder(float).decode
decode_count = msgspec.json.Decoder(Annotated[int, Meta(ge=1)]).decode
decode_texts = msgspec.json.Decoder(list[str]).decode
decode_blocks = msgspec.json.Decoder(list[Block]).decode
decode_content = msgspec.json.Decoder(str | list[Block]).decode
decode_source = msgspec.json.Decoder(Source).decode
decode_messages = msgspec.json.Decoder(Annotated[list[Message], Meta(min_length=1)]).decode
decode_tools = msgspec.json.Decoder(list[Tool]).decode
decode_tool_choice = msgspec.json.Decoder(ToolChoice).decode
decode_metadata = msgspec.json.Decoder(Metadata).decode
decode_thinking = msgspec.json.Decoder(Thinking).decode
decode_output_config = msgspec.json.Decoder(OutputConfig).decode


def decoded(decode: Callable[[Buffer], T], data: Buffer, place: str = "") -> T:
    """Return what `decode` makes of `data`; MalformedRequest says what does not fit and where, never the value.

    `place` is the field of the body that `data` stands in, empty for the whole body.
    """
    return decoding.decoded(decode, data, place, fix=FIX)


def is_there(raw: Raw) -> bool:
    """Tell whether a raw member is there and is not null."""
    return raw is not NOTHING and bytes(raw) != b"null"


def is_string(raw: Raw) -> bool:
    """Tell whether a raw member is a JSON string; what stands in it may still be none."""
    return bytes(raw).startswith(b'"')


def is_object(raw: Raw) -> bool:
    """Tell whether a raw member is a JSON object."""
    return bytes(raw).startswith(b"{")


def refused(place: str, what: str, fix: str) -> MalformedRequest:
    """Return the refusal of what stands in the field `place`."""
    return MalformedRequest(f"'{place}': {what}.", param=place, fix=fix)


def missing(place: str) -> MalformedRequest:
    """Return the refusal of a body in which the field `place` is not there."""
    return refused(place, "it is required", FIX)
