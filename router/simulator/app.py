"""The simulated upstream's HTTP side: a plain ASGI app with chat completions, embeddings and the list of models."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any
from uuid import uuid4

from router.simulator.answer import Invalid, Memory, answer
from router.simulator.completion import completion, events
from router.simulator.embedding import embeddings

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

BODY_LIMIT_BYTES = 64 * 2**20

_JSON = b"application/json"
_SSE = b"text/event-stream; charset=utf-8"
_MOST_CHOICES = 8


class SimulatorApp:
    """Serve models of these names. Nobody needs a key; a model that is not among them is 404."""

    def __init__(
        self,
        names: tuple[str, ...],
        *,
        embedders: Mapping[str, int] = MappingProxyType({}),
        chunk_seconds: float = 0.0,
    ) -> None:
        """Take the models' names, shortest answers first, and the pause before each chunk of a stream.

        `embedders` are the models that embed, by name, with the length of their vectors.
        """
        if not names and not embedders:
            raise ValueError("a simulator needs the name of at least one model")
        self._names = names
        self._embedders = embedders
        self._chunk_seconds = chunk_seconds
        self._memory = Memory()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request."""
        if scope["type"] != "http":
            return
        route = (scope["method"], scope["path"].rstrip("/"))
        if route == ("POST", "/v1/chat/completions"):
            await self._chat(receive, send)
        elif route == ("POST", "/v1/embeddings"):
            await self._embed(receive, send)
        elif route == ("GET", "/v1/models"):
            names = (*self._names, *self._embedders)
            await _answer_json(send, 200, {"object": "list", "data": [_model(name) for name in names]})
        elif route[1] in ("/v1/chat/completions", "/v1/embeddings", "/v1/models"):
            await _answer_error(send, 405, f"{route[0]} is not served here.", "method_not_allowed")
        else:
            await _answer_error(send, 404, f"Nothing is served at {route[1] or '/'}.", "not_found")

    async def _chat(self, receive: Receive, send: Send) -> None:
        """Answer a chat completion request, whole or as a stream."""
        try:
            body = _request(await _read(receive))
            if body["model"] not in self._names:
                await _answer_unknown(send, body["model"], self._names)
                return
            said = answer(body, self._names, self._memory)
        except Invalid as error:
            await _answer_error(send, 400, str(error), "invalid_request", error.param)
            return
        about: dict[str, Any] = {"name": f"chatcmpl-sim-{uuid4().hex[:20]}", "created": int(time.time())}
        about["choices"] = min(max(1, body.get("n") or 1), _MOST_CHOICES)
        if not body.get("stream"):
            await _answer_json(send, 200, completion(said, **about))
            return
        options = body.get("stream_options") or {}
        await _start(send, 200, _SSE, (b"cache-control", b"no-cache"))
        for event in events(said, with_usage=bool(options.get("include_usage")), **about):
            if self._chunk_seconds:
                await asyncio.sleep(self._chunk_seconds)
            await send({"type": "http.response.body", "body": event, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def _embed(self, receive: Receive, send: Send) -> None:
        """Answer an embedding request."""
        try:
            body = _request(await _read(receive))
            dimensions = self._embedders.get(body["model"])
            if dimensions is None:
                await _answer_unknown(send, body["model"], tuple(self._embedders))
                return
            answer = embeddings(body, dimensions)
        except Invalid as error:
            await _answer_error(send, 400, str(error), "invalid_request", error.param)
            return
        await _answer_json(send, 200, answer)


async def _read(receive: Receive) -> bytes:
    """Return the request's body; Invalid if it is too large or its client left."""
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Invalid("The client left before its request was complete.")
        part = message.get("body", b"")
        parts.append(part)
        size += len(part)
        if size > BODY_LIMIT_BYTES:
            raise Invalid(f"The body is larger than {BODY_LIMIT_BYTES} bytes.")
        if not message.get("more_body"):
            return b"".join(parts)


def _request(raw: bytes) -> dict[str, Any]:
    """Return the request as an object whose few fields used here have the right types; Invalid otherwise."""
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise Invalid("The body is not JSON.") from None
    if not isinstance(body, dict):
        raise Invalid("The body must be a JSON object.")
    if not isinstance(body.get("model"), str):
        raise Invalid("'model' must be a string.", "model")
    for field, kind in (("n", int), ("tools", list), ("stream_options", dict), ("response_format", dict)):
        if not isinstance(body.get(field), kind | None):
            raise Invalid(f"'{field}' must be of another type.", field)
    return body


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "simulated"}


async def _answer_unknown(send: Send, model: str, names: tuple[str, ...]) -> None:
    message = f"The model '{model}' does not exist. There are: {', '.join(names)}."
    await _answer_error(send, 404, message, "model_not_found", "model")


async def _answer_error(send: Send, status: int, message: str, code: str, param: str | None = None) -> None:
    error = {"message": message, "type": "invalid_request_error", "param": param, "code": code}
    await _answer_json(send, status, {"error": error})


async def _answer_json(send: Send, status: int, value: Any) -> None:
    body = json.dumps(value).encode()
    await _start(send, status, _JSON, (b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.body", "body": body})


async def _start(send: Send, status: int, content_type: bytes, *headers: tuple[bytes, bytes]) -> None:
    await send(
        {"type": "http.response.start", "status": status, "headers": [(b"content-type", content_type), *headers]}
    )
