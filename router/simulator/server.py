"""The simulated upstream as a server of its own on loopback, in the event loop that starts it."""

import asyncio
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

import uvicorn

from router.simulator.app import SimulatorApp

_HOST = "127.0.0.1"
_GRACE_SECONDS = 1


class _Server(uvicorn.Server):
    """uvicorn that tells when it listens, and leaves the process's signals to whoever runs the process."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen."""
        await super().startup(sockets=sockets)
        self.ready.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


class Simulator:
    """An OpenAI-compatible upstream on 127.0.0.1 that needs no model. Start it and stop it on the same loop."""

    def __init__(
        self,
        names: tuple[str, ...],
        *,
        embedders: Mapping[str, int] = MappingProxyType({}),
        port: int = 0,
        chunk_seconds: float = 0.0,
    ) -> None:
        """Take the models' names (shortest answers first), the port (0: any free one), the pause before each chunk.

        `embedders` are the models that embed, by name, with the length of their vectors.
        """
        self._app = SimulatorApp(names, embedders=embedders, chunk_seconds=chunk_seconds)
        self._port = port
        self._server: _Server | None = None
        self._serving: asyncio.Task[None] | None = None

    async def start(self) -> int:
        """Listen and return the port; OSError if it is taken, RuntimeError if this was started already."""
        if self._serving is not None:
            raise RuntimeError("the simulator is running")
        listener = socket.create_server((_HOST, self._port))
        self._server = _Server(
            uvicorn.Config(
                self._app,
                http="httptools",
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                timeout_graceful_shutdown=_GRACE_SECONDS,
            )
        )
        self._serving = asyncio.create_task(self._server.serve(sockets=[listener]), name="simulator")
        ready = asyncio.create_task(self._server.ready.wait())
        await asyncio.wait((ready, self._serving), return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        if self._serving.done():
            await self._serving
            raise RuntimeError("the simulator did not start")
        return int(listener.getsockname()[1])

    async def stop(self) -> None:
        """Stop listening and end what is still being answered within about a second. Safe to call twice."""
        if self._server is None or self._serving is None:
            return
        self._server.should_exit = True
        serving, self._serving, self._server = self._serving, None, None
        await serving
