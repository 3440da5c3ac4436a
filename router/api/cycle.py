"""One request and its response on a connection: ASGI's messages for every app, and a shorter way for our own.

uvicorn's own cycle checks each header with two regular expressions, tells each part by a message and waits for each by
an event: 1,400 of the 11,600 bytecodes of a request. Here a head is checked as a whole, and who knows the cycle (see
DIRECT in api.client) reads a body that is there and writes what may leave at once by plain calls.
"""

import asyncio
from collections.abc import Callable, MutableMapping
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.flow_control import FlowControl

from router.api.error_body import error_headers
from router.api.gate import AsgiApp, Scope
from router.errors import RouterError
from router.wire.openai_chat import error_object

STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}".encode() for status in HTTPStatus}
_LAST_CHUNK = b"0\r\n\r\n"
_BODILESS = frozenset({204, 304})
_BROKEN = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"21"), (b"connection", b"close")]
_COLON = b": "
_DISCONNECT = {"type": "http.disconnect"}

Headers = list[tuple[bytes, bytes]]


def refusal(error: RouterError) -> bytes:
    """Return the whole response that ends a connection with `error`, in OpenAI's shape: nobody else may be asked."""
    body = error_object(error)
    length = b"%d" % len(body)
    fields = [*error_headers(error), (b"content-length", length), (b"connection", b"close")]
    return b"\r\n".join([STATUS_LINES[error.status], *map(_COLON.join, dict(fields).items()), b"", body])


class Cycle:
    """What a connection knows of one request. `write` takes bytes for the client, `close` ends the connection.

    `keep_alive` may be unset from outside while the response has not begun: the connection ends with it then.
    """

    __slots__ = (
        "_chunked",
        "_close",
        "_finished",
        "_flow",
        "_flowing",
        "_head",
        "_left",
        "_method",
        "_parts",
        "_until_close",
        "_waiting",
        "_write",
        "awaits_continue",
        "disconnected",
        "keep_alive",
        "message_event",
        "more_body",
        "on_leave",
        "response_complete",
        "response_started",
        "scope",
        "stirred",
    )

    def __init__(
        self,
        scope: Scope,
        flow: FlowControl,
        write: Callable[[bytes], object],
        close: Callable[[], object],
        finished: Callable[[], object],
        *,
        keep_alive: bool,
    ) -> None:
        """Begin with a request whose head is `scope`; `finished` is called when its response is complete."""
        self.scope = scope
        self._flow = flow
        self._write = write
        self._close = close
        self._finished = finished
        self.keep_alive = keep_alive
        self.awaits_continue = False
        self.disconnected = False
        self.message_event = asyncio.Event()
        self.on_leave: Callable[[], object] | None = None
        self._parts: list[bytes] = []
        self._waiting = 0
        self.more_body = True
        self.response_started = False
        self.response_complete = False
        self._method = scope["method"]
        self._chunked = False
        self._flowing = False
        self._until_close = False
        self._left = 0
        self._head = b""
        self.stirred = False

    async def run_asgi(self, app: AsgiApp) -> None:
        """Let `app` serve the request; a response that it leaves undone becomes a bare 500, or breaks off."""
        try:
            await app(self.scope, self.receive, self.send)
        finally:
            self._break_off()

    def _break_off(self) -> None:
        """End a response that is not complete, if somebody is still there."""
        if self.response_complete or self.disconnected:
            return
        if self.response_started:
            self._close()
            return
        self._head, self.response_started = self._encoded(HTTPStatus.INTERNAL_SERVER_ERROR, _BROKEN), True
        self._part(b"Internal Server Error", last=True)

    # What the connection tells.

    def take(self, part: bytes) -> int:
        """Keep a part of the request's body; return the bytes that wait to be read."""
        self._parts.append(part)
        self._waiting += len(part)
        self.message_event.set()
        return self._waiting

    def taken(self) -> None:
        """Learn that the request's body is complete."""
        self.more_body = False
        self.message_event.set()

    def lost(self) -> None:
        """Learn that the connection is gone."""
        if not self.response_complete:
            self.disconnected = True
            self._flowing = False
            if self.on_leave is not None:
                self.on_leave()
        self.message_event.set()

    # The shorter way.

    def body(self) -> bytes | None:
        """Return the request's body if all of it is there and nobody has read of it, else None."""
        if self.more_body or self.disconnected:
            return None
        self.message_event.clear()
        self._flow.resume_reading()
        return self._gathered()

    def head(self, status: int, headers: Headers) -> bool:
        """Begin the response; its head leaves with the first part of its body. False: not now, `send` it.

        Names of `headers` are in lower case. A value that would end its line is an error of ours (ValueError).
        """
        if self.response_started or self.disconnected or self._flow.write_paused:
            return False
        self._head = self._encoded(status, headers)
        self.response_started = True
        return True

    def push(self, data: bytes) -> bool:
        """Send a part of a body whose length is not told beforehand. False: not now, `send` it."""
        if not self._flowing or self._flow.write_paused:
            return False
        part = b"%x\r\n%b\r\n" % (len(data), data)
        if self._head:
            part, self._head = self._head + part, b""
        self.stirred = True
        self._write(part)
        return True

    def relay(self, chunk: bytes) -> bool:
        """Send a part that is framed as a chunk and not the first. False: not now, or not in this frame."""
        if not self._flowing or self._flow.write_paused or self._head:
            return False
        self.stirred = True
        self._write(chunk)
        return True

    def finish(self, data: bytes) -> bool:
        """Send the last part of the body. False: not now, `send` it."""
        if not self.response_started or self.response_complete or self.disconnected or self._flow.write_paused:
            return False
        self._part(data, last=True)
        return True

    # ASGI.

    async def receive(self) -> MutableMapping[str, Any]:
        """Return the next part of the request's body, or say that the client has left."""
        if self.awaits_continue:
            self.awaits_continue = False
            self._write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if not self.disconnected and not self.response_complete:
            self._flow.resume_reading()
            await self.message_event.wait()
            self.message_event.clear()
        if self.disconnected or self.response_complete:
            return dict(_DISCONNECT)
        return {"type": "http.request", "body": self._gathered(), "more_body": self.more_body}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        """Send what `message` says; waits while the client reads slower than is written. RuntimeError out of turn."""
        if self._flow.write_paused and not self.disconnected:
            await self._flow.drain()
        if self.disconnected:
            return
        kind = message["type"]
        if kind == "http.response.start" and not self.response_started:
            self._head = self._encoded(message["status"], list(message.get("headers", ())))
            self.response_started = True
        elif kind == "http.response.body" and self.response_started and not self.response_complete:
            self._part(message.get("body", b""), last=not message.get("more_body", False))
        else:
            raise RuntimeError(f"the ASGI message {kind} is out of turn")

    def _gathered(self) -> bytes:
        """Return what has come of the body since it was last read."""
        parts, self._parts, self._waiting = self._parts, [], 0
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _encoded(self, status: int, headers: Headers) -> bytes:
        """Return a head as bytes, and settle how the body is framed: a length that is told, chunks, or the end.

        Nothing is settled before the head is seen to be sound: who gives a bad one may still give another.
        """
        fields = dict(headers)
        length = fields.get(b"content-length")
        left, more = 0, b""
        until_close = chunked = False
        if length is not None:
            left = int(length)
        elif status in _BODILESS:
            pass
        elif self.scope["http_version"] == "1.0":
            until_close = True
        elif self._method != "HEAD":
            chunked = True
            more = b"transfer-encoding: chunked\r\n"
        # Where a 100 is awaited the body may come or not: what follows on this connection is not to be told apart.
        keep_alive = self.keep_alive and not self.awaits_continue
        if fields.get(b"connection") == b"close":
            keep_alive = False
        elif not keep_alive:
            more += b"connection: close\r\n"
        block = b"\r\n".join([STATUS_LINES[status], *map(_COLON.join, headers)])
        if not block.count(b"\n") == block.count(b"\r") == len(headers) or b"\0" in block:
            raise ValueError("a header holds a line break or a NUL")
        self._left, self._until_close, self.keep_alive = left, until_close, keep_alive
        self._chunked = self._flowing = chunked
        return b"%b\r\n%b\r\n" % (block, more)

    def _part(self, data: bytes, *, last: bool) -> None:
        """Write a part of the body, framed, behind the head if that has not left; RuntimeError if it does not fit."""
        head, self._head = self._head, b""
        if self._method == "HEAD":
            self._left, data = 0, b""
        elif self._chunked:
            data = b"%x\r\n%b\r\n" % (len(data), data) if data else b""
        elif not self._until_close:
            self._left -= len(data)
            if self._left < 0 or (last and self._left):
                raise RuntimeError("the body of a response is not as long as its head says")
        if last and self._chunked:
            data += _LAST_CHUNK
        if head or data:
            self._write(head + data if head else data)
        if last:
            self.response_complete = True
            self._flowing = False
            self.on_leave = None
            self.message_event.set()
            if not self.keep_alive:
                self._close()
            self._finished()
