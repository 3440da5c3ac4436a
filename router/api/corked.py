"""The connection to a client: one write a turn of the loop, and bounds on the time that a client may take.

uvicorn writes the head of a response when it is told of it and the body when that comes, which is a system call and a
wake-up of the client each. For most answers both come in the same turn, and leave in one call here. It has no bound on
the time that a request's head may take either, nor on the time that a client may take to read its last bytes.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 10.0
"""How long a connection may stay silent at its beginning, and a request's head may take."""

LINGER_SECONDS = 10.0
"""How long a closed connection may take to get rid of what was written to it."""


class CorkedTransport:
    """A transport that holds what is written until the end of the loop's turn; all else is the transport's own."""

    __slots__ = ("_held", "_linger", "_loop", "_transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        """Hold back for `transport`."""
        self._transport = transport
        self._loop = loop
        self._held: list[bytes] = []
        self._linger: asyncio.TimerHandle | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Write `data` at the end of this turn."""
        if not self._held:
            self._loop.call_soon(self._flush)
        self._held.append(data)

    def is_closing(self) -> bool:
        """Whether the transport closes or is closed."""
        return self._transport.is_closing()

    def close(self) -> None:
        """Write what is held, then close; a client that does not read it is cut off after a while."""
        self._flush()
        self._transport.close()
        if self._linger is None:
            self._linger = self._loop.call_later(LINGER_SECONDS, self._transport.abort)

    def lost(self) -> None:
        """Let go: the connection is closed."""
        self._held.clear()
        if self._linger is not None:
            self._linger.cancel()

    def _flush(self) -> None:
        held, self._held = self._held, []
        if held and not self._transport.is_closing():
            self._transport.write(held[0] if len(held) == 1 else b"".join(held))


class CorkedProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol over a corked transport."""

    _upgrading = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # what it is given is one
        """Begin with a connection."""
        self._corked = CorkedTransport(transport, self.loop)
        super().connection_made(self._corked)  # type: ignore[arg-type]  # it has what is used
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """End with it."""
        self._head_timer.cancel()
        self._corked.lost()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Begin with a request: its head has a time to come in."""
        self._head_timer.cancel()
        self._await_head()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Go on with the request once its head is there."""
        self._head_timer.cancel()
        self._upgrading = self.parser.should_upgrade()
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Read what came; nothing behind an upgrade, which is refused: it would be taken for a new request."""
        if not self._upgrading:
            super().data_received(data)

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self.transport.close)
