"""Events are cut where the standard says, not where bytes happen to arrive."""

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.wire.event_stream import EventCutter, EventTooLarge, event_fields


def cut(*pieces, limit=10_000):
    cutter = EventCutter(limit)
    events = []
    for piece in pieces:
        cutter.push(piece)
        while event := cutter.pop():
            events.append(event)
    return events, cutter.rest()


@dataclass(frozen=True)
class Case:
    id: str
    data: bytes
    events: list[bytes]
    rest: bytes = b""


CASES = [
    Case("lf", b"a\n\nb\n\n", [b"a\n\n", b"b\n\n"]),
    Case("crlf", b"a\r\n\r\nb\r\n\r\n", [b"a\r\n\r\n", b"b\r\n\r\n"]),
    Case("cr", b"a\r\rb\r\r", [b"a\r\r"], b"b\n\n"),
    Case("mixed", b"a\n\r\nb\r\n\nc\r\r\nd", [b"a\n\r\n", b"b\r\n\n", b"c\r\r\n"], b"d\n\n"),
    Case("line-separators", "a\u2028\u2028b\u0085\u0085c\n\n".encode(), ["a\u2028\u2028b\u0085\u0085c\n\n".encode()]),
    Case("lines", b"a\nb\r\nc\rd\n\n", [b"a\nb\r\nc\rd\n\n"]),
    Case("open", b"a\n", [], b"a\n\n"),
    Case("only-ends", b"a\n\n\n", [b"a\n\n"], b""),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_cuts_at_empty_lines(case):
    """LF, CRLF and CR end lines; nothing else does."""
    assert cut(case.data) == (case.events, case.rest)
    assert cut(*(case.data[at : at + 1] for at in range(len(case.data)))) == (case.events, case.rest)


@settings(deadline=None)
@given(st.data(), st.lists(st.sampled_from([b"a", b"\n", b"\r", b"\r\n", b"data: x", "\u2028".encode()]), max_size=20))
def test_where_bytes_are_split_does_not_matter(data, parts):
    """Any split gives the same events."""
    stream = b"".join(parts)
    places = data.draw(st.lists(st.integers(0, len(stream)), max_size=5).map(sorted))
    pieces = [stream[start:end] for start, end in zip([0, *places], [*places, len(stream)], strict=True)]
    assert cut(*pieces) == cut(stream)


def test_an_event_has_a_limit():
    """A limit is passed by an event, not by many of them."""
    assert len(cut(b"a\n\n" * 100, limit=10)[0]) == 100
    for pieces in ([b"x" * 11], [b"x" * 6, b"x" * 6], [b"x" * 20 + b"\n\n"]):
        with pytest.raises(EventTooLarge, match="10 bytes"):
            cut(*pieces, limit=10)


@pytest.mark.parametrize(
    ("event", "fields"),
    [
        (b"data: x\n\n", (b"", b"x")),
        (b"data:x\n\n", (b"", b"x")),
        (b"data:  x\n\n", (b"", b" x")),
        (b"data: a\r\ndata: b\r\n\r\n", (b"", b"a\nb")),
        (b"event: error\ndata: {}\nid: 1\n\n", (b"error", b"{}")),
        (b": ping\n\n", (b"", None)),
        (b": ping\ndata: x\n\n", (b"", b"x")),
        (b"data\n\n", (b"", None)),
        (b"\xef\xbb\xbfdata: x\n\n", (b"", b"x")),
        (b"database: x\n\n", (b"", None)),
    ],
)
def test_reads_the_fields(event, fields):
    """Data lines are joined, comments and other fields left alone."""
    assert event_fields(event) == fields
