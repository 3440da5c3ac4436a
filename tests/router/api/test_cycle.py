"""One request and its response: framed as its head says, whichever way it is written, and never left undone."""

import asyncio
from dataclasses import dataclass, field

import pytest
from uvicorn.protocols.http.flow_control import FlowControl

from router.api.cycle import Cycle


@dataclass
class Wire:
    """A connection's side of a cycle: notes what is written, and how it ends."""

    written: list[bytes] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)

    def pause_reading(self) -> None:
        self.ends.append("paused")

    def resume_reading(self) -> None:
        self.ends.append("resumed")

    def cycle(self, method: str = "POST", version: str = "1.1", *, keep_alive: bool = True) -> Cycle:
        """Return a cycle on this connection."""
        self.flow = FlowControl(self)
        return Cycle(
            {"type": "http", "method": method, "http_version": version},
            self.flow,
            self.written.append,
            lambda: self.ends.append("closed"),
            lambda: self.ends.append("finished"),
            keep_alive=keep_alive,
        )


def start(*headers: tuple[bytes, bytes], status: int = 200) -> dict:
    return {"type": "http.response.start", "status": status, "headers": headers}


def part(data: bytes, *, more: bool = False) -> dict:
    return {"type": "http.response.body", "body": data, "more_body": more}


@dataclass(frozen=True)
class Case:
    """One way to frame a response: what is asked, the head's fields, and what is on the wire for `ab` and `c`."""

    id: str
    wire: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()
    method: str = "POST"
    version: str = "1.1"
    status: int = 200
    keep_alive: bool = True


CASES = [
    Case("chunks", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"),
    Case("a length", b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc", headers=((b"content-length", b"3"),)),
    Case("no chunks in HTTP/1.0", b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nabc", version="1.0", keep_alive=False),
    Case(
        "a head alone",
        b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n",
        headers=((b"content-length", b"3"),),
        method="HEAD",
    ),
    Case(
        "the end is told",
        b"HTTP/1.1 200 OK\r\na: b\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"
        b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
        headers=((b"a", b"b"),),
        keep_alive=False,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
@pytest.mark.parametrize("directly", [False, True], ids=["messages", "directly"])
async def test_framing(case: Case, *, directly: bool) -> None:
    """A body is framed by its length, by chunks, or by the end of the connection; once complete it is told so."""
    wire = Wire()
    cycle = wire.cycle(case.method, case.version, keep_alive=case.keep_alive)

    if directly:
        assert cycle.head(case.status, list(case.headers))
        if not cycle.push(b"ab"):
            await cycle.send(part(b"ab", more=True))
        assert cycle.finish(b"c")
    else:
        await cycle.send(start(*case.headers, status=case.status))
        await cycle.send(part(b"ab", more=True))
        await cycle.send(part(b"c"))

    assert b"".join(wire.written) == case.wire
    assert cycle.response_complete
    assert wire.ends == ["finished"] if case.keep_alive else ["closed", "finished"]


async def test_a_head_leaves_with_the_first_part_of_its_body() -> None:
    """One write for most answers: one system call, one wake-up of the client."""
    wire = Wire()
    cycle = wire.cycle()

    cycle.head(200, [(b"content-length", b"2")])
    assert wire.written == []
    cycle.finish(b"ok")

    assert wire.written == [b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"]


@pytest.mark.parametrize("value", [b"a\r\nx: y", b"a\nx: y", b"a\r", b"a\0"])
async def test_a_header_cannot_become_two(value: bytes) -> None:
    """A value that would end its line goes out on neither way."""
    wire = Wire()
    cycle = wire.cycle()

    with pytest.raises(ValueError, match="line break"):
        cycle.head(200, [(b"x-name", value)])
    with pytest.raises(ValueError, match="line break"):
        await cycle.send(start((b"x-name", value)))
    assert wire.written == []
    assert not cycle.response_started


BAD_HEADS = [
    (200, [(b"x-name", b"a\r\nb")]),
    (200, [(b"x-name", b"a\0"), (b"connection", b"close")]),
    (200, [(b"content-length", b"many")]),
    (200, [(b"content-length", b"7"), (b"x-name", b"a\n")]),
    (299, []),
]


@pytest.mark.parametrize(("status", "headers"), BAD_HEADS)
@pytest.mark.parametrize("method", ["POST", "HEAD"])
@pytest.mark.parametrize("version", ["1.1", "1.0"])
async def test_after_a_head_that_is_none_another_is_framed_as_it_says(status, headers, method, version) -> None:
    """Nothing of the first is left: the error that is told instead is proper HTTP, and the connection goes on."""
    wire = Wire()
    cycle = wire.cycle(method, version)

    with pytest.raises((ValueError, KeyError)):
        cycle.head(status, headers)
    assert not cycle.push(b"never")
    await cycle.send(start((b"content-length", b"4"), status=500))
    await cycle.send(part(b"oops"))

    body = b"" if method == "HEAD" else b"oops"
    assert b"".join(wire.written) == b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 4\r\n\r\n" + body
    assert wire.ends == ["finished"]


async def test_who_leaves_a_head_that_is_none_gives_a_bare_500() -> None:
    """An app that ends by it is answered for: a length that is told, and no chunks."""
    wire = Wire()
    cycle = wire.cycle()

    async def app(_scope, _receive, send) -> None:
        await send(start((b"x-name", b"a\nb")))

    with pytest.raises(ValueError, match="line break"):
        await cycle.run_asgi(app)
    head, _, body = b"".join(wire.written).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 500")
    assert b"chunked" not in head
    assert body == b"Internal Server Error"


@pytest.mark.parametrize("body", [b"a", b"abc"])
async def test_a_body_of_another_length_than_its_head_says_is_an_error(body: bytes) -> None:
    """The next response would be read as a part of this one."""
    wire = Wire()
    cycle = wire.cycle()
    cycle.head(200, [(b"content-length", b"2")])

    with pytest.raises(RuntimeError, match="as long as"):
        cycle.finish(body)


@pytest.mark.parametrize("messages", [[part(b"a")], [start(), start()], [start(), part(b"a"), part(b"b")]])
async def test_messages_out_of_turn_are_errors(messages: list[dict]) -> None:
    """A response has one head, and nothing after its end."""
    cycle = Wire().cycle()

    for message in messages[:-1]:
        await cycle.send(message)
    with pytest.raises(RuntimeError, match="out of turn"):
        await cycle.send(messages[-1])


async def test_who_cannot_be_written_to_is_not_written_to_directly() -> None:
    """Back-pressure reaches whoever writes: the shorter way refuses, the message waits."""
    wire = Wire()
    cycle = wire.cycle()
    cycle.head(200, [])
    wire.flow.pause_writing()

    assert not cycle.push(b"a")
    assert not cycle.finish(b"a")
    sending = asyncio.create_task(cycle.send(part(b"a", more=True)))
    await asyncio.sleep(0)
    assert wire.written == []
    wire.flow.resume_writing()
    await sending
    assert wire.written[0].endswith(b"1\r\na\r\n")


async def test_a_chunk_in_its_frame_is_written_as_it_is() -> None:
    """Behind the head and a first part, in a body of chunks that may be written to now; each such part is noticed."""
    wire = Wire()
    cycle = wire.cycle()
    cycle.head(200, [])
    assert not cycle.relay(b"1\r\na\r\n")
    assert cycle.push(b"b")
    cycle.stirred = False
    assert cycle.relay(b"1\r\nc\r\n")
    assert cycle.stirred
    wire.flow.pause_writing()
    assert not cycle.relay(b"1\r\nd\r\n")
    wire.flow.resume_writing()
    cycle.finish(b"")
    assert not cycle.relay(b"1\r\ne\r\n")
    assert b"".join(wire.written).endswith(b"\r\n\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n")


@pytest.mark.parametrize(("version", "headers"), [("1.0", []), ("1.1", [(b"content-length", b"9")])])
async def test_a_body_without_chunks_takes_none(version: str, headers: list[tuple[bytes, bytes]]) -> None:
    """What is framed by a length or the connection's end is no place for a frame."""
    wire = Wire()
    cycle = wire.cycle("POST", version)
    cycle.head(200, headers)
    await cycle.send(part(b"a", more=True))
    assert not cycle.relay(b"1\r\na\r\n")


async def test_who_has_left_is_told_nothing() -> None:
    """A lost connection is reported once, takes no bytes, and reads as a disconnect."""
    wire, told = Wire(), []
    cycle = wire.cycle()
    cycle.on_leave = lambda: told.append("left")

    cycle.lost()
    await cycle.send(start())

    assert told == ["left"]
    assert not cycle.head(200, [])
    assert cycle.body() is None
    assert (await cycle.receive())["type"] == "http.disconnect"
    assert wire.written == []


async def test_the_body_of_a_request() -> None:
    """Whole where it has come, in parts where it is still coming, and the client that waits is told to go on."""
    wire = Wire()
    cycle = wire.cycle()
    cycle.awaits_continue = True

    assert cycle.take(b"one") == 3
    assert cycle.body() is None
    assert await cycle.receive() == {"type": "http.request", "body": b"one", "more_body": True}
    assert wire.written == [b"HTTP/1.1 100 Continue\r\n\r\n"]
    reading = asyncio.create_task(cycle.receive())
    await asyncio.sleep(0)
    assert not reading.done()
    cycle.take(b"two")
    cycle.taken()
    assert await reading == {"type": "http.request", "body": b"two", "more_body": False}
    again = wire.cycle()
    assert [again.take(b"whole "), again.take(b"body")] == [6, 10]
    again.taken()
    assert again.body() == b"whole body"


@pytest.mark.parametrize("begun", [False, True])
async def test_a_response_is_not_left_undone(*, begun: bool) -> None:
    """An app that returns or fails too early: a bare 500, or a connection that breaks off."""
    wire = Wire()
    cycle = wire.cycle()

    async def app(_scope, _receive, send) -> None:
        if begun:
            await send(start())
            await send(part(b"a", more=True))
        raise LookupError("the app's own")

    with pytest.raises(LookupError):
        await cycle.run_asgi(app)

    if begun:
        assert wire.ends == ["closed"]
        assert not b"".join(wire.written).endswith(b"0\r\n\r\n")
    else:
        assert wire.written[0].startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
        assert wire.ends == ["closed", "finished"]
