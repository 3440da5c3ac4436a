"""A simulated answer in the OpenAI API's form: one completion, or the chunks of a stream."""

import json
from collections.abc import Iterator
from typing import Any

from router.simulator.answer import Answer, ToolCall

_ARGUMENT_PIECE = 16
_DONE = b"data: [DONE]\n\n"


def completion(answer: Answer, *, name: str, created: int, choices: int = 1) -> dict[str, Any]:
    """Return the whole completion; `name` is its id, `created` is in seconds since 1970."""
    message: dict[str, Any] = {"role": "assistant", "content": answer.text or None, "refusal": None}
    if answer.tool_calls:
        message["tool_calls"] = [_call(call) for call in answer.tool_calls]
    return {
        "id": name,
        "object": "chat.completion",
        "created": created,
        "model": answer.model,
        "choices": [
            {"index": index, "message": message, "logprobs": None, "finish_reason": answer.finish_reason}
            for index in range(choices)
        ],
        "usage": usage(answer, choices),
        "system_fingerprint": "simulated",
    }


def events(answer: Answer, *, name: str, created: int, choices: int, with_usage: bool) -> Iterator[bytes]:
    """Yield the stream's events, a token each; the last ones are the usage, if asked for, and [DONE]."""
    base: dict[str, Any] = {
        "id": name,
        "object": "chat.completion.chunk",
        "created": created,
        "model": answer.model,
        "system_fingerprint": "simulated",
    }
    blank: dict[str, Any] = {"usage": None} if with_usage else {}
    for index in range(choices):
        for delta, reason in _deltas(answer):
            choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": reason}
            yield _event({**base, "choices": [choice], **blank})
    if with_usage:
        yield _event({**base, "choices": [], "usage": usage(answer, choices)})
    yield _DONE


def usage(answer: Answer, choices: int = 1) -> dict[str, Any]:
    """Return the usage object: cached tokens within the prompt's, nothing reasoned."""
    completion_tokens = answer.completion_tokens * choices
    return {
        "prompt_tokens": answer.prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": answer.prompt_tokens + completion_tokens,
        "prompt_tokens_details": {"cached_tokens": answer.cached_tokens, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
    }


def _deltas(answer: Answer) -> Iterator[tuple[dict[str, Any], str | None]]:
    """Yield what each chunk adds and, with the last, why the answer ends."""
    yield {"role": "assistant", "content": None if answer.tool_calls else "", "refusal": None}, None
    for piece in answer.pieces:
        yield {"content": piece}, None
    for index, call in enumerate(answer.tool_calls):
        yield {"tool_calls": [{"index": index, **_call(call, arguments="")}]}, None
        field = "arguments" if call.kind == "function" else "input"
        for start in range(0, len(call.arguments), _ARGUMENT_PIECE):
            part = call.arguments[start : start + _ARGUMENT_PIECE]
            yield {"tool_calls": [{"index": index, call.kind: {field: part}}]}, None
    yield {}, answer.finish_reason


def _call(call: ToolCall, arguments: str | None = None) -> dict[str, Any]:
    """Return a tool call as the API writes it, with other arguments if they are given."""
    said = call.arguments if arguments is None else arguments
    field = "arguments" if call.kind == "function" else "input"
    return {"id": call.id, "type": call.kind, call.kind: {"name": call.name, field: said}}


def _event(value: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"
