"""The client's side of one exchange: bytes to ASGI messages, and a watch on whether the client is still there."""

import asyncio

from router.api.gate import Receive, Send

WATCH_AFTER_SECONDS = 0.2
"""How long a request may take before its connection is watched. Most are over by then and never pay for the task that
watching needs; with this, a client that leaves is still noticed well within a second."""


class AsgiClient:
    """Writes one response and notices when nobody reads it any more.

    The watch cancels the task that created this object; `left` then tells that cancellation from a shutdown's.
    """

    __slots__ = ("_receive", "_send", "_task", "_timer", "_watch", "began", "left")

    def __init__(self, receive: Receive, send: Send) -> None:
        """Take over `receive` after the request body has been read."""
        self._receive = receive
        self._send = send
        self._watch: asyncio.Task[None] | None = None
        self.began = False
        self.left = False
        loop = asyncio.get_running_loop()
        self._task = asyncio.current_task(loop)
        self._timer = loop.call_later(WATCH_AFTER_SECONDS, self._start_watch)

    def _start_watch(self) -> None:
        self._watch = asyncio.create_task(self._notice_leaving())

    async def _notice_leaving(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        if self._task is not None and not self._task.done():
            self.left = True
            self._task.cancel()

    async def start(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        """Send the status line and the headers."""
        self.began = True
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

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
