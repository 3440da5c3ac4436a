"""One connection: what of an answer is taken, when it ends, and how it can end badly."""

import asyncio

import pytest

from router.errors import StreamFailed
from router.upstreams.transport_answer import FIELDS
from router.upstreams.transport_link import PAUSE_BYTES, Link
from tests.fakes.wire import Wire

CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


def a_link(*, limit: int = 2**20) -> tuple[Link, Wire]:
    """Return a connected link on which a request was sent, and its transport."""
    loop = asyncio.get_running_loop()
    link, wire = Link(loop, limit), Wire()
    link.connection_made(wire)
    link.begin(b"HEAD ", b"body", loop.time() + 60)
    return link, wire


async def test_a_request_leaves_whole():
    """Head and body go out in order, whatever the body's size."""
    link, wire = a_link()
    assert wire.sent == b"HEAD body"
    link.begin(b"HEAD ", b"x" * 100_000, asyncio.get_running_loop().time() + 60)
    assert len(wire.sent) == len(b"HEAD body") + 100_005
    link.abort()


async def test_an_answer_is_taken_in():
    """Status, headers in lower case and body are there; then the link is good for another request."""
    link, _ = a_link()
    link.data_received(b"HTTP/1.1 201 Created\r\nX-A: b\r\nContent-Length: 4\r\n\r\nab")
    assert (link.status, link.headers, link.complete) == (201, [("x-a", "b"), ("content-length", "4")], False)
    link.data_received(b"cd")
    assert link.take() == b"abcd"
    assert link.ended()
    assert link.reusable()
    link.abort()


@pytest.mark.parametrize("cut", range(1, len(CHUNKED) + 20))
async def test_an_answer_may_be_cut_anywhere(cut):
    """Wherever the network cuts, the same body comes out."""
    link, _ = a_link()
    whole = CHUNKED + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    link.data_received(whole[:cut])
    link.data_received(whole[cut:])
    assert (link.take(), link.complete, link.failure) == (b"abcde", True, None)
    link.abort()


async def test_an_interim_answer_is_passed_over():
    """103 and its headers are not the answer."""
    link, _ = a_link()
    link.data_received(b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n")
    assert not link.head_done
    link.data_received(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\na")
    assert (link.status, link.headers, link.take()) == (200, [("content-length", "1")], b"a")
    link.abort()


async def test_trailers_are_no_headers():
    """What follows a chunked body does not join its headers."""
    link, _ = a_link()
    link.data_received(CHUNKED + b"1\r\na\r\n0\r\nx-late: 1\r\n\r\n")
    assert link.headers == [("transfer-encoding", "chunked")]
    assert link.complete
    link.abort()


@pytest.mark.parametrize(
    ("lost_with", "complete", "failure"), [(None, True, None), (ConnectionResetError(), False, "lost")]
)
async def test_a_body_without_a_length_ends_with_its_connection(lost_with, complete, failure):
    """Closed is its end, reset is not; it is never used again."""
    link, _ = a_link()
    link.data_received(b"HTTP/1.1 200 OK\r\n\r\nabc")
    link.connection_lost(lost_with)
    assert (link.complete, link.failure, link.take(), link.reusable()) == (complete, failure, b"abc", False)


@pytest.mark.parametrize("framed", [b"content-length: 9\r\n\r\nabc", b"transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n"])
async def test_a_framed_body_does_not_end_with_its_connection(framed):
    """What came can be taken, then it is lost."""
    link, _ = a_link()
    link.data_received(b"HTTP/1.1 200 OK\r\n" + framed)
    link.connection_lost(None)
    assert (link.complete, link.failure, link.take()) == (False, "lost", b"abc")


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * (FIELDS + 1) + b"\r\n",
        b"HTTP/1.1 200 OK\r\na: " + b"b" * 20_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\na: " + b"b" * 70_000,
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
        CHUNKED + b"zz\r\n",
    ],
    ids=["noise", "many headers", "long header", "endless header", "upgrade", "two lengths", "bad chunk"],
)
async def test_what_is_not_proper_http_ends_the_connection(answer):
    """It is a failure, and nothing more is read."""
    link, wire = a_link()
    link.data_received(answer)
    assert link.failure == "malformed"
    assert wire.aborted


async def test_a_body_has_a_limit():
    """One byte too many fails it."""
    link, wire = a_link(limit=3)
    link.data_received(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nabcd")
    assert link.failure == "too large"
    assert wire.aborted


@pytest.mark.parametrize("more", [b"x", b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nb"])
@pytest.mark.parametrize("together", [True, False])
async def test_what_comes_unasked_ends_the_connection(more, together):
    """A second answer, or anything behind the first, is never taken for the answer to the next request."""
    link, _ = a_link()
    first = b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\na"
    for data in [first + more] if together else [first, more]:
        link.data_received(data)
    assert link.take() == b"a"
    assert not link.reusable()


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nconnection: close\r\n", b"HTTP/1.0 200 OK\r\n"])
async def test_a_connection_that_will_close_is_not_reused(head):
    """The upstream said so."""
    link, _ = a_link()
    link.data_received(head + b"content-length: 1\r\n\r\na")
    assert link.complete
    assert not link.reusable()
    link.abort()


async def test_a_request_that_was_not_sent_whole_ends_the_connection():
    """An answer that came before all of the request was read leaves bytes behind."""
    link, wire = a_link()
    link.data_received(b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n")
    wire.unsent = 10
    assert link.complete
    assert not link.reusable()
    link.abort()


async def test_a_slow_reader_holds_the_upstream_back():
    """Past the limit of what waits, reading pauses until it was taken."""
    link, wire = a_link()
    link.data_received(CHUNKED)
    piece = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    for _ in range(PAUSE_BYTES // 65_536 + 1):
        link.data_received(piece)
    assert wire.reading == [False]
    link.take()
    assert wire.reading == [False, True]
    link.abort()


async def test_a_wait_has_an_end():
    """The time that `begin` was given ends the wait for a head; what is waited for is told of it."""
    link, wire = a_link()
    link.begin(b"HEAD", b"", asyncio.get_running_loop().time() + 0.03)
    async with asyncio.timeout(2):
        await link.news()
    assert link.failure == "late"
    assert wire.aborted


async def test_only_waiting_counts():
    """While nothing is waited for no time runs, and each piece buys its own."""
    link, _ = a_link()
    link.data_received(CHUNKED + b"1\r\na\r\n")
    assert link.take() == b"a"
    waiting = link.news(0.1)
    link.data_received(b"1\r\nb\r\n")
    await waiting
    link.take()
    await asyncio.sleep(0.2)
    assert link.failure is None
    link.abort()


async def test_a_sink_gets_each_piece_at_once():
    """Pieces do not wait for a turn of the loop; the end is told."""
    link, _ = a_link()
    link.data_received(CHUNKED)
    got: list[bytes] = []
    pouring = link.pour(lambda data: got.append(data) is None, 5.0)
    link.data_received(b"1\r\na\r\n")
    link.data_received(b"1\r\nb\r\n")
    assert got == [b"a", b"b"]
    link.data_received(b"0\r\n\r\n")
    assert await pouring is False
    assert link.ended()
    link.abort()


async def test_what_is_relayed_in_its_frame_does_not_reach_the_sink():
    """The relay is asked first, between chunks only; what it takes counts against the limit of the body."""
    link, _ = a_link(limit=12)
    link.data_received(CHUNKED)
    got: list[bytes] = []
    pouring = link.pour(lambda data: got.append(data) is None, 5.0, lambda chunk: int(chunk == b"1\r\nr\r\n"))
    relayed = b"1\r\nr\r\n"
    for data in (b"1\r\na\r\n", relayed, b"1\r\nb\r\n", relayed, b"2\r\nc", b"d\r\n", relayed):
        link.data_received(data)
    assert got == [b"a", b"b", b"c", b"d"]
    for _ in range(9):
        link.data_received(relayed)
    assert await pouring is False
    assert (got[4:], link.failure) == ([b"r"] * 5, "too large")


async def test_a_sink_that_wants_no_more_is_given_no_more():
    """What comes after that waits to be taken."""
    link, _ = a_link()
    link.data_received(CHUNKED)
    pouring = link.pour(lambda _data: False, 5.0)
    link.data_received(b"1\r\na\r\n")
    link.data_received(b"1\r\nb\r\n")
    assert await pouring is True
    assert link.take() == b"b"
    link.abort()


async def test_what_a_sink_raises_reaches_who_waits():
    """The failure of a reader is its owner's to handle, not the connection's."""
    link, _ = a_link()
    link.data_received(CHUNKED)

    def refuse(_data: bytes) -> bool:
        raise StreamFailed("no")

    pouring = link.pour(refuse, 5.0)
    link.data_received(b"1\r\na\r\n")
    with pytest.raises(StreamFailed):
        await pouring
    link.abort()


async def test_a_sink_that_is_given_nothing_is_late():
    """Idle counts from piece to piece."""
    link, _ = a_link()
    link.data_received(CHUNKED)
    pouring = link.pour(lambda _data: True, 0.1)
    for _ in range(4):
        await asyncio.sleep(0.05)
        link.data_received(b"1\r\na\r\n")
    assert link.failure is None
    async with asyncio.timeout(2):
        await pouring
    assert link.failure == "late"


async def test_a_fast_stream_lets_others_have_their_turn():
    """After much in one go reading pauses until the loop went round."""
    link, wire = a_link()
    link.data_received(CHUNKED)
    pouring = link.pour(lambda _data: True, 5.0)
    link.data_received(b"10000\r\n" + b"x" * 65_536 + b"\r\n")
    assert wire.reading == [False]
    await asyncio.sleep(0)
    assert wire.reading == [False, True]
    link.data_received(b"1\r\na\r\n")
    assert wire.reading == [False, True]
    pouring.cancel()
    link.abort()
