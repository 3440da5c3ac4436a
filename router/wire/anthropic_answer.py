"""A whole chat completion as a message of Anthropic's Messages API. Texts and arguments keep their bytes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import Raw

from router.errors import UpstreamBroken
from router.wire.anthropic_messages import (
    EMPTY,
    Call,
    Said,
    arguments_of,
    decode_string,
    message,
    spoken,
    stop_of,
    usage_of,
)
from router.wire.chat_answer import MALFORMED
from router.wire.surrogates import lenient


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """How an answer is told: the message's id, the model where the answer names none, and what the client asked.

    `input_tokens` is the estimate of the request, which counts until, or unless, the upstream reports its own.
    """

    message_id: str
    model: str
    input_tokens: int
    stops: tuple[str, ...] = ()
    shows_thinking: bool = True


class _Choice(msgspec.Struct, gc=False):
    message: Said | None = None
    finish_reason: str | None = None
    stop_reason: Raw = Raw(b"")


class _Answer(msgspec.Struct, gc=False):
    choices: list[_Choice]
    model: str | None = None
    usage: Any = None


_decode = lenient(msgspec.json.Decoder(_Answer).decode)
_decode_object = msgspec.json.Decoder(dict[str, Raw]).decode


def to_message(data: bytes, telling: Telling) -> bytes:
    """Return the message that a chat completion says; UpstreamBroken when no message can say it."""
    try:
        answer = _decode(data)
        choice = answer.choices[0]
        said = choice.message or Said()
        content, size = _content(said, telling)
        calls = bool(said.tool_calls)
        reason, sequence = stop_of(choice.finish_reason, calls=calls, matched=choice.stop_reason, stops=telling.stops)
    except (*MALFORMED, IndexError):
        raise UpstreamBroken("The upstream's answer cannot be told as a message.") from None
    usage = usage_of(answer.usage, telling.input_tokens, size)
    whole = message(telling.message_id, answer.model or telling.model, content, usage)
    return msgspec.json.encode({**whole, "stop_reason": reason, "stop_sequence": sequence})


def _content(said: Said, telling: Telling) -> tuple[list[Any], int]:
    """Return the blocks, and the bytes that were said in them or not shown."""
    blocks: list[Any] = []
    size = 0
    for kind, raw in spoken(said):
        size += len(raw) - len(EMPTY)
        if kind == "text":
            blocks.append({"type": "text", "text": Raw(raw)})
        elif telling.shows_thinking:
            blocks.append({"type": "thinking", "thinking": Raw(raw), "signature": ""})
    for number, block in enumerate(_calls(said.tool_calls or [])):
        size += len(block["name"]) + len(bytes(block["input"]))
        blocks.append(block)
        if not block["id"]:
            block["id"] = call_id(telling.message_id, number)
    return blocks, size


def _calls(calls: list[Call]) -> Iterator[dict[str, Any]]:
    """Yield each call as a block; its input is the arguments' own text, or empty where they are no JSON object."""
    for call in calls:
        if call.function is None or not call.function.name:
            raise UpstreamBroken("The upstream calls a tool without naming it.")
        text = decode_string(arguments_of(call.function)).strip() or "{}"
        try:
            _decode_object(text)
        except MALFORMED:
            text = (
                "{}"  # cut short, mostly: the answer is paid, and its reader sees by the stop reason what became of it
            )
        yield {"type": "tool_use", "id": call.id, "name": call.function.name, "input": Raw(text.encode())}


def call_id(message_id: str, number: int) -> str:
    """Return an id for a call that came without one; `number` counts the calls of the message."""
    return f"toolu_{message_id.removeprefix('msg_')}_{number}"
