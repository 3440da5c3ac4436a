"""Requests that two parsers could read differently: refused once and for all, and never two answers to one of them."""

import asyncio

import pytest

from tests.fakes.proxy import RunningProxy
from tests.fakes.raw_http import said
from tests.fakes.upstream import FakeUpstream

POST = b"POST /v1/chat/completions HTTP/1.1\r\n"
HOST = b"Host: a\r\n"
CHUNKED = POST + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
HIDDEN = b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n"
GOOD_BODY = b'{"model":"auto","messages":[{"role":"user","content":"hi"}]}'
GOOD = POST + HOST + b"Content-Length: %d\r\n\r\n" % len(GOOD_BODY) + GOOD_BODY
REFUSALS = {400, 404, 405, 408, 411, 413, 415, 431}


def with_length(value: bytes, body: bytes = b"abcde") -> bytes:
    """Return a request with this Content-Length."""
    return POST + HOST + b"Content-Length: " + value + b"\r\n\r\n" + body


def with_field(line: bytes, body: bytes = b"{}") -> bytes:
    """Return a request with one more header line."""
    return POST + HOST + line + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def with_coding(value: bytes, body: bytes = b"0\r\n\r\n") -> bytes:
    """Return a request with this Transfer-Encoding."""
    return POST + HOST + b"Transfer-Encoding: " + value + b"\r\n\r\n" + body


def with_host(line: bytes) -> bytes:
    """Return a request whose Host line is this."""
    return POST + line + b"\r\nContent-Length: 2\r\n\r\n{}"


ONE_REFUSAL: dict[str, bytes] = {
    **{
        f"length {value!r}": with_length(value)
        for value in (b"", b" ", b"0x5", b"5_0", b"5,5", b"5;", b"5 5", b"\x0b5", b"5\x00", b"'5'", b"1e1", b"+0")
    },
    **{f"length of {digits} digits": with_length(b"9" * digits) for digits in (18, 19, 20, 21, 100, 5_000)},
    **{
        f"coding {value!r}": with_coding(value)
        for value in (b"identity", b"gzip", b"chunked, identity", b"xchunked", b"chunked, chunked2", b"\x00chunked")
    },
    "lengths that differ": POST + HOST + b"Content-Length: 4\r\nContent-length: 5\r\n\r\nabcde",
    "lengths that agree": POST + HOST + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nabcde",
    "length and chunked, hidden request": POST
    + HOST
    + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    + HIDDEN,
    "chunked and length, hidden request": POST
    + HOST
    + b"Transfer-Encoding: chunked\r\nContent-Length: 40\r\n\r\n0\r\n\r\n"
    + HIDDEN,
    **{
        f"chunk size {size!r}": CHUNKED + size + b"\r\nabc\r\n0\r\n\r\n"
        for size in (b"", b"-1", b"+3", b"0x3", b"3 3", b"g", b"3_0", b"\n3", b"fffffffffffffffff", b"1" * 40)
    },
    "chunk without its end": CHUNKED + b"3\r\nabcX\r\n0\r\n\r\n",
    "chunk that is too long": CHUNKED + b"3\r\nabcdef\r\n0\r\n\r\n" + HIDDEN,
    "chunk ended by a bare LF": CHUNKED + b"3\nabc\n0\n\n",
    **{
        f"host {host!r}": with_host(b"Host: " + host)
        for host in (
            b"a, b",
            b"a b",
            b"a/admin?",
            b"a@b",
            b"a#b",
            b"http://a",
            b"",
            b"a:port",
            b"a:123456",
            b"[::1",
            b"a\tb",
            b"a\\b",
            b"\xff",
            b"a%00b",
            b"a;b",
        )
    },
    "three hosts": with_host(b"Host: a\r\nHost: a\r\nhost: a"),
    **{
        f"field {line[:20]!r}": with_field(line)
        for line in (
            b"X y: 1",
            b"X\x00: 1",
            b": 1",
            b"X\t: 1",
            b"no colon",
            b"X: a\x00b",
            b"X: a\rb",
            b"\xffX: 1",
            b"X: a\r\n\tfolded",
            b"Content-Encoding: br",
            b"Content-Encoding: gzip, identity",
            b"Content-Encoding: identity\r\nContent-Encoding: gzip",
            b"Content-Type: a\r\nContent-Type: b",
            b"Authorization: Bearer a\r\nAuthorization: Bearer b",
            b"Upgrade: h2c",
            b"Upgrade: websocket\r\nConnection: Upgrade",
        )
    },
    "101 fields": with_field(b"\r\n".join(b"X-%d: 1" % number for number in range(101))),
    "a field of 1 MB": with_field(b"X: " + b"a" * 1_000_000),
    "a path of 1 MB": b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
    "no version": b"GET /health\r\n\r\n",
    "version 0.9": b"GET /health HTTP/0.9\r\n" + HOST + b"\r\n",
    "version 2.0": b"GET /health HTTP/2.0\r\n" + HOST + b"\r\n",
    "version 1.10": b"GET /health HTTP/1.10\r\n" + HOST + b"\r\n",
    "HTTP/2 without asking": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a method that there is not": b"FETCH /health HTTP/1.1\r\n" + HOST + b"\r\n",
    "a method in lower case": b"get /health HTTP/1.1\r\n" + HOST + b"\r\n",
    "a space before the method": b" GET /health HTTP/1.1\r\n" + HOST + b"\r\n",
    "a space in the path": b"GET /health x HTTP/1.1\r\n" + HOST + b"\r\n",
    "a NUL in the path": b"GET /hea\x00lth HTTP/1.1\r\n" + HOST + b"\r\n",
    "another server's address": b"CONNECT evil.example:443 HTTP/1.1\r\n" + HOST + b"\r\n",
    "the whole server": b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n",
    "random bytes": bytes(range(256)) * 4,
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200,
    "SSH": b"SSH-2.0-OpenSSH_9.2\r\n",
    "an e-mail": b"EHLO a\r\nMAIL FROM:<a@b>\r\n",
}


def test_the_corpus_is_large_enough() -> None:
    """Sixty cases at least, beside those of the integration tests."""
    assert len(ONE_REFUSAL) >= 60


async def test_one_refusal(proxy: RunningProxy, upstream: FakeUpstream) -> None:
    """Each is answered by one 4xx, with no second answer on the same bytes, and nothing reaches an upstream."""
    heard = await asyncio.gather(*(said(proxy.port, data, quiet=3.0) for data in ONE_REFUSAL.values()))

    wrong = {
        case: one.data[:200]
        for case, one in zip(ONE_REFUSAL, heard, strict=True)
        if len(one.statuses) != 1 or one.statuses[0] not in REFUSALS
    }
    assert wrong == {}
    assert upstream.seen == []


BEHIND: dict[str, tuple[bytes, list[int], int]] = {
    "junk behind a request": (GOOD + b"\x00\x01junk\r\n\r\n", [200], 1),
    "a hidden request behind junk": (GOOD + b"junk\r\n\r\n" + HIDDEN, [200], 1),
    "two requests": (GOOD + GOOD, [200, 200], 2),
    "an empty line between two requests": (GOOD + b"\r\n" + HIDDEN, [200, 200], 1),
    "a refused request, then a good one": (POST + HOST + b"Content-Length: 2\r\n\r\n{}" + GOOD, [400, 200], 1),
    "more than its length": (
        POST + HOST + b"Content-Length: %d\r\n\r\n" % len(GOOD_BODY) + GOOD_BODY + b"xyz\r\n\r\n",
        [200],
        1,
    ),
    "a request inside a body": (
        POST + HOST + b"Content-Length: %d\r\n\r\n" % len(HIDDEN) + HIDDEN,
        [400],
        0,
    ),
}


@pytest.mark.parametrize("case", BEHIND)
async def test_what_is_asked_properly_is_answered_and_nothing_else(
    proxy: RunningProxy, upstream: FakeUpstream, case: str
) -> None:
    """Each proper request has its own answer, in order; what follows it is a request or the end."""
    data, statuses, calls = BEHIND[case]

    heard = await said(proxy.port, data, quiet=1.0)

    assert heard.statuses == statuses, heard.data[:800]
    assert len(upstream.seen) == calls


async def test_junk_in_a_body_ends_its_request_and_the_connection(proxy: RunningProxy, upstream: FakeUpstream) -> None:
    """A chunk that is none is a 400; a request hidden behind it is never read."""
    heard = await said(proxy.port, CHUNKED + b"3\r\nabc\r\n", b"zz\r\n" + HIDDEN)

    assert (heard.statuses, heard.closed) == ([400], True)
    assert b'"code":"malformed_request"' in heard.data
    assert upstream.seen == []


async def test_fields_behind_a_body_are_not_headers(proxy: RunningProxy, upstream: FakeUpstream) -> None:
    """A trailer neither stands in for a header nor collides with one: whoever checked the headers saw all of them."""
    body = b"%x\r\n%b\r\n" % (len(GOOD_BODY), GOOD_BODY)
    trailers = b"Host: b\r\nX-Router-Min-Tier: hard\r\nX-Request-Id: smuggled\r\n"

    heard = await said(proxy.port, CHUNKED + body + b"0\r\n" + trailers + b"\r\n", quiet=1.0)

    assert heard.statuses == [200]
    assert b"smuggled" not in heard.data
    assert upstream.seen[0].model == "small-1"
