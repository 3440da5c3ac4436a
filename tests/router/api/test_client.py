"""The client's side: writes one response, and notices when nobody reads it."""

import asyncio

import pytest

from router.api.client import PUSH, WATCH_AFTER_SECONDS, AsgiClient, push_of
from router.api.gate import BODY_SECONDS
from router.errors import RequestTimeout
from tests.fakes.asgi import exchange


async def test_one_response() -> None:
    """Head, parts and end become ASGI messages in order."""
    wire = exchange()
    client = AsgiClient(wire.receive, wire.send)

    await client.start(200, [(b"a", b"b")])
    await client.write(b"one")
    await client.end(b"two")

    assert client.began
    assert (wire.status, wire.headers, wire.body, wire.complete) == (200, {"a": "b"}, b"onetwo", True)


async def test_a_part_is_pushed_where_the_server_can_do_so() -> None:
    """Past ASGI's messages if the server offers that and has room, else nothing is sent."""
    wire, pushed, room = exchange(), [], [True, False]

    def write(data: bytes) -> bool:
        pushed.append(data)
        return room.pop(0)

    offering = AsgiClient(wire.receive, wire.send, push_of({"extensions": {PUSH: {"write": write}}}))
    plain = AsgiClient(wire.receive, wire.send, push_of({"type": "http"}))

    assert [offering.push(b"a"), offering.push(b"b"), plain.push(b"c")] == [True, False, False]
    assert (pushed, wire.sent) == ([b"a", b"b"], [])
    offering.close()
    plain.close()


async def test_a_client_that_leaves_cancels_the_serving_task_within_a_second() -> None:
    """The watch starts soon and cancels the task, marking that it was the client's doing."""
    wire = exchange()
    wire.messages.clear()
    clients: list[AsgiClient] = []

    async def serve() -> None:
        clients.append(AsgiClient(wire.receive, wire.send))
        await asyncio.sleep(60)

    serving = asyncio.create_task(serve())
    wire.leave.set()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(serving, 1)
    assert clients[0].left
    assert WATCH_AFTER_SECONDS < 1


async def test_after_the_end_nobody_watches() -> None:
    """A response that is complete is not cancelled by the connection's end."""
    wire = exchange()
    wire.messages.clear()
    client = AsgiClient(wire.receive, wire.send)
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
