"""Bytes to Request: read what the decision needs, leave the rest as it came.

Nothing is typed that tierwise does not use: unknown fields reach the upstream as the client wrote them. What is read
is checked strictly, and so is what every upstream would stumble over (UTF-8, JSON, surrogates without a partner). An
error names the field and the kind of value found there, never the value.
"""

import re
from typing import Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta, Raw

from classifier.prompt import Prompt, Turn
from classifier.tier import Tier
from router.errors import MalformedRequest
from router.request import Needs, Request
from router.wire import tokens
from router.wire.decoding import decoded, require_utf8
from router.wire.json_body import locate_model, messages_span

_SOUND_PARTS = frozenset({"input_audio", "audio_url", "audio"})
_IMAGE_PARTS = frozenset({"image_url", "input_image", "image"})
_NOT_REASONING = frozenset({None, "none", "minimal"})
_SESSION_CHARS = 256

_NOTHING = Raw(b"")
_NO_REASONING = (_NOTHING,) * 3

MOST_MESSAGES = 20_000
"""Messages of one request; a longer conversation would hold up every other one while it is read."""

_MANY = MOST_MESSAGES * len(b'{"role":""},')
_BRACE = ord("{")
_ROLE = re.compile(rb'"role"[ \t\n\r]*+:')

_Count = Annotated[int, Meta(ge=1)]


class _Part(msgspec.Struct, gc=False):
    """One part of a message's content; its picture or sound is skipped, not decoded."""

    type: str = ""
    text: str | None = None


class _Message(msgspec.Struct, gc=False):
    role: str
    content: str | list[_Part] | None = None
    tool_calls: Raw = _NOTHING
    reasoning_content: Raw = _NOTHING
    reasoning: Raw = _NOTHING
    reasoning_details: Raw = _NOTHING


class _StreamOptions(msgspec.Struct, gc=False):
    include_usage: bool | None = None


class _ResponseFormat(msgspec.Struct, gc=False):
    type: str
    json_schema: Raw = _NOTHING


class _Metadata(msgspec.Struct, gc=False):
    session_id: str | None = None


class _Body(msgspec.Struct, gc=False):
    """The members that are read. Those typed Any are only checked to be numbers that fit a double, if numbers."""

    model: Annotated[str, Meta(min_length=1)]
    messages: Raw
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    tools: list[Raw] | None = None
    functions: list[Raw] | None = None
    response_format: _ResponseFormat | None = None
    max_tokens: _Count | None = None
    max_completion_tokens: _Count | None = None
    n: _Count | None = None
    reasoning_effort: str | None = None
    prompt_cache_key: str | None = None
    metadata: _Metadata | None = None
    modalities: Any = None
    temperature: Any = None
    top_p: Any = None
    presence_penalty: Any = None
    frequency_penalty: Any = None
    seed: Any = None


_decode_body = msgspec.json.Decoder(_Body).decode
_decode_list = msgspec.json.Decoder(list[Raw]).decode
_decode_messages = msgspec.json.Decoder(Annotated[list[_Message], Meta(min_length=1)]).decode


class _Text:
    """What the messages hold, added up while they are read."""

    __slots__ = ("images", "others", "parallel", "size", "sounds", "thinks", "turns")

    def __init__(self) -> None:
        self.turns: list[Turn] = []
        self.size = 0
        self.images = 0
        self.sounds = 0
        self.parallel = False
        self.others = 0
        self.thinks = False

    def add(self, message: _Message) -> None:
        """Take one message: its text as a turn, the bytes of its text and tool calls, its pictures."""
        content = message.content
        if content is None:
            content = ""
        elif type(content) is list:
            content = self._joined(content)
        self.turns.append(Turn(message.role, content))  # type: ignore[arg-type]  # a list was joined above
        self.size += tokens.text_bytes(content)  # type: ignore[arg-type]  # as above
        if message.tool_calls is not _NOTHING:
            self.size += _size(message.tool_calls)
            self.parallel = self.parallel or _has_several(message.tool_calls)
        if (message.reasoning_content, message.reasoning, message.reasoning_details) != _NO_REASONING:
            self.thinks = True

    def _joined(self, parts: list[_Part]) -> str:
        texts = []
        for part in parts:
            if part.text is not None:
                texts.append(part.text)
            elif part.type in _IMAGE_PARTS:
                self.images += 1
            else:
                self.others += 1
                self.sounds += part.type in _SOUND_PARTS
                self.thinks = self.thinks or part.type == "thinking"
        return "\n".join(texts)


def read(
    body: bytes, *, request_id: str, caller: str, floor: Tier | None = None, session: str | None = None
) -> Request:
    """Return the chat completion that `body` asks for; MalformedRequest when it is none.

    `session` is what the headers say; without it the body's prompt_cache_key or metadata.session_id is taken.
    """
    parsed, messages = _parse(body)
    text = _Text()
    for message in messages:
        text.add(message)
    span = messages_span(body, bytes(parsed.messages))
    schema_bytes = sum(map(_size, parsed.tools or ())) + sum(map(_size, parsed.functions or ()))
    form = parsed.response_format
    if form is not None:
        schema_bytes += _size(form.json_schema)
    tools = len(parsed.tools or ()) + len(parsed.functions or ())
    size, count, media = text.size + schema_bytes, len(messages), text.images + text.others
    limit = parsed.max_completion_tokens
    return Request(
        id=request_id,
        caller=caller,
        model_asked=parsed.model,
        body=body,
        model_at=locate_model(body, span),
        prompt=Prompt(
            turns=tuple(text.turns),
            tools=tools,
            images=text.images,
            json_output=form is not None and form.type != "text",
        ),
        needs=Needs(
            tools=tools > 0,
            tool_count=tools,
            parallel_tools=text.parallel,
            images=text.images > 0,
            json_schema=form is not None and form.type == "json_schema",
            reasoning=parsed.reasoning_effort not in _NOT_REASONING,
            audio=text.sounds > 0 or (type(parsed.modalities) is list and "audio" in parsed.modalities),
            context_tokens=tokens.safe(size, messages=count, images=media),
            max_output_tokens=parsed.max_tokens if limit is None else limit,
        ),
        input_tokens=tokens.likely(size, messages=count, images=media),
        stream=parsed.stream is True,
        wants_usage=parsed.stream_options is not None and parsed.stream_options.include_usage is True,
        choices=parsed.n or 1,
        thinks=text.thinks,
        floor=floor,
        session=_session(session, parsed),
    )


def _parse(body: bytes) -> tuple[_Body, list[_Message]]:
    """Return the members read and the messages; MalformedRequest names what is wrong and where."""
    require_utf8(body)  # fields that are skipped would otherwise pass on what is not UTF-8
    require_few_messages(body)
    parsed = decoded(_decode_body, body)
    messages = decoded(_decode_messages, parsed.messages, "messages")
    if len(messages) > MOST_MESSAGES:
        raise _too_many()
    return parsed, messages


def _has_several(tool_calls: Raw) -> bool:
    """Tell whether a turn has more than one call; what is no list is left to the upstream."""
    try:
        return len(_decode_list(tool_calls)) > 1
    except msgspec.DecodeError:
        return False


def require_few_messages(body: bytes) -> None:
    """Raise MalformedRequest at more than MOST_MESSAGES messages, before they are decoded one by one."""
    if len(body) <= _MANY or np.count_nonzero(np.frombuffer(body, np.uint8) == _BRACE) <= MOST_MESSAGES:
        return  # each is an object; numpy counts eight times as quickly as bytes.count
    if sum(1 for _ in _ROLE.finditer(body)) > MOST_MESSAGES:
        raise _too_many()


def _too_many() -> MalformedRequest:
    return MalformedRequest(f"There are more than {MOST_MESSAGES:,} messages.", param="messages")


def _size(raw: Raw) -> int:
    return len(memoryview(raw))


def _session(header: str | None, parsed: _Body) -> str | None:
    """Return the session's name, shortened, from the first place that has one."""
    name = header or parsed.prompt_cache_key
    if not name and parsed.metadata is not None:
        name = parsed.metadata.session_id
    return name[:_SESSION_CHARS] if name else None
