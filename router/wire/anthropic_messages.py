"""Anthropic's Messages API as a client of it sees answers: the words that whole ones, streams and errors share."""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Raw

from router.errors import MalformedRequest, RouterError, UnknownCaller
from router.usage import Usage
from router.wire.anthropic_schema import FIX, NOTHING
from router.wire.usage_report import estimate, read_usage

JSON_STRING = b'"'
"""What every string of JSON begins with."""

EMPTY = b'""'
"""The JSON string that says nothing."""

_STOPS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "content_filter": "refusal",
}
_ERROR_TYPES = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_STREAM_ERRORS = {"upstream_timeout": "timeout_error"}
_KEY_FIX = "Send a client key of this proxy as 'x-api-key: ...' or 'Authorization: Bearer ...'."

decode_string = msgspec.json.Decoder(str).decode


class Function(msgspec.Struct, gc=False):
    """What a call calls; `arguments` is a JSON string, or the object itself at some hosts."""

    name: str | None = None
    arguments: Raw = NOTHING


class Call(msgspec.Struct, gc=False):
    """One tool call, or a piece of one."""

    index: int | None = None
    id: str | None = None
    function: Function | None = None


class Said(msgspec.Struct, gc=False):
    """A message, or a piece of one. Texts stay raw: they go to the client as they came."""

    content: Raw = NOTHING
    reasoning_content: Raw = NOTHING
    reasoning: Raw = NOTHING
    refusal: Raw = NOTHING
    tool_calls: list[Call] | None = None


class _Thoughts(msgspec.Struct, gc=False):
    text: Raw = NOTHING


class _Part(msgspec.Struct, gc=False):
    type: str = ""
    text: Raw = NOTHING
    thinking: list[_Thoughts] | None = None


_decode_parts = msgspec.json.Decoder(list[_Part]).decode


def spoken(said: Said) -> list[tuple[str, bytes]]:
    """Return what is said besides calls: ("thinking" or "text", its JSON string), empty ones left out.

    Hosts call their reasoning `reasoning_content` or `reasoning` (the same twice where both are there); Mistral sends a
    list of parts with the reasoning among them. msgspec's errors when a content is neither text nor such a list.
    """
    found: list[tuple[str, bytes]] = []
    if said.reasoning_content is not NOTHING or said.reasoning is not NOTHING:
        thought = bytes(said.reasoning_content)
        found.append(("thinking", thought if _is_text(thought) else bytes(said.reasoning)))
    content = bytes(said.content)
    if content.startswith(b"["):
        for part in _decode_parts(content):
            found += [("thinking", bytes(piece.text)) for piece in part.thinking or ()]
            found.append(("text", bytes(part.text)))
    else:
        found.append(("text", content))
    if said.refusal is not NOTHING:
        found.append(("text", bytes(said.refusal)))
    return [words for words in found if _is_text(words[1])]


def _is_text(raw: bytes) -> bool:
    """Tell whether `raw` is a JSON string that says something."""
    return raw.startswith(JSON_STRING) and raw != EMPTY


def arguments_of(function: Function) -> bytes:
    """Return a call's arguments as a JSON string; EMPTY where there are none."""
    raw = bytes(function.arguments)
    if raw.startswith(b"{"):
        return msgspec.json.encode(raw.decode())
    return raw if _is_text(raw) else EMPTY


def stop_of(finish: str | None, *, calls: bool, matched: Raw, stops: Sequence[str]) -> tuple[str, str | None]:
    """Return stop_reason and stop_sequence for a finish_reason.

    `calls`: tools were called, whatever the host says of its end. `matched` is vLLM's stop_reason: the sequence of
    `stops` that ended the answer; no other host tells it from an end of its own accord.
    """
    reason = _STOPS.get(finish or "stop", "end_turn")
    if reason != "end_turn":
        return reason, None
    if calls:
        return "tool_use", None
    raw = bytes(matched)
    sequence = decode_string(raw) if raw.startswith(JSON_STRING) else None
    return ("stop_sequence", sequence) if sequence in stops else (reason, None)


def usage_of(reported: Any, input_tokens: int, output_bytes: int) -> dict[str, int]:
    """Return Anthropic's usage for a reported usage object, or for the estimate that stands in the ledger then."""
    usage = None if reported is None else read_usage(reported)
    return counted(usage or estimate(input_tokens, output_bytes))


def counted(usage: Usage) -> dict[str, int]:
    """Return the counts in Anthropic's buckets, which exclude each other; one that is not known is left out."""
    cached, written = usage.cached_input, usage.cache_write
    counts = {"input_tokens": usage.input - (cached or 0) - (written or 0), "output_tokens": usage.output}
    if written is not None:
        counts["cache_creation_input_tokens"] = written
    if cached is not None:
        counts["cache_read_input_tokens"] = cached
    return counts


def message(message_id: str, model: str, content: Sequence[Any], usage: dict[str, int]) -> dict[str, Any]:
    """Return a message that has not stopped yet."""
    return {
        "id": message_id,
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": content,
        "stop_reason": None,
        "stop_sequence": None,
        "usage": usage,
    }


def event(name: str, fields: dict[str, Any]) -> bytes:
    """Return one server-sent event of type `name`."""
    return b"event: %b\ndata: %b\n\n" % (name.encode(), msgspec.json.encode({"type": name, **fields}))


def error_object(error: RouterError, request_id: str | None) -> bytes:
    """Return `{"type": "error", "error": {type, message}, "request_id"}`; the message ends in the fix."""
    fix = error.fix
    if isinstance(error, UnknownCaller):
        fix = _KEY_FIX
    elif fix == MalformedRequest.fix:
        fix = FIX
    told = f"{error.message.rstrip('.')}. {fix}" if fix else error.message
    kind = _ERROR_TYPES.get(error.status, "invalid_request_error" if error.status < 500 else "api_error")
    fields = {"type": "error", "error": {"type": kind, "message": told}, "request_id": request_id}
    return msgspec.json.encode(fields)


def error_event(problem: dict[str, Any]) -> bytes:
    """Return the event that ends a stream, for an error object in OpenAI's shape."""
    kind = _STREAM_ERRORS.get(problem.get("code") or "", problem.get("type") or "api_error")
    return event("error", {"error": {"type": kind, "message": problem.get("message") or ""}})
