"""The client's side of one exchange: bytes to ASGI messages, and a watch on whether the client is still there."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from router.api.gate import BODY_SECONDS, Receive, Scope, Send, read_body, too_large
from router.aside import Aside
from router.errors import RequestTimeout
from router.ports import Receipt

WATCH_AFTER_SECONDS = 0.2
"""How long a request may take before its connection is watched. Most are over by then and never pay for the task that
watching needs; with this, a client that leaves is still noticed well within a second."""


DIRECT = "tierwise.direct"
"""The ASGI extension by which our own server offers a shorter way than messages: a Direct."""


class Direct(Protocol):
    """What a server does at once, past ASGI's messages; where it returns False, nothing was done: `send` it."""

    on_leave: Callable[[], object] | None
    """Called when the client leaves before the response is complete."""

    stirred: bool
    """Set by `push` and `relay` where they sent something."""

    def body(self) -> bytes | None:
        """Return the request's body if all of it has come, else None."""

    def head(self, status: int, headers: list[tuple[bytes, bytes]]) -> bool:
        """Begin the response; its head leaves with the first part of the body."""

    def push(self, data: bytes) -> bool:
        """Send a part of the body of a response whose length was not told."""

    def relay(self, chunk: bytes) -> bool:
        """Send a part of such a body that is framed as a chunk of HTTP/1.1 already."""

    def finish(self, data: bytes) -> bool:
        """Send the last part of the body."""


def direct_of(scope: Scope) -> Direct | None:
    """Return what DIRECT offers in this scope; None where it is not offered."""
    offered: Direct | None = scope.get("extensions", {}).get(DIRECT)
    return offered


KEEP_ALIVE = b": keep-alive\n\n"
"""A comment between two events: what reads a stream skips it, what stands between does not take it for dead."""

BEATS = 4
"""How often within delivery.keep_alive a stream is looked at: the comment comes up to a quarter of that early."""


class Pace(Protocol):
    """How long silence may last (policy.rules.Limits has it), in seconds."""

    @property
    def keep_alive(self) -> float:
        """Of a stream, before a comment is sent."""

    @property
    def idle(self) -> float:
        """Of a client that does not read, before it counts as gone."""


class AsgiClient:
    """Reads one request's body, writes its response and notices when nobody is there any more.

    Whoever leaves cancels the task that created this object; `left` then tells that cancellation from a shutdown's. Our
    own server says when that happens. Another's connection is watched by a task, which starts late enough that most
    requests never pay for it. A client that reads nothing of a stream for as long as `pace` says counts as gone.
    """

    __slots__ = (
        "_direct",
        "_late",
        "_receive",
        "_send",
        "_silent",
        "_task",
        "_timer",
        "_watch",
        "_writing",
        "began",
        "left",
        "pace",
    )

    def __init__(self, receive: Receive, send: Send, direct: Direct | None = None) -> None:
        """Take over `receive` before anything of the body has been read; `direct` is what `direct_of` found."""
        self._receive = receive
        self._send = send
        self._direct = direct
        self._timer: asyncio.TimerHandle | None = None
        self._watch: asyncio.Task[None] | None = None
        self._late = False
        self._silent = 0
        self._writing = False
        self.pace: Pace | None = None
        self.began = False
        self.left = False
        self._task = asyncio.current_task()

    async def body(self, limit: int) -> bytes:
        """Return the whole request body; RequestTooLarge past `limit` bytes, RequestTimeout after 30 s, ClientGone."""
        direct = self._direct
        body = None if direct is None else direct.body()
        if body is None:
            body = await self._slow_body(limit)
        elif len(body) > limit:
            raise too_large(len(body), limit)
        if direct is None:
            self._timer = asyncio.get_running_loop().call_later(WATCH_AFTER_SECONDS, self._look)
        else:
            direct.on_leave = self._gone
        return body

    async def _slow_body(self, limit: int) -> bytes:
        """Read a body that is still coming, within its time."""
        timer = asyncio.get_running_loop().call_later(BODY_SECONDS, self._give_up)
        try:
            return await read_body(self._receive, limit)
        except asyncio.CancelledError:
            if not self._late or self._task is None:
                raise
            self._task.uncancel()
            raise RequestTimeout(f"the body did not arrive within {BODY_SECONDS:.0f} s") from None
        finally:
            timer.cancel()

    def _give_up(self) -> None:
        if self._task is not None:
            self._late = True
            self._task.cancel()

    def _look(self) -> None:
        """Begin to watch the connection."""
        self._watch = asyncio.create_task(self._notice_leaving())

    async def _notice_leaving(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._gone()

    def _gone(self) -> None:
        """Stop serving a client that has left."""
        if self._task is not None and not self._task.done():
            self.left = True
            self._task.cancel()

    def attend(self) -> None:
        """Look after the silence of the stream that has begun: one timer a stream, which each part only resets."""
        if self._direct is not None and self.pace is not None:
            self._timer = asyncio.get_running_loop().call_later(self.pace.keep_alive / BEATS, self._beat, self.pace)

    def _beat(self, pace: Pace) -> None:
        """Send a comment where the stream has been silent; take a client that does not read for gone."""
        direct = self._direct
        if direct is not None and direct.stirred:
            direct.stirred, self._silent = False, 0
        self._silent += 1
        if self._writing and self._silent * pace.keep_alive / BEATS >= pace.idle:
            self._gone()
            return
        if self._silent >= BEATS and not self._writing and direct is not None:
            direct.push(KEEP_ALIVE)
        self.attend()

    async def start(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        """Begin the response with the status line and the headers; they may leave with the first part of the body."""
        if self._direct is None or not self._direct.head(status, headers):
            await self._send({"type": "http.response.start", "status": status, "headers": headers})
        self.began = True

    async def prepare(self, data: bytes, receipt: Receipt, aside: Aside, caller: str) -> None:
        """Take note of a large last part of the body: here it needs no look."""

    def ready(self, data: bytes, receipt: Callable[[], Receipt]) -> None:
        """Take note of the last part of the body before it is booked: here it needs no look."""

    def push(self, data: bytes) -> bool:
        """Send a part of the body if the server can do so at once; False: nothing was sent, `write` it."""
        return self._direct is not None and self._direct.push(data)

    def framed(self) -> Callable[[bytes], bool] | None:
        """Return what sends a chunk with its frame as it is, as `push` does without; None where that cannot be."""
        return None if self._direct is None else self._direct.relay

    async def write(self, data: bytes) -> None:
        """Send a part of the body; waits while the client reads slower than we write."""
        self._silent, self._writing = 0, True
        await self._send({"type": "http.response.body", "body": data, "more_body": True})
        self._writing = False

    async def end(self, data: bytes = b"") -> None:
        """Send the last part of the body."""
        self.close()
        if self._direct is None or not self._direct.finish(data):
            await self._send({"type": "http.response.body", "body": data, "more_body": False})

    def close(self) -> None:
        """Stop watching. Safe to call twice."""
        if self._direct is not None:
            self._direct.on_leave = None
        if self._timer is not None:
            self._timer.cancel()
        if self._watch is not None:
            self._watch.cancel()
