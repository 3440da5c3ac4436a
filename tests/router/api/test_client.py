"""The client's side: writes one response, and notices when nobody reads it."""

import asyncio

import pytest

from router.api.client import WATCH_AFTER_SECONDS, AsgiClient
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
