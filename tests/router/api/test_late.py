"""An app that is loaded late: once, off the loop, and whoever asks for it early is served."""

import asyncio
import threading

import pytest

from router.api.late import LateApp
from tests.fakes.asgi import exchange, scope


async def cold(_scope, _receive, send) -> None:
    """Answer with a word."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"cold"})


async def test_it_is_made_once_and_off_the_loop() -> None:
    """Whoever asks before it is there waits for it; it is told that it was loaded."""
    made: list[int] = []
    go, loaded = threading.Event(), []

    def make():
        made.append(threading.get_ident())
        go.wait(5)
        return cold

    app = LateApp(make, lambda: loaded.append(True))
    exchanges = [exchange() for _ in range(3)]
    asking = [asyncio.create_task(app(scope(), each.receive, each.send)) for each in exchanges]
    await asyncio.sleep(0.02)
    assert not loaded
    go.set()
    await asyncio.gather(*asking)

    assert [each.body for each in exchanges] == [b"cold"] * 3
    assert (len(made), loaded) == (1, [True])
    assert made[0] != threading.get_ident()
    await app.close()


async def test_a_client_that_leaves_does_not_end_the_loading() -> None:
    """The next one is served."""
    go = threading.Event()
    app = LateApp(lambda: (go.wait(5), cold)[1], lambda: None)
    left, stays = exchange(), exchange()
    leaving = asyncio.create_task(app(scope(), left.receive, left.send))
    await asyncio.sleep(0.01)
    leaving.cancel()
    go.set()
    await app(scope(), stays.receive, stays.send)
    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert stays.body == b"cold"


async def test_closing_waits_for_the_loading() -> None:
    """No thread outlives the proxy; one that never loaded closes at once."""
    done: list[bool] = []
    app = LateApp(lambda: (done.append(True), cold)[1], lambda: None)
    await app.close()
    app.load()
    await app.close()
    assert done == [True]


async def test_a_failure_is_not_for_ever() -> None:
    """What could not be loaded once is tried again for the next one who asks."""
    turns: list[int] = []

    def make():
        turns.append(1)
        if len(turns) == 1:
            raise OSError("too many open files")
        return cold

    app, first, second = LateApp(make, lambda: None), exchange(), exchange()
    with pytest.raises(OSError, match="too many"):
        await app(scope(), first.receive, first.send)
    await app(scope(), second.receive, second.send)
    assert second.body == b"cold"
