"""An answer as it comes in: what is kept of it, and its limits (its life on a connection: test_transport_link)."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.upstreams.transport_answer import FIELD_BYTES, FIELDS, HEAD_BYTES, Answer


@given(bodies=st.lists(st.binary(min_size=1, max_size=40), max_size=5), cuts=st.lists(st.integers(0, 300), max_size=6))
def test_any_cut_of_a_chunked_answer_gives_its_body(bodies, cuts):
    """Wherever the network cuts, and whatever the pieces hold."""
    wire = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    wire += b"".join(b"%x\r\n%b\r\n" % (len(body), body) for body in bodies) + b"0\r\n\r\n"
    answer = Answer(10_000)
    places = sorted(min(cut, len(wire)) for cut in cuts)
    for start, end in zip([0, *places], [*places, len(wire)], strict=True):
        assert answer.feed(wire[start:end]) is None
    assert (answer.status, answer.complete, answer.last, answer.sized) == (200, True, False, True)
    assert b"".join(answer.pieces) == b"".join(bodies)


def written(body: bytes, style: int) -> bytes:
    """Return one chunk as some upstream or other writes it."""
    size = [b"%x", b"%X", b"%04x", b"%x;name=value", b"0%x"][style] % len(body)
    return b"%b\r\n%b\r\n" % (size, body)


CHUNKS = st.tuples(st.binary(min_size=1, max_size=40) | st.just(b"5\r\nabcde"), st.integers(0, 4))


@given(chunks=st.lists(CHUNKS, max_size=8), cuts=st.lists(st.integers(0, 400), max_size=6), aligned=st.booleans())
def test_whole_chunks_need_no_parser(chunks, cuts, *, aligned: bool):
    """What is told apart without it, and what it is fed before and after, make the same body and the same end."""
    pieces = [
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
        *(written(*chunk) for chunk in chunks),
        b"0\r\n\r\n",
    ]
    if not aligned:
        wire = b"".join(pieces)
        places = sorted({min(cut, len(wire)) for cut in cuts} | {0, len(wire)})
        pieces = [wire[start:end] for start, end in pairwise(places)]
    answer, body = Answer(10_000), b""
    for piece in pieces:
        whole = answer.chunk_in(piece) if answer.between_chunks else None
        if whole is None:
            assert answer.feed(piece) is None
            whole = b"".join(answer.pieces)
            answer.pieces.clear()
        body += whole
    assert body == b"".join(chunk for chunk, _ in chunks)
    assert (answer.complete, answer.last) == (True, False)


NOT_ONE = (
    b"0\r\n\r\n",
    b"2\r\nab\r",
    b"2\r\nabc\r\n",
    b"2\r\nab\r\n1\r\nc\r\n",
    b"+2\r\nab\r\n",
    b" 2\r\nab\r\n",
    b"1\r\na\r\r\n",
    b"\r\n",
    b"",
    b"3\r\nabcxx",
    b"65\r\n" + b"x" * 101 + b"\r\n",
)


@pytest.mark.parametrize("before", [b"1\r\na\r\n", b"10\r\n0123456789abcdef\r\n"])
@pytest.mark.parametrize("data", NOT_ONE)
def test_what_is_not_exactly_one_chunk_is_for_the_parser(data, before):
    """Among it what is too much for the body's limit."""
    answer = Answer(100)
    answer.feed(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + before)
    assert answer.between_chunks
    answer.chunk_in(before)
    assert answer.chunk_in(before)
    assert [answer.chunk_in(data), answer.chunk_in(data)] == [None, None]


def test_whole_chunks_without_a_parser_count_to_the_limit():
    """The body's limit holds whichever way its pieces come."""
    answer = Answer(5)
    answer.feed(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n")
    assert [answer.chunk_in(b"2\r\nbc\r\n") for _ in range(4)].count(b"bc") == 2
    assert answer.feed(b"1\r\nd\r\n") == "too large"


def test_the_next_answer_begins_with_nothing():
    """Nothing of the one before is left."""
    answer = Answer(10)
    answer.feed(b"HTTP/1.1 404 Not Found\r\nx-a: b\r\ncontent-length: 9\r\n\r\n123456789")
    answer.clear()
    assert answer.feed(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n987654321") is None
    assert (answer.status, answer.headers, b"".join(answer.pieces)) == (200, [("content-length", "9")], b"987654321")


def test_fields_are_counted_head_by_head():
    """Interim answers do not use up the fields of the one behind them; their bytes count together."""
    hints, final = b"HTTP/1.1 103 Early Hints\r\n" + b"a: b\r\n" * FIELDS + b"\r\n", b"HTTP/1.1 200 OK\r\n"
    answer = Answer(10)
    assert answer.feed(hints * 2) is None
    assert answer.feed(final + b"c: d\r\n" * FIELDS + b"\r\n") is None
    assert (answer.status, answer.headers) == (200, [("c", "d")] * FIELDS)
    patient = Answer(10)
    assert {patient.feed(hints) for _ in range(HEAD_BYTES // len(hints) + 1)} == {None, "malformed"}


def test_limits_are_limits():
    """What fits exactly passes; one more does not."""
    for count, verdict in ((FIELDS, None), (FIELDS + 1, "malformed")):
        assert Answer(10).feed(b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * count + b"\r\n") == verdict
    for size, verdict in ((FIELD_BYTES - 1, None), (FIELD_BYTES, "malformed")):
        assert Answer(10).feed(b"HTTP/1.1 200 OK\r\na: " + b"b" * size + b"\r\n\r\n") == verdict
    for size, verdict in ((10, None), (11, "too large")):
        assert Answer(10).feed(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n" + b"b" * size) == verdict
    endless = Answer(10)
    assert endless.feed(b"HTTP/1.1 200 OK\r\na: " + b"b" * (HEAD_BYTES - 30)) is None
    assert endless.feed(b"b" * 30) == "malformed"


def test_a_status_without_a_body_needs_no_length():
    """204 ends where its head ends."""
    answer = Answer(10)
    answer.feed(b"HTTP/1.1 204 No Content\r\n\r\n")
    assert (answer.complete, answer.sized) == (True, True)
