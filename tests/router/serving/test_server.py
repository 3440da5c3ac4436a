"""The server's end: in order, and bounded. With real processes: tests/integration/test_drain.py."""

import asyncio
import logging
import signal
import socket
from typing import Any

import pytest

from router.serving.server import Drain, server_for
from tests.fakes.until import until


class App:
    """An app that notes what happens to it; a request waits until it is cancelled or `let` is set."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.let = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            for word in ("startup", "shutdown"):
                await receive()
                self.told.append(word)
                await send({"type": f"lifespan.{word}.complete"})
            return
        self.told.append("begins")
        try:
            await self.let.wait()
        except asyncio.CancelledError as cancelled:
            self.told.append(f"cut off: {cancelled}")
        self.told.append("ends")
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})


async def end(drain: Drain, *, signals: int = 1, let: bool = False, beside: Any = ()) -> tuple[list[str], bytes]:
    """Serve one request, end the server under it, and return what the app was told and the client got."""
    app = App()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = server_for(app)
        server.leave, server.beside = lambda: drain, beside
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        writer.write(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        async with asyncio.timeout(10):
            await until(lambda: "begins" in app.told)
            for _ in range(signals):
                server.handle_exit(signal.SIGTERM, None)
            if let:
                await asyncio.sleep(0.3)
                app.let.set()
            got = await reader.read()
            await serving
        writer.close()
    return app.told, got


async def test_a_request_that_ends_in_time_is_waited_for() -> None:
    """It is answered, told to close, and the app is closed after it."""
    told, got = await end(Drain(seconds=9), let=True)

    assert told == ["startup", "begins", "ends", "shutdown"]
    assert got.startswith(b"HTTP/1.1 200")
    assert b"connection: close" in got


async def test_a_request_that_does_not_is_cut_off_before_the_app_is_closed() -> None:
    """It is told why and may still answer; only then the app is closed."""
    told, got = await end(Drain(seconds=0.1))

    assert told == ["startup", "begins", "cut off: the process ends", "ends", "shutdown"]
    assert got.endswith(b"ok")


async def test_a_second_signal_waits_for_nobody() -> None:
    """However long the drain may take."""
    told, _ = await end(Drain(delay=60, seconds=60), signals=2)

    assert told[2:] == ["cut off: the process ends", "ends", "shutdown"]


async def test_what_runs_beside_it_ends_with_it_and_not_in_silence(caplog: pytest.LogCaptureFixture) -> None:
    """Cancelled when the end begins; what fails by itself is told, and the server serves on."""
    ended: list[str] = []

    async def follows() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("follows")

    async def fails() -> None:
        raise LookupError

    logger = logging.getLogger("tierwise.serving")
    logger.addHandler(caplog.handler)
    try:
        told, _ = await end(Drain(seconds=9), let=True, beside=(follows, fails))
    finally:
        logger.removeHandler(caplog.handler)

    assert told[-1] == "shutdown"
    assert ended == ["follows"]
    assert "LookupError" in caplog.text
