"""The connection to a client: one write a turn of the loop, and bounds on the time that a client may take.

uvicorn writes the head of a response when it is told of it and the body when that comes, which is a system call and a
wake-up of the client each. For most answers both come in the same turn, and leave in one call here. It has no bound on
the time that a request's head may take either, nor on the time that a client may take to read its last bytes.
"""

import asyncio
from functools import partial
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from router.api.client import PUSH

HEAD_SECONDS = 10.0
"""How long a connection may stay silent at its beginning, and a request's head may take."""

HELD_BYTES = 65_536
"""How much is held back for one write before whoever streams has to wait."""

LINGER_SECONDS = 10.0
"""How long a closed connection may take to get rid of what was written to it."""


FIRST_REQUEST_SECONDS = 1.0
"""How long a connection has for a request that it may have begun to send when the server began to end."""


class Connections(ServerState):
    """What the connections of one server share; `draining` says that each closes with its next answer."""

    draining = False


class CorkedTransport:
    """A transport that holds what is written until the end of the loop's turn; all else is the transport's own."""

    __slots__ = ("_held", "_held_bytes", "_holding", "_linger", "_loop", "_transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        """Hold back for `transport`."""
        self._transport = transport
        self._loop = loop
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._holding = True
        self._linger: asyncio.TimerHandle | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Write `data` at the end of this turn if a response begins with it, else now."""
        if not self._holding:
            if not self._transport.is_closing():
                self._transport.write(data)
            return
        if not self._held:
            self._loop.call_soon(self._flush)
        self._held.append(data)
        self._held_bytes += len(data)

    def crowded(self) -> bool:
        """Whether so much is held already that more has to wait: nobody else counts what is held here."""
        return self._held_bytes > HELD_BYTES

    def hold(self) -> None:
        """Hold back what comes next: the head of a response, and what goes with it."""
        self._holding = True

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
        held, self._held, self._held_bytes = self._held, [], 0
        self._holding = False
        if held and not self._transport.is_closing():
            self._transport.write(held[0] if len(held) == 1 else b"".join(held))


class CorkedProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol over a corked transport."""

    _upgrading = False
    _head_due: float | None = None
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # what it is given is one
        """Begin with a connection."""
        self._corked = CorkedTransport(transport, self.loop)
        super().connection_made(self._corked)  # type: ignore[arg-type]  # it has what is used
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """End with it."""
        if self._head_timer is not None:
            self._head_timer.cancel()
        self._corked.lost()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Begin with a request: its head has a time to come in."""
        self._await_head()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Go on with the request once its head is there."""
        self._head_due = None
        self._corked.hold()
        self._upgrading = self.parser.should_upgrade()
        super().on_headers_complete()
        if self.server_state.draining:  # type: ignore[attr-defined]  # the server's are Connections
            self.cycle.keep_alive = False
        self.scope["extensions"] = {PUSH: {"write": partial(self._push, self.cycle)}}

    def shutdown(self) -> None:
        """Close the connection with the answer under way, at once where it is idle, soon where a head may be coming."""
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not cycle.response_complete:
            cycle.keep_alive = False
        elif self._head_due is None:
            self.transport.close()
        else:
            self.loop.call_later(FIRST_REQUEST_SECONDS, self._close_unused)

    def abort(self) -> None:
        """Cut the connection off, whatever is under way."""
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Read what came; nothing behind an upgrade, which is refused: it would be taken for a new request."""
        if not self._upgrading:
            super().data_received(data)

    def _push(self, cycle: RequestResponseCycle, data: bytes) -> bool:
        """Write a part of the chunked body that `cycle` is sending, past ASGI's messages: 9 us a part less (of 45)."""
        if self.flow.write_paused or cycle.disconnected or cycle.response_complete or not cycle.chunked_encoding:
            return False
        if self._corked.crowded():
            return False
        self._corked.write(b"%x\r\n%b\r\n" % (len(data), data))
        return True

    def _close_unused(self) -> None:
        """Close the connection unless a request came after all."""
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is None or cycle.response_complete:
            self.transport.close()

    def _await_head(self) -> None:
        """Give the head that comes its time. One timer looks after many heads."""
        self._head_due = self.loop.time() + HEAD_SECONDS
        if self._head_timer is None:
            self._head_timer = self.loop.call_at(self._head_due, self._check_head)

    def _check_head(self) -> None:
        """Close the connection if the time of a head is over, else look again when it would be."""
        self._head_timer = None
        if self._head_due is None:
            return
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not cycle.response_complete:
            self._await_head()  # a head that comes while an answer goes out is not read on, so it has time
        elif self._head_due > self.loop.time():
            self._head_timer = self.loop.call_at(self._head_due, self._check_head)
        else:
            self.transport.close()
