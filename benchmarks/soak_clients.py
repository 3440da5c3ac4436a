"""The clients of a soak: plain sockets, read just far enough to know how an answer ended.

A library for HTTP takes more of a core for 500 streams than the proxy does, and then measures itself.
"""

import asyncio
import json
import random
import time
from collections import deque
from dataclasses import dataclass, field

from benchmarks.soak_upstream import CHUNKS, PAUSE_SECONDS

KEEP_ALIVE_SECONDS = 3.0
PATIENCE_SECONDS = 120.0
_DONE = b"data: [DONE]\n\n\r\n0\r\n\r\n"
_END = b"\r\n0\r\n\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What is sent: so many requests a second and so many streams at once, for so long; a share of them leaves."""

    seconds: float = 1800.0
    rate: float = 200.0
    streams: int = 500
    aborts: float = 0.1


@dataclass(slots=True)
class Tally:
    """What became of it; `missed` requests were due and not sent, because the clients had no time for them."""

    answered: int = 0
    streamed: int = 0
    aborted: int = 0
    missed: int = 0
    failed: int = 0
    reasons: dict[str, int] = field(default_factory=dict)

    def fail(self, reason: str) -> None:
        """Count a failure."""
        self.failed += 1
        self.reasons[reason] = self.reasons.get(reason, 0) + 1


class Connection(asyncio.Protocol):
    """One connection, one answer at a time."""

    def __init__(self) -> None:
        """Wait for something to ask."""
        self.transport: asyncio.Transport
        self.idle_since = 0.0
        self._ended: asyncio.Future[str] | None = None
        self._tail = b""
        self._left: int | None = None
        self._status = b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # what it is given is one
        """Begin."""
        self.transport = transport

    def ask(self, request: bytes) -> asyncio.Future[str]:
        """Send a request; the future tells how its answer ended: `answered`, `streamed`, or what was wrong."""
        self._tail, self._left, self._status = b"", None, b""
        self._ended = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return self._ended

    def data_received(self, data: bytes) -> None:
        """Look for the end of the answer."""
        if not self._status:
            self._tail += data
            head, separator, data = self._tail.partition(b"\r\n\r\n")
            if not separator:
                return
            self._status, self._tail = head[9:12], b""
            for line in head.split(b"\r\n"):
                if line.startswith(b"content-length: "):
                    self._left = int(line[16:])
        if self._left is not None:
            self._left -= len(data)
            if self._left <= 0:
                self._end("answered")
            return
        self._tail = (self._tail + data)[-len(_DONE) :]
        if self._tail.endswith(_END):
            self._end("streamed" if self._tail == _DONE else "a stream without its end")

    def connection_lost(self, exc: Exception | None) -> None:
        """End what waits."""
        self._end(type(exc).__name__ if exc is not None else "closed")

    def _end(self, how: str) -> None:
        ended, self._ended = self._ended, None
        if ended is not None and not ended.done():
            ended.set_result(how if self._status in (b"", b"200") else self._status.decode())


class Clients:
    """All clients. Each call leaves in the middle with the probability of an abort."""

    def __init__(self, port: int, load: Load) -> None:
        """Call the proxy at `port`."""
        self.port = port
        self.tally = Tally()
        self._load = load
        self._draw = random.Random(5)
        self._idle: deque[Connection] = deque()
        self._requests = {stream: _request(port, stream=stream) for stream in (True, False)}

    async def run(self) -> None:
        """Send the whole load and wait for all of it to be answered."""
        until = time.monotonic() + self._load.seconds
        async with asyncio.TaskGroup() as group:
            for _ in range(self._load.streams):
                group.create_task(self._streams(until))
            begun, sent = time.monotonic(), 0
            while (now := time.monotonic()) < until:
                due = int((now - begun) * self._load.rate)
                for _ in range(min(due - sent, 100)):
                    group.create_task(self._ask(stream=False))
                self.tally.missed += max(due - sent - 100, 0)
                sent = due
                await asyncio.sleep(0.01)
        for connection in self._idle:
            connection.transport.close()

    async def _streams(self, until: float) -> None:
        """Open one stream after the other."""
        await asyncio.sleep(self._draw.random() * CHUNKS * PAUSE_SECONDS)
        while time.monotonic() < until:
            await self._ask(stream=True)

    async def _ask(self, *, stream: bool) -> None:
        """Ask once; a client that leaves does so after a random time."""
        leaves = self._draw.random() < self._load.aborts
        patience = self._draw.random() * (CHUNKS * PAUSE_SECONDS if stream else 0.005) if leaves else PATIENCE_SECONDS
        connection: Connection | None = None
        try:
            async with asyncio.timeout(patience):
                connection = await self._connection()
                how = await connection.ask(self._requests[stream])
        except TimeoutError:
            if connection is not None:
                connection.transport.abort()
            how = "aborted" if leaves else "timeout"
        except OSError as error:
            how = type(error).__name__
        if how in ("answered", "streamed", "aborted"):
            setattr(self.tally, how, getattr(self.tally, how) + 1)
        else:
            self.tally.fail(how)
        if connection is not None and not connection.transport.is_closing():
            connection.idle_since = time.monotonic()
            self._idle.append(connection)

    async def _connection(self) -> Connection:
        """Return an idle connection, the one used last, or a new one; those that were idle for too long are closed."""
        since = time.monotonic() - KEEP_ALIVE_SECONDS
        while self._idle and self._idle[0].idle_since < since:
            self._idle.popleft().transport.close()
        while self._idle:
            connection = self._idle.pop()
            if not connection.transport.is_closing():
                return connection
        loop = asyncio.get_running_loop()
        return (await loop.create_connection(Connection, "127.0.0.1", self.port))[1]


def _request(port: int, *, stream: bool) -> bytes:
    """Return the bytes of one chat completion."""
    asked = {"model": "auto", "stream": stream, "messages": [{"role": "user", "content": "Say a word."}]}
    body = json.dumps(asked).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-type: application/json\r\n"
    return head.encode() + b"content-length: %d\r\n\r\n" % len(body) + body
