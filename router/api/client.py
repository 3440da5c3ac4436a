"""The client's side of one exchange: bytes to ASGI messages, and a watch on whether the client is still there."""

import asyncio
from collections.abc import Callable

from router.api.gate import BODY_SECONDS, Receive, Scope, Send, read_body
from router.errors import RequestTimeout

WATCH_AFTER_SECONDS = 0.2
"""How long a request may take before its connection is watched. Most are over by then and never pay for the task that
watching needs; with this, a client that leaves is still noticed well within a second."""


PUSH = "tierwise.push"
"""The ASGI extension by which a server offers, as `write`, to send a part of a body at once, past its messages."""

Push = Callable[[bytes], bool]


def push_of(scope: Scope) -> Push | None:
    """Return what PUSH offers in this scope: bytes in, whether they were sent; None where it is not offered."""
    offered = scope.get("extensions", {}).get(PUSH)
    return None if offered is None else offered["write"]


class AsgiClient:
    """Reads one request's body, writes its response and notices when nobody is there any more.

    One timer serves both phases, for a timer costs as much as parsing a short body: while the body is read it bounds
    that, later it starts the watch. The watch cancels the task that created this object; `left` then tells that
    cancellation from a shutdown's.
    """

    __slots__ = (
        "_late",
        "_push",
        "_reading",
        "_receive",
        "_send",
        "_slow",
        "_task",
        "_timer",
        "_watch",
        "began",
        "left",
    )

    def __init__(self, receive: Receive, send: Send, push: Push | None = None) -> None:
        """Take over `receive` before anything of the body has been read; `push` is what `push_of` found."""
        self._receive = receive
        self._send = send
        self._push = push
        self._watch: asyncio.Task[None] | None = None
        self._reading = False
        self._slow = False
        self._late = False
        self.began = False
        self.left = False
        self._task = asyncio.current_task()
        self._timer = asyncio.get_running_loop().call_later(WATCH_AFTER_SECONDS, self._look)

    async def body(self, limit: int) -> bytes:
        """Return the whole request body; RequestTooLarge past `limit` bytes, RequestTimeout after 30 s, ClientGone."""
        self._reading = True
        try:
            return await read_body(self._receive, limit)
        except asyncio.CancelledError:
            if not self._late or self._task is None:
                raise
            self._task.uncancel()
            raise RequestTimeout(f"the body did not arrive within {BODY_SECONDS:.0f} s") from None
        finally:
            self._reading = False
            if self._slow:
                self._timer.cancel()
                self._look()

    def _look(self) -> None:
        """See how far the request is: give a body that is still coming its time, else watch the connection."""
        if self._reading:
            self._slow = True
            self._timer = asyncio.get_running_loop().call_later(BODY_SECONDS, self._give_up)
        else:
            self._watch = asyncio.create_task(self._notice_leaving())

    def _give_up(self) -> None:
        if self._task is not None:
            self._late = True
            self._task.cancel()

    async def _notice_leaving(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        if self._task is not None and not self._task.done():
            self.left = True
            self._task.cancel()

    async def start(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        """Send the status line and the headers."""
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
        self.began = True

    def push(self, data: bytes) -> bool:
        """Send a part of the body if the server can do so at once; False: nothing was sent, `write` it."""
        return self._push is not None and self._push(data)

    async def write(self, data: bytes) -> None:
        """Send a part of the body; waits while the client reads slower than we write."""
        await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def end(self, data: bytes = b"") -> None:
        """Send the last part of the body."""
        self.close()
        await self._send({"type": "http.response.body", "body": data, "more_body": False})

    def close(self) -> None:
        """Stop watching. Safe to call twice."""
        self._timer.cancel()
        if self._watch is not None:
            self._watch.cancel()
