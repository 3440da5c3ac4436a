"""An answer as it comes in: what is kept of it, and its limits (its life on a connection: test_transport_link)."""

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


def test_the_next_answer_begins_with_nothing():
    """Nothing of the one before is left."""
    answer = Answer(10)
    answer.feed(b"HTTP/1.1 404 Not Found\r\nx-a: b\r\ncontent-length: 9\r\n\r\n123456789")
    answer.clear()
    assert answer.feed(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n987654321") is None
    assert (answer.status, answer.headers, b"".join(answer.pieces)) == (200, [("content-length", "9")], b"987654321")


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
