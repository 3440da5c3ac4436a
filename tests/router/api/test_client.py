"""The client's side: writes one response, and notices when nobody reads it."""

import asyncio

import pytest

from router.api.client import DIRECT, KEEP_ALIVE, WATCH_AFTER_SECONDS, AsgiClient, direct_of
from router.api.gate import BODY_SECONDS
from router.errors import RequestTimeout, RequestTooLarge
from router.policy.rules import Limits
from tests.fakes.asgi import Pushing, Shortcut, exchange


async def test_one_response() -> None:
    """Head, parts and end become ASGI messages in order."""
    wire = exchange()
    client = AsgiClient(wire.receive, wire.send)

    await client.start(200, [(b"a", b"b")])
    await client.write(b"one")
    await client.end(b"two")

    assert client.began
    assert (wire.status, wire.headers, wire.body, wire.complete) == (200, {"a": "b"}, b"onetwo", True)


async def test_the_shorter_way_is_taken_where_the_server_offers_it() -> None:
    """The body is read and the response written past ASGI's messages."""
    wire, way = exchange(), Shortcut(b"asked")
    client = AsgiClient(wire.receive, wire.send, direct_of({"extensions": {DIRECT: way}}))

    assert await client.body(5) == b"asked"
    await client.start(200, [(b"a", b"b")])
    assert client.push(b"one")
    await client.end(b"two")

    assert way.told == [(200, [(b"a", b"b")]), (b"one",), (b"two", "end")]
    assert wire.sent == []


@pytest.mark.parametrize("room", [0, 1, 2])
async def test_what_the_shorter_way_has_no_room_for_goes_by_messages(room: int) -> None:
    """Nothing is sent twice and nothing is left out, wherever the server had to refuse."""
    wire, way = exchange(), Shortcut(b"", room)
    client = AsgiClient(wire.receive, wire.send, way)

    await client.start(200, [])
    if not client.push(b"one"):
        await client.write(b"one")
    await client.end(b"two")

    assert len(way.told) + len(wire.sent) == 3
    assert len(way.told) == room


async def test_a_chunk_in_its_frame_goes_the_shorter_way_or_not_at_all() -> None:
    """Only the server knows whether a part can leave in that frame."""
    wire, shortcut = exchange(), Shortcut()
    framed = AsgiClient(wire.receive, wire.send, shortcut).framed()
    assert framed is not None
    assert framed(b"1\r\na\r\n")
    assert shortcut.told == [(b"1\r\na\r\n", "framed")]
    assert AsgiClient(wire.receive, wire.send).framed() is None


async def test_without_an_offer_nothing_is_pushed() -> None:
    """A server of another make knows messages only."""
    wire = exchange()
    client = AsgiClient(wire.receive, wire.send, direct_of({"type": "http"}))

    assert not client.push(b"a")
    assert wire.sent == []
    client.close()


async def test_a_body_that_is_there_but_too_large_is_refused() -> None:
    """The limit holds on the shorter way too."""
    wire = exchange()

    with pytest.raises(RequestTooLarge):
        await AsgiClient(wire.receive, wire.send, Shortcut(b"123456")).body(5)


async def test_the_server_says_when_the_client_leaves() -> None:
    """No task watches then; after the end nobody is told any more."""
    wire, way = exchange(), Shortcut(b"asked")
    clients: list[AsgiClient] = []

    async def serve() -> None:
        clients.append(AsgiClient(wire.receive, wire.send, way))
        await clients[0].body(99)
        await asyncio.sleep(60)

    serving = asyncio.create_task(serve())
    await asyncio.sleep(0)
    assert way.on_leave is not None
    way.on_leave()
    with pytest.raises(asyncio.CancelledError):
        await serving
    assert clients[0].left
    clients[0].close()
    assert way.on_leave is None


async def test_a_client_that_leaves_cancels_the_serving_task_within_a_second() -> None:
    """The watch starts soon and cancels the task, marking that it was the client's doing."""
    wire = exchange(b"asked")
    clients: list[AsgiClient] = []

    async def serve() -> None:
        clients.append(AsgiClient(wire.receive, wire.send))
        await clients[0].body(10)
        await asyncio.sleep(60)

    serving = asyncio.create_task(serve())
    wire.leave.set()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(serving, 1)
    assert clients[0].left
    assert WATCH_AFTER_SECONDS < 1


async def test_after_the_end_nobody_watches() -> None:
    """A response that is complete is not cancelled by the connection's end."""
    wire = exchange(b"asked")
    client = AsgiClient(wire.receive, wire.send)
    await client.body(10)
    await client.start(200, [])
    await client.end()
    wire.leave.set()

    await asyncio.sleep(WATCH_AFTER_SECONDS + 0.05)
    client.close()

    assert not client.left


class Hurry:
    """A loop's clock that runs fast: durations of seconds pass in hundredths."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._later = loop.call_later

    def __enter__(self) -> None:
        self._loop.call_later = lambda delay, *args, **more: self._later(delay / 100, *args, **more)

    def __exit__(self, *_: object) -> None:
        self._loop.call_later = self._later


async def test_a_body_that_never_comes_is_a_408() -> None:
    """The wait for a body is bounded, and the time-out is the client's, not a cancellation."""
    assert 0 < BODY_SECONDS <= 60
    wire = exchange()
    wire.messages.clear()

    async def serve() -> None:
        await AsgiClient(wire.receive, wire.send).body(10)

    with Hurry(asyncio.get_running_loop()), pytest.raises(RequestTimeout):
        await asyncio.wait_for(serve(), 100)


async def test_a_client_that_leaves_after_a_slow_body_is_noticed_at_once() -> None:
    """The watch does not wait for the end of the time that the body was given."""
    wire = exchange(b"late")
    clients: list[AsgiClient] = []

    async def receive() -> dict:
        if wire.messages:
            await asyncio.sleep(WATCH_AFTER_SECONDS * 1.5)
        return await wire.receive()

    async def serve() -> None:
        clients.append(AsgiClient(receive, wire.send))
        assert await clients[0].body(10) == b"late"
        wire.leave.set()
        await asyncio.sleep(60)

    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(asyncio.create_task(serve()), 1.5)
    assert clients[0].left


def listening(pushed: list[bytes], *, pace: Limits, streams: bool = True) -> AsgiClient:
    """Return a client whose server keeps what is pushed."""
    wire = exchange()

    def write(data: bytes) -> bool:
        pushed.append(data)
        return True

    client = AsgiClient(wire.receive, wire.send, Pushing(write))
    client.pace = pace
    if streams:
        client.attend()
    return client


async def test_a_silent_stream_says_that_it_goes_on() -> None:
    """A comment comes after each while of silence, and none while there is something to send."""
    pushed: list[bytes] = []
    client = listening(pushed, pace=Limits(keep_alive=0.2))
    for _ in range(30):
        client.push(b"event")
        await asyncio.sleep(0.02)
    assert set(pushed) == {b"event"}

    pushed.clear()
    await asyncio.sleep(0.7)
    client.close()
    comments = len(pushed)
    await asyncio.sleep(0.3)

    assert 1 <= comments <= 5
    assert pushed == [KEEP_ALIVE] * comments


async def test_before_a_stream_has_begun_nothing_is_said() -> None:
    """The head is held until there is an answer, and a whole answer has no place for comments."""
    pushed: list[bytes] = []
    client = listening(pushed, pace=Limits(keep_alive=0.04), streams=False)

    await asyncio.sleep(0.5)
    client.close()

    assert pushed == []


async def test_a_client_that_does_not_read_is_gone() -> None:
    """A write that waits longer than the idle time-out ends the serving task as if the client had left."""
    clients: list[AsgiClient] = []

    async def stuck(_message: object) -> None:
        await asyncio.Event().wait()

    async def serve() -> None:
        clients.append(AsgiClient(exchange().receive, stuck, Pushing(lambda _data: False)))
        clients[0].pace = Limits(keep_alive=0.1, idle=0.2)
        clients[0].attend()
        await clients[0].write(b"never read")

    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(asyncio.create_task(serve()), 5)

    assert clients[0].left
