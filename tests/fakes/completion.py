"""Chat completions as an upstream writes them: whole answers, stream chunks, errors. Bytes and dicts, no server."""

import json
from typing import Any

from router.errors import RouterError

CREATED = 1_760_000_000
DONE = b"data: [DONE]\n\n"


def usage(prompt: int = 12, completion: int = 7, **more: Any) -> dict[str, Any]:
    """Return a usage object in OpenAI's form; `more` is merged into it."""
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion, **more}


def completion(
    text: str = "Hello there.",
    *,
    model: str = "fake-model",
    tokens: dict[str, Any] | None = None,
    finish: str = "stop",
    **more: Any,
) -> dict[str, Any]:
    """Return a whole chat completion; without `tokens` it carries no usage."""
    body: dict[str, Any] = {
        "id": "chatcmpl-fake",
        "object": "chat.completion",
        "created": CREATED,
        "model": model,
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}],
        **more,
    }
    if tokens is not None:
        body["usage"] = tokens
    return body


def chunk(
    delta: dict[str, Any] | None = None, *, model: str = "fake-model", finish: str | None = None, **more: Any
) -> dict[str, Any]:
    """Return one chat.completion.chunk with one choice; `more` adds or replaces top-level fields."""
    return {
        "id": "chatcmpl-fake",
        "object": "chat.completion.chunk",
        "created": CREATED,
        "model": model,
        "choices": [{"index": 0, "delta": delta or {}, "finish_reason": finish}],
        **more,
    }


def event(value: Any, *, newline: str = "\n") -> bytes:
    """Return `value` as one server-sent event."""
    return f"data: {json.dumps(value, ensure_ascii=False)}{newline}{newline}".encode()


def stream_events(
    texts: list[str],
    *,
    model: str = "fake-model",
    tokens: dict[str, Any] | None = None,
    finish: str | None = "stop",
    done: bool = True,
) -> list[bytes]:
    """Return the events of a whole stream: role, one per text, finish, usage where given, [DONE]."""
    events = [event(chunk({"role": "assistant", "content": ""}, model=model))]
    events += [event(chunk({"content": text}, model=model)) for text in texts]
    if finish is not None:
        events.append(event(chunk(model=model, finish=finish)))
    if tokens is not None:
        events.append(event(chunk(model=model, choices=[], usage=tokens)))
    if done:
        events.append(DONE)
    return events


def error(message: str = "no", *, kind: str = "invalid_request_error", code: str | None = None) -> dict[str, Any]:
    """Return an error body in OpenAI's form."""
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def read(reader, *pieces):
    """Feed the pieces; return the client's bytes up to a failure, and the failure or None."""
    out = b""
    try:
        for piece in pieces:
            out += reader.feed(piece)
        out += reader.finish()
    except RouterError as failure:
        return out, failure
    return out, None
