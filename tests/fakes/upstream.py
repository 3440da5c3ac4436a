"""A real, faulty upstream on 127.0.0.1: an HTTP/1.1 server over sockets that answers as its script says.

    async with FakeUpstream() as upstream:
        upstream.script(behaviour.status(500), behaviour.ok("Hi"))      # in order; the last one repeats
        upstream.script(behaviour.reset_before_headers(), model="big")  # only for bodies that ask for "big"
        ... call upstream.base_url ...
        assert upstream.seen[0].json["model"] == "small"

Behaviours are in tests/fakes/behaviour.py. Nothing is simulated in the client's process but the answers themselves.
"""

import asyncio
import json
import socket
import struct
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Self

_HEAD_LIMIT = 1 << 20


@dataclass(slots=True, kw_only=True)
class Seen:
    """One request as it arrived.

    Times are time.monotonic() seconds: `arrived` when its body was complete, `answered` when the script had played to
    its end, `closed` when the client closed the connection during or after it (None while it did not).
    """

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    connection: int
    arrived: float = field(default_factory=time.monotonic)
    answered: float | None = None
    closed: float | None = None
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def json(self) -> Any:
        """The body, parsed; None where it is not JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def model(self) -> str | None:
        """The model that the body asks for."""
        body = self.json
        return body.get("model") if isinstance(body, dict) else None

    def header(self, name: str) -> str | None:
        """Return the first header called `name` (any case), or None."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


class Exchange:
    """One request under way: what a behaviour reads from and writes to."""

    def __init__(self, seen: Seen, writer: asyncio.StreamWriter) -> None:
        self.seen = seen
        self.keep_alive = True
        self._writer = writer

    async def send(self, data: bytes) -> None:
        """Write raw bytes to the socket."""
        self._writer.write(data)
        await self._writer.drain()

    async def head(self, status: int, headers: dict[str, str]) -> None:
        """Write the status line and the headers."""
        lines = [f"HTTP/1.1 {status} Scripted", *(f"{name}: {value}" for name, value in headers.items())]
        await self.send("\r\n".join([*lines, "", ""]).encode("latin-1"))

    async def chunk(self, data: bytes) -> None:
        """Write one chunk of a chunked body; b"" ends it."""
        await self.send(b"%x\r\n%s\r\n" % (len(data), data))

    def close(self) -> None:
        """Close the connection after what was written (FIN)."""
        self.keep_alive = False
        self._writer.close()

    def reset(self) -> None:
        """Break the connection at once (RST)."""
        self.keep_alive = False
        connection: socket.socket = self._writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    async def hang(self) -> None:
        """Wait until the client closes the connection."""
        self.keep_alive = False
        await self.seen.gone.wait()


Behaviour = Callable[[Exchange], Awaitable[None]]


class _Connection(asyncio.StreamReaderProtocol):
    """A stream protocol that notes when the client went away, also while nobody reads."""

    def __init__(self, upstream: "FakeUpstream") -> None:
        self.current: Seen | None = None
        super().__init__(asyncio.StreamReader(limit=_HEAD_LIMIT), self._serve)
        self._upstream = upstream

    def eof_received(self) -> bool | None:
        self._note_gone()
        return super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._note_gone()
        super().connection_lost(exc)

    def _note_gone(self) -> None:
        if self.current is not None and self.current.closed is None:
            self.current.closed = time.monotonic()
            self.current.gone.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._upstream._serve(self, reader, writer)


class FakeUpstream:
    """The server. `seen` is the journal of every request, oldest first; `connections` counts accepted connections."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.connections = 0
        self.port = 0
        self._scripts: dict[str | None, deque[Behaviour]] = {}
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._arrival = asyncio.Event()

    @property
    def base_url(self) -> str:
        """Where it listens, up to and including /v1."""
        return f"http://127.0.0.1:{self.port}/v1"

    def script(self, *behaviours: Behaviour, model: str | None = None) -> None:
        """Replace what is played, in order, for `model` (None: for every model without a script); the last repeats."""
        self._scripts[model] = deque(behaviours)

    async def __aenter__(self) -> Self:
        await self.listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.refuse()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def listen(self) -> None:
        """Accept connections, on the same port as before when it listened already."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def refuse(self) -> None:
        """Stop accepting: a new connection is refused from now on. Open ones go on."""
        if self._server is not None:
            self._server.close()
            self._server = None
            await asyncio.sleep(0)

    async def wait_for(self, requests: int) -> None:
        """Return once `requests` requests have been seen; TimeoutError after 5 seconds."""
        async with asyncio.timeout(5.0):
            while len(self.seen) < requests:
                self._arrival.clear()
                await self._arrival.wait()

    async def _serve(self, connection: _Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        number = self.connections
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            keep_alive = True
            while keep_alive and (seen := await _read_request(reader, number)):
                connection.current = seen
                self.seen.append(seen)
                self._arrival.set()
                exchange = Exchange(seen, writer)
                await self._next(seen.model)(exchange)
                seen.answered = time.monotonic()
                keep_alive = exchange.keep_alive
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client left: the journal has the time
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            writer.close()
            self._tasks.discard(task)

    def _next(self, model: str | None) -> Behaviour:
        script = self._scripts.get(model) or self._scripts.get(None)
        if not script:
            raise AssertionError(f"FakeUpstream has no script for model {model!r}")
        return script.popleft() if len(script) > 1 else script[0]


async def _read_request(reader: asyncio.StreamReader, connection: int) -> Seen | None:
    """Read one request, its body by Content-Length or chunked; None at the end of the connection."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head[:-4].split("\r\n")
    method, path, _ = first.split(" ", 2)
    headers = tuple((name, value.strip()) for name, _, value in (line.partition(":") for line in lines))
    fields = {name.lower(): value for name, value in headers}
    if fields.get("transfer-encoding", "").lower() == "chunked":
        body = b"".join([part async for part in _chunks(reader)])
    else:
        body = await reader.readexactly(int(fields.get("content-length", 0)))
    return Seen(method=method, path=path, headers=headers, body=body, connection=connection)


async def _chunks(reader: asyncio.StreamReader):
    while True:
        size = int((await reader.readuntil(b"\r\n")).split(b";")[0], 16)
        data = await reader.readexactly(size)
        await reader.readexactly(2)
        if not size:
            return
        yield data
