"""Answers that are too much: compressed ones that unpack to hundreds of megabytes, bodies and events without an end."""

import gzip
import json
import zlib
from functools import cache

from tests.fakes import behaviour
from tests.fakes.completion import completion, event, stream_events, usage
from tests.fakes.upstream import Behaviour, Exchange

MIB = 1024 * 1024
ROLE_ONLY = event({"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}]})
ERROR_EVENT = event({"error": {"message": "overloaded", "code": 502}})
_JSON_HEAD = b'{"id":"c","object":"chat.completion","choices":[{"index":0,"finish_reason":"stop","message":{"content":"'


@cache
def gzip_bomb(mebibytes: int = 80) -> Behaviour:
    """Answer with a body of a few hundred kilobytes that unpacks to `mebibytes`."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    parts = [packer.compress(_JSON_HEAD), *(packer.compress(b"A" * MIB) for _ in range(mebibytes)), packer.flush()]
    return behaviour.answer(b"".join(parts), headers={"content-encoding": "gzip"})


@cache
def stream_bomb(mebibytes: int = 80) -> Behaviour:
    """Stream one compressed event that unpacks to `mebibytes`."""
    packer = zlib.compressobj(9)
    parts = [packer.compress(b"data: "), *(packer.compress(b"A" * MIB) for _ in range(mebibytes)), packer.flush()]
    headers = {"content-encoding": "deflate"}
    return behaviour.answer(b"".join(parts), content_type="text/event-stream", headers=headers)


def large_body(mebibytes: int = 8) -> Behaviour:
    """Answer with a body that grows for as long as somebody reads, up to `mebibytes`."""

    async def behave(exchange: Exchange) -> None:
        await exchange.head(200, {"content-type": "application/json", "transfer-encoding": "chunked"})
        await exchange.chunk(_JSON_HEAD)
        for _ in range(16 * mebibytes):
            await exchange.chunk(b"A" * (MIB // 16))
        await exchange.chunk(b"")

    return behave


def large_event(mebibytes: int = 8) -> Behaviour:
    """Stream one event that never ends, in pieces, up to `mebibytes`."""
    return behaviour.events(b"data: ", *[b"A" * (MIB // 16)] * (16 * mebibytes))


def large_chunk(mebibytes: int = 8) -> Behaviour:
    """Answer with one event, or one body, in a single chunk of `mebibytes`."""

    async def behave(exchange: Exchange) -> None:
        asked = bool((exchange.seen.json or {}).get("stream"))
        body = b"data: " if asked else _JSON_HEAD
        kind = "text/event-stream" if asked else "application/json"
        await behaviour.events(body + b"A" * (mebibytes * MIB), content_type=kind)(exchange)

    return behave


def packed(text: str) -> Behaviour:
    """Answer a proper completion, compressed though nobody offered to take it; a stream where one was asked for."""

    async def behave(exchange: Exchange) -> None:
        if (exchange.seen.json or {}).get("stream"):
            body, kind = b"".join(stream_events([text], tokens=usage())), "text/event-stream"
        else:
            body, kind = json.dumps(completion(text, tokens=usage())).encode(), "application/json"
        await behaviour.answer(gzip.compress(body), content_type=kind, headers={"content-encoding": "gzip"})(exchange)

    return behave
