"""What a FakeUpstream does with one request: well-behaved answers and every way of breaking one.

Each function returns a Behaviour. `delay` is seconds before each chunk (stream) or before the answer (ok, status).
"""

import asyncio
import gzip
import json
from collections.abc import Mapping
from typing import Any

from tests.fakes.completion import DONE, completion, error, event, stream_events, usage
from tests.fakes.upstream import Behaviour, Exchange

_JSON = "application/json"
_SSE = "text/event-stream; charset=utf-8"
_UNSET: Any = object()


def answer(
    body: bytes,
    *,
    status: int = 200,
    content_type: str | None = _JSON,
    headers: Mapping[str, str] | None = None,
    delay: float = 0.0,
) -> Behaviour:
    """Answer with these bytes, Content-Length set, the connection kept."""

    async def behave(exchange: Exchange) -> None:
        await asyncio.sleep(delay)
        fields = {"content-length": str(len(body)), **({"content-type": content_type} if content_type else {})}
        await exchange.head(status, {**fields, **(headers or {})})
        await exchange.send(body)

    return behave


def ok(text: str = "Hello there.", *, tokens: Any = _UNSET, delay: float = 0.0, **more: Any) -> Behaviour:
    """Answer a whole completion; `tokens` is its usage object (default 12 and 7), None leaves it out.

    The answer's `model` is the model that was asked for unless `model=` says otherwise.
    """
    counted = usage() if tokens is _UNSET else tokens

    async def behave(exchange: Exchange) -> None:
        fields = {"model": exchange.seen.model or "fake-model", **more}
        await answer(json.dumps(completion(text, tokens=counted, **fields)).encode(), delay=delay)(exchange)

    return behave


def stream(
    texts: list[str] | int = 3,
    *,
    tokens: Any = _UNSET,
    delay: float = 0.0,
    finish: str | None = "stop",
    done: bool = True,
) -> Behaviour:
    """Stream these texts (or that many words), one HTTP chunk an event.

    The usage event (default 12 and one token a text) is sent where the request asks for it with
    stream_options.include_usage; None never sends it, a dict given explicitly always.
    """
    parts = texts if isinstance(texts, list) else [f"word{number} " for number in range(texts)]

    async def behave(exchange: Exchange) -> None:
        counted = tokens
        if tokens is _UNSET:
            asked = ((exchange.seen.json or {}).get("stream_options") or {}).get("include_usage")
            counted = usage(12, len(parts)) if asked else None
        model = exchange.seen.model or "fake-model"
        await events(*stream_events(parts, model=model, tokens=counted, finish=finish, done=done), delay=delay)(
            exchange
        )

    return behave


def events(*pieces: bytes, delay: float = 0.0, content_type: str = _SSE, then: str = "end") -> Behaviour:
    """Stream these bytes, one HTTP chunk each; `then`: end (cleanly), close or reset (no last chunk), or hang."""

    async def behave(exchange: Exchange) -> None:
        await exchange.head(200, {"content-type": content_type, "transfer-encoding": "chunked"})
        for piece in pieces:
            if delay:
                await asyncio.sleep(delay)
            await exchange.chunk(piece)
        await _then(exchange, then)

    return behave


def raw(*pieces: bytes, delay: float = 0.0, then: str = "close") -> Behaviour:
    """Write these bytes to the socket as they are, status line included; then close, reset or hang."""

    async def behave(exchange: Exchange) -> None:
        for piece in pieces:
            await asyncio.sleep(delay)
            await exchange.send(piece)
        await _then(exchange, then)

    return behave


async def _then(exchange: Exchange, then: str) -> None:
    if then == "end":
        await exchange.chunk(b"")
    elif then == "close":
        exchange.close()
    elif then == "reset":
        await asyncio.sleep(0.01)  # an RST would overtake bytes that the client has not read yet
        exchange.reset()
    else:
        await exchange.hang()


def status(code: int, body: Any = _UNSET, *, headers: Mapping[str, str] | None = None, delay: float = 0.0) -> Behaviour:
    """Answer with an error status; `body` is bytes or a JSON value (default: OpenAI's error form)."""
    value = error(f"scripted {code}") if body is _UNSET else body
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return answer(data, status=code, headers=headers, delay=delay)


def redirect(location: str = "http://127.0.0.1:9/v1/chat/completions", code: int = 307) -> Behaviour:
    """Answer with a redirect."""
    return answer(b"", status=code, content_type=None, headers={"location": location})


def hang_before_headers() -> Behaviour:
    """Say nothing until the client leaves."""
    return raw(then="hang")


def reset_before_headers() -> Behaviour:
    """Break the connection (RST) without a byte."""
    return raw(then="reset")


def close_before_headers() -> Behaviour:
    """Close the connection (FIN) without a byte: what a server does with an idle connection it is done with."""
    return raw(then="close")


def hang_mid_stream(chunks: int = 2) -> Behaviour:
    """Stream some content, then go silent until the client leaves."""
    return events(*_part(chunks), then="hang")


def reset_mid_stream(chunks: int = 2) -> Behaviour:
    """Stream some content, then break the connection (RST)."""
    return events(*_part(chunks), then="reset")


def sse_cut(chunks: int = 2) -> Behaviour:
    """Stream some content and half an event, then close without the last chunk."""
    return events(*_part(chunks), b'data: {"id":"chatcmpl-fake","cho', then="close")


def stream_without_finish(chunks: int = 2) -> Behaviour:
    """Stream some content and end the body cleanly, without a finish_reason and without [DONE]."""
    return events(*_part(chunks))


def short_body() -> Behaviour:
    """Promise more bytes than are sent."""
    return raw(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 5000\r\n\r\n" + b'{"id": "chat')


def html_200() -> Behaviour:
    """Answer 200 with a web page, as captive portals and wrong base URLs do."""
    return answer(b"<!doctype html><html><body>Welcome</body></html>", content_type="text/html")


def empty_200() -> Behaviour:
    """Answer 200 with an empty body."""
    return answer(b"")


def malformed_json() -> Behaviour:
    """Answer 200 with JSON that breaks off."""
    return answer(b'{"id": "chatcmpl-fake", "choices": [')


def malformed_sse() -> Behaviour:
    """Stream events whose data is not JSON."""
    return events(b"data: {not json}\n\n", DONE)


def missing_done(texts: int = 3) -> Behaviour:
    """Stream to a finish_reason and end cleanly without [DONE]."""
    return stream(texts, done=False)


def missing_usage(texts: int = 3) -> Behaviour:
    """Stream without usage though it was asked for."""
    return stream(texts, tokens=None)


def error_in_200(message: str = "Provider returned error", code: Any = 502) -> Behaviour:
    """Answer 200 with an error body, as OpenRouter does."""
    return answer(json.dumps({"error": {"message": message, "code": code}}).encode())


def error_in_stream(chunks: int = 2, message: str = "Provider disconnected", code: Any = 502) -> Behaviour:
    """Stream some content, then an error event."""
    return events(*_part(chunks), event({"error": {"message": message, "code": code}}))


def wrong_content_type(content_type: str = "text/plain") -> Behaviour:
    """Answer a whole, valid completion under another content type."""
    return answer(json.dumps(completion(tokens=usage())).encode(), content_type=content_type)


def gzipped() -> Behaviour:
    """Answer a completion with Content-Encoding gzip though nobody offered to take it."""
    body = gzip.compress(json.dumps(completion(tokens=usage())).encode())
    return answer(body, headers={"content-encoding": "gzip"})


def _part(chunks: int) -> list[bytes]:
    return stream_events([f"word{number} " for number in range(chunks)], finish=None, done=False)
