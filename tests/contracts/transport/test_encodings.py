"""What every transport makes of bodies that are compressed, and of bodies that are too large."""

import asyncio
import gzip
import zlib

import pytest

from router.errors import UpstreamBroken
from tests.fakes import behaviour
from tests.fakes.transports import SECRETS, SSE, call_to, fetch
from tests.fakes.upstream import Exchange


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(b"hello " * 50_000)),
        ("gzip", gzip.compress(b"hello " * 25_000) + gzip.compress(b"hello " * 25_000)),
        ("deflate", zlib.compress(b"hello " * 50_000)),
        ("deflate", zlib.compress(b"hello " * 50_000)[2:-4]),
        ("identity", b"hello " * 50_000),
    ],
    ids=["gzip", "gzip in two members", "deflate", "raw deflate", "identity"],
)
async def test_an_encoded_body_is_decoded(transport, upstream, encoding, body):
    """A body that is compressed though nobody asked comes out plain, in bounded pieces, its headers true."""
    upstream.script(behaviour.answer(body, headers={"content-encoding": encoding}))
    reply = await transport.send(call_to(upstream.base_url))
    pieces = [piece async for piece in reply.chunks()]
    await reply.close()
    assert b"".join(pieces) == b"hello " * 50_000
    if encoding != "identity":
        assert max(len(piece) for piece in pieces) <= 65_536
        assert "content-encoding" not in reply.headers
        assert "content-length" not in reply.headers


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("br", b"\x0b\x02\x80hello\x03"),
        ("gzip, gzip", gzip.compress(gzip.compress(b"x"))),
        ("gzip", b"not gzip at all"),
        ("gzip", gzip.compress(b"hello " * 5_000)[:-20]),
        ("gzip", gzip.compress(b"\0" * 5 * 2**20)),
        ("identity", b"x" * (2**20 + 1)),
    ],
    ids=["brotli", "twice", "wrong", "truncated", "bomb", "too large"],
)
async def test_a_body_that_cannot_be_decoded_or_is_too_large(kind, upstream, encoding, body):
    """Unknown encodings, lies, cut bodies and bombs are UpstreamBroken before they fill the memory."""
    upstream.script(behaviour.answer(body, headers={"content-encoding": encoding}))
    transport = kind(SECRETS, body_limit_bytes=2**20)
    with pytest.raises(UpstreamBroken):
        await fetch(transport, call_to(upstream.base_url))
    await transport.close()


async def test_a_slow_reader_holds_the_upstream_back(transport, upstream):
    """What is not read is not taken in: the upstream's writing stalls long before the end."""
    written = 0

    async def pour(exchange: Exchange) -> None:
        nonlocal written
        await exchange.head(200, SSE)
        for _ in range(640):
            await exchange.chunk(b"x" * 65_536)
            written += 65_536
        await exchange.chunk(b"")

    upstream.script(pour)
    reply = await transport.send(call_to(upstream.base_url))
    stream = reply.chunks()
    await anext(stream)
    await asyncio.sleep(0.5)
    assert written < 24 * 2**20
    rest = 0
    async for chunk in stream:
        rest += len(chunk)
    await reply.close()
    assert rest > 16 * 2**20
