"""The body of POST /v1/responses as typed values: what is read of it, and errors that name the field.

Nothing is translated here. What must survive as it is (a tool's schema) stays JSON bytes. An error names a field and
the kind of value found there, never the value.
"""

from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import UNSET, Meta, Raw, UnsetType

from router.errors import MalformedRequest
from router.wire.decoding import decoded, misfit, require_utf8
from router.wire.usage_report import MOST_TOKENS

NOTHING = Raw(b"")
"""What a member of type Raw holds when it is not there."""

MOST_ITEMS = 20_000
"""Items of one request; a longer conversation would hold up every other one while it is read."""

MOST_MEMBERS = 100
"""Top-level members of a body, three times what the API knows."""

_T = TypeVar("_T")


class Part(msgspec.Struct, gc=False):
    """One part of a message's content, of a tool's output or of a reasoning item."""

    type: str
    text: str | None = None
    refusal: str | None = None
    image_url: str | None = None
    file_id: str | None = None
    detail: str | None = None


class Kind(msgspec.Struct, gc=False):
    """What tells one input item from another, and what each may have; a message may come without its `type`."""

    type: str | None = None
    role: str | None = None
    id: str | None = None
    status: str | None = None


class Message(msgspec.Struct, gc=False):
    """An item of type message."""

    role: str
    content: str | list[Part]


class FunctionCall(msgspec.Struct, gc=False):
    """An item of type function_call: what the model asked a tool for; `arguments` is JSON in a string."""

    call_id: str
    name: str
    arguments: str


class FunctionOutput(msgspec.Struct, gc=False):
    """An item of type function_call_output."""

    call_id: str
    output: str | list[Part]


class Reasoning(msgspec.Struct, gc=False):
    """An item of type reasoning; what only its maker can read is not looked at."""

    content: list[Part] | None = None


class Format(msgspec.Struct, gc=False):
    """text.format."""

    type: str
    name: str | None = None
    schema: Raw = NOTHING
    strict: bool | None = None
    description: str | None = None


class Text(msgspec.Struct, gc=False):
    """The member text."""

    format: Format | None = None


class Effort(msgspec.Struct, gc=False):
    """The member reasoning: the effort is kept; summaries are what no upstream writes."""

    effort: str | None = None


class Named(msgspec.Struct, gc=False):
    """A tool that a tool_choice names."""

    type: str
    name: str | None = None


class Choice(msgspec.Struct, gc=False):
    """A tool_choice that is an object."""

    type: str
    name: str | None = None
    mode: str | None = None
    tools: list[Named] | None = None


class Tool(msgspec.Struct, gc=False):
    """A tool; `parameters` is its JSON schema as it was written."""

    type: str
    name: str | None = None
    description: str | None = None
    parameters: Raw = NOTHING
    strict: bool | None = None


class Body(msgspec.Struct, gc=False):
    """The members that are kept. `stream_options` and the like, which are not, are no members of this."""

    model: Annotated[str, Meta(min_length=1)]
    input: str | list[Raw] | UnsetType = UNSET
    instructions: str | None = None
    tools: list[Raw] | None = None
    tool_choice: str | Choice | None = None
    parallel_tool_calls: bool | None = None
    text: Text | None = None
    reasoning: Effort | None = None
    max_output_tokens: Annotated[int, Meta(ge=1, le=MOST_TOKENS)] | None = None
    temperature: float | None = None
    top_p: float | None = None
    metadata: dict[str, str] | None = None
    user: str | None = None
    prompt_cache_key: str | None = None
    truncation: str | None = None
    stream: bool | None = None
    store: bool | None = None
    previous_response_id: str | None = None


KEPT = frozenset(Body.__struct_fields__) - {"store"}
"""The top-level members that are not dropped; `store` is where nothing is stored."""

_decode_members = msgspec.json.Decoder(dict[str, Raw]).decode
_decode_body = msgspec.json.Decoder(Body).decode


def read_body(body: bytes) -> tuple[Body, dict[str, Raw]]:
    """Return what is kept of `body`, and all its members by name as JSON; MalformedRequest where it is none."""
    require_utf8(body)  # values that are skipped would otherwise pass on what is not UTF-8
    members = decoded(_decode_members, body)
    parsed = decoded(_decode_body, body)
    if len(members) > MOST_MEMBERS:
        raise MalformedRequest(f"The body has more than {MOST_MEMBERS} members.", fix="Send fewer.")
    if isinstance(parsed.input, list) and len(parsed.input) > MOST_ITEMS:
        raise MalformedRequest(f"There are more than {MOST_ITEMS:,} items in 'input'.", param="input")
    return parsed, members


def read_value(raw: Raw, kind: type[_T], where: str) -> _T:
    """Return the JSON in `raw` as a `kind`; MalformedRequest names the place, which is `where` and below."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as error:
        raise misfit(error, where) from None
    except (msgspec.DecodeError, RecursionError):
        raise MalformedRequest(f"'{where}' cannot be read.", param=where) from None


def given(value: Any) -> bool:
    """Tell whether a member of type Raw, or None where it is absent, says something: it is there and not null."""
    return value is not None and bytes(value) not in (b"", b"null")
