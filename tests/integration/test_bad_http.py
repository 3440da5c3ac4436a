"""Bad HTTP: one 4xx and never two responses to one request; nothing of it reaches an upstream."""

import asyncio
import json

import pytest

from tests.fakes import behaviour
from tests.fakes.proxy import RunningProxy
from tests.fakes.upstream import FakeUpstream

POST = b"POST /v1/chat/completions HTTP/1.1\r\n"

RAW: dict[str, bytes] = {
    "both lengths": POST + b"Host: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": POST + b"Host: a\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
    "signed length": POST + b"Host: a\r\nContent-Length: +4\r\n\r\nabcd",
    "negative length": POST + b"Host: a\r\nContent-Length: -1\r\n\r\n",
    "length in words": POST + b"Host: a\r\nContent-Length: four\r\n\r\nabcd",
    "odd transfer coding": POST + b"Host: a\r\nTransfer-Encoding: xchunked\r\n\r\n",
    "chunk junk": POST + b"Host: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
    "no host": POST + b"Content-Length: 2\r\n\r\n{}",
    "two hosts": POST + b"Host: a\r\nHost: b\r\nContent-Length: 2\r\n\r\n{}",
    "two hosts, cold path": b"GET /v1/models HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "space before the colon": POST + b"Host : a\r\nContent-Length: 2\r\n\r\n{}",
    "NUL in a header": POST + b"Host: a\r\nX: a\x00b\r\nContent-Length: 2\r\n\r\n{}",
    "folded header": POST + b"Host: a\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\n{}",
    "40 kB header": POST + b"Host: a\r\nX: " + b"a" * 40_000 + b"\r\nContent-Length: 2\r\n\r\n{}",
    "500 headers": b"GET /health HTTP/1.1\r\nHost: a\r\n" + b"".join(b"X-%d: 1\r\n" % n for n in range(500)) + b"\r\n",
    "compressed": POST + b"Host: a\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
    "announced too large": POST + b"Host: a\r\nContent-Length: 99999999999\r\n\r\n",
    "upgrade to h2c": POST
    + b"Host: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
    b"Content-Length: 40\r\n\r\nGET /health HTTP/1.1\r\nHost: a\r\n\r\n",
    "upgrade to websocket": b"GET /v1/models HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    "many headers of one name": b"GET /health HTTP/1.1\r\nHost: a\r\n" + (b"X: " + b"a" * 900 + b"\r\n") * 60 + b"\r\n",
    "not HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
}


@pytest.mark.parametrize("case", RAW)
async def test_raw_requests_are_refused_once(
    proxy: RunningProxy, upstream: FakeUpstream, case: str, caplog: pytest.LogCaptureFixture
) -> None:
    """One 4xx and never a second response on the same bytes; nothing reaches an upstream, or the log of a library."""
    upstream.script(behaviour.ok())
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(RAW[case])
    answer = b""
    try:
        async with asyncio.timeout(1.0):
            while data := await reader.read(65536):
                answer += data
    except TimeoutError:
        pass
    writer.close()

    assert answer.count(b"HTTP/1.1 ") == 1, answer
    assert answer.split(b" ", 2)[1] in {b"400", b"408", b"411", b"413", b"415", b"431"}, answer
    assert upstream.seen == []
    assert [record.getMessage() for record in caplog.records if record.name.startswith("uvicorn")] == []


async def test_a_body_sent_behind_an_upgrade_is_not_a_second_request(proxy: RunningProxy) -> None:
    """The parser hands over what follows an upgrade; the connection is closed before that can be read as a request."""
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    smuggled = b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n"
    head = b"Host: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: %d\r\n\r\n" % len(smuggled)
    writer.write(POST + head)
    await asyncio.sleep(0.1)
    try:
        writer.write(smuggled)
        async with asyncio.timeout(5):
            answer = await reader.read(-1)
    except ConnectionError:
        answer = b""
    writer.close()

    assert answer.count(b"HTTP/1.1 ") <= 1
    assert b'"status"' not in answer


async def test_a_body_past_the_limit_is_413_while_it_is_sent(proxy: RunningProxy) -> None:
    """A chunked body without an announced size is cut off as soon as it passes the limit."""
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(POST + b"Host: a\r\nTransfer-Encoding: chunked\r\n\r\n")
    piece = b"100000\r\n" + b"a" * 0x100000 + b"\r\n"
    try:
        for _ in range(12):
            writer.write(piece)
            await writer.drain()
    except ConnectionError:
        pass
    async with asyncio.timeout(5):
        answer = await reader.read(65536)
    writer.close()

    assert answer.startswith(b"HTTP/1.1 413 "), answer[:200]
    assert json.loads(answer.split(b"\r\n\r\n", 1)[1])["error"]["code"] == "request_too_large"
