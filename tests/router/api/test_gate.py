"""The gate refuses what no honest client sends, before anything else is done with it."""

import pytest

from router.api.gate import ClientGone, Head, inspect, read_body
from router.errors import ClientError, MalformedRequest, RequestTooLarge, UnsupportedEncoding
from tests.fakes.asgi import Exchange, exchange, scope

HOST = (b"host", b"127.0.0.1")

REFUSED = [
    ("no host", [], MalformedRequest),
    ("two hosts", [HOST, HOST], MalformedRequest),
    ("two keys", [HOST, (b"authorization", b"a"), (b"authorization", b"b")], MalformedRequest),
    ("two keys of the other kind", [HOST, (b"x-api-key", b"a"), (b"x-api-key", b"b")], MalformedRequest),
    ("too long a header", [HOST, (b"x", b"a" * 40_000)], RequestTooLarge),
    ("too many headers", [HOST, *((b"x-%d" % i, b"1") for i in range(200))], RequestTooLarge),
    ("same header many times", [HOST, *((b"x", b"1") for _ in range(200))], RequestTooLarge),
    ("compressed", [HOST, (b"content-encoding", b"gzip")], UnsupportedEncoding),
    ("compressed on its way", [HOST, (b"transfer-encoding", b"gzip, chunked")], UnsupportedEncoding),
    ("announced too large", [HOST, (b"content-length", b"2000")], RequestTooLarge),
]


@pytest.mark.parametrize(("headers", "error"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_refused_heads(headers: list[tuple[bytes, bytes]], error: type[ClientError]) -> None:
    """Each is a client error of its own kind."""
    with pytest.raises(error):
        inspect(scope(headers=headers), body_limit=1000)


def test_an_honest_head_passes() -> None:
    """What tierwise reads is found by its name."""
    head = inspect(scope(headers=[HOST, (b"authorization", b"Bearer k"), (b"accept", b"a"), (b"accept", b"b")]), 1000)

    assert head.get(b"authorization") == b"Bearer k"
    assert head.get(b"x-nothing") is None


@pytest.mark.parametrize(
    ("sent", "echoed"),
    [(b"req-1.a:B_c", "req-1.a:B_c"), (b"a" * 129, None), (b"two words", None), ("ü".encode(), None), (b"", None)],
)
def test_only_a_plain_request_id_is_echoed(sent: bytes, echoed: str | None) -> None:
    """What could break a log line or a header is replaced by an id of ours."""
    assert Head({b"x-request-id": sent}).request_id() == echoed


@pytest.mark.parametrize("parts", [(b"abcdef",), (b"abc", b"def"), (b"", b"abcdef", b"")])
async def test_body_in_any_number_of_parts(parts: tuple[bytes, ...]) -> None:
    """The body is whole however it arrives."""
    assert await read_body(exchange(*parts).receive, 6) == b"abcdef"


@pytest.mark.parametrize("parts", [(b"abcdefg",), (b"abc", b"defg"), (b"abcdefg", b"never read")])
async def test_a_body_past_the_limit_is_refused_while_it_is_read(parts: tuple[bytes, ...]) -> None:
    """413 as soon as the limit is passed."""
    with pytest.raises(RequestTooLarge, match="7 bytes"):
        await read_body(exchange(*parts).receive, 6)


async def test_a_client_that_leaves_in_the_middle_is_gone() -> None:
    """Nobody is there to be answered."""
    half = Exchange([{"type": "http.request", "body": b"a", "more_body": True}, {"type": "http.disconnect"}])

    with pytest.raises(ClientGone):
        await read_body(half.receive, 10)


@pytest.mark.parametrize(
    ("fields", "credential"),
    [
        ({}, None),
        ({b"authorization": b"Bearer a"}, b"Bearer a"),
        ({b"x-api-key": b"b"}, b"Bearer b"),
        ({b"authorization": b"Bearer a", b"x-api-key": b"b"}, b"Bearer a"),
    ],
)
def test_the_key_of_either_header(fields: dict[bytes, bytes], credential: bytes | None) -> None:
    """Authorization counts before x-api-key."""
    assert Head(fields).credential() == credential
