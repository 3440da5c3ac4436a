"""The connection to a client: uvicorn's parsing, our own cycle of request and response, and bounds on a client.

uvicorn has no bound on the time and the bytes that a request's head may take, nor on the time that a client may take to
read its last bytes; and it arms and cancels a timer for each request, where one a connection is enough.
"""

import asyncio
import logging
import sys
from collections import deque
from typing import Any
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from router.api.admission import RETRY_SECONDS
from router.api.client import DIRECT
from router.api.cycle import Cycle, refusal
from router.api.gate import AsgiApp, Scope
from router.errors import MalformedRequest, Overloaded, RequestTimeout, RequestTooLarge, RouterError
from router.telemetry.log import Hushed

_VERSIONS = ("1.1", "1.0")

_TRAILERS: deque[tuple[bytes, bytes]] = deque(maxlen=0)
"""Takes the fields behind a chunked body, and keeps none: they would count as headers that nobody has looked at."""

_log = logging.getLogger("tierwise.api")
_hushed = Hushed(_log)  # whoever sends bad HTTP is told so; a line of log each would be theirs to write

HEAD_SECONDS = 10.0
"""How long a connection may stay silent at its beginning, and a request's head may take."""

LINGER_SECONDS = 10.0
"""How long a closed connection may take to get rid of what was written to it."""


FIRST_REQUEST_SECONDS = 1.0
"""How long a connection has for a request that it may have begun to send when the server began to end."""

MOST_QUEUED = 2
"""Requests that wait behind the one being served before no more is read; until then it is noticed when they leave."""


MOST_HEAD_BYTES = 512 * 1024
"""What is read at most in search of the end of a head, or of a part of a body: far above what the gate lets in."""


class Connections(ServerState):
    """What the connections of one server share; `draining` says that each closes with its next answer.

    `most` is how many there may be: one more is told so and closed.
    """

    draining = False
    most = sys.maxsize


class LingeringTransport:
    """A transport that is cut off some time after it was closed; all else is the transport's own."""

    __slots__ = ("_linger", "_loop", "_transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        """Stand for `transport`."""
        self._transport = transport
        self._loop = loop
        self._linger: asyncio.TimerHandle | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def close(self) -> None:
        """Close; a client that does not read what was written is cut off after a while."""
        self._transport.close()
        if self._linger is None:
            self._linger = self._loop.call_later(LINGER_SECONDS, self._transport.abort)

    def lost(self) -> None:
        """Let go: the connection is closed."""
        if self._linger is not None:
            self._linger.cancel()


class Connection(HttpToolsProtocol):
    """uvicorn's HTTP protocol with cycles of our own."""

    head_seconds = HEAD_SECONDS
    _deaf = False
    _heading = False
    _fruitless = 0
    _head_due: float | None = None
    _head_timer: asyncio.TimerHandle | None = None
    _idle_due: float | None = None
    _idle_timer: asyncio.TimerHandle | None = None
    _served: Cycle | None = None
    cycle: Cycle | None  # type: ignore[assignment]  # the newest; what uvicorn does with its own is all done here
    pipeline: deque[tuple[Cycle, AsgiApp]]  # type: ignore[assignment]  # the oldest at the right end

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # what it is given is one
        """Begin with a connection."""
        self._write = transport.write
        self._app: AsgiApp = self.app
        self._lingering = LingeringTransport(transport, self.loop)
        self.logger = _hushed  # type: ignore[assignment]  # it has what is used
        super().connection_made(self._lingering)  # type: ignore[arg-type]  # it has what is used
        self._await_head()
        if len(self.connections) > self.server_state.most:  # type: ignore[attr-defined]  # the server's are Connections
            self._refuse(Overloaded("there is no room for one more connection", retry_after=RETRY_SECONDS))

    def connection_lost(self, exc: Exception | None) -> None:
        """End with it."""
        for timer in (self._head_timer, self._idle_timer):
            if timer is not None:
                timer.cancel()
        self._lingering.lost()
        served, self.cycle, self._served = self._served, None, None
        super().connection_lost(exc)
        if served is not None:
            served.lost()
        while self.pipeline:
            self.pipeline.pop()[0].lost()

    def data_received(self, data: bytes) -> None:
        """Read what came; nothing behind an upgrade, which is refused: it would be taken for a new request."""
        self._idle_due = None
        if self._deaf:
            return
        super().data_received(data)
        if self._heading or (self.cycle is not None and self.cycle.more_body):
            self._fruitless += len(data)
            if self._fruitless > MOST_HEAD_BYTES:
                self._give_up(RequestTooLarge("the head of the request does not end", fix="Send at most 32 KiB."))

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  # the signature is uvicorn's
        """Refuse what is no HTTP, in our clients' terms."""
        self._give_up(MalformedRequest("what was sent is not proper HTTP", fix="Send HTTP/1.1."))

    def _give_up(self, error: RouterError) -> None:
        """Read no more. What was asked for as it should be is answered; else there is `error`, once, and the end."""
        cycle, self._deaf = self.cycle, True
        if cycle is None or cycle.response_complete:
            self._refuse(error)
        elif not cycle.more_body:
            cycle.keep_alive = False
        elif cycle is self._served and not cycle.response_started:
            self._served = None
            cycle.lost()
            self._refuse(error)
        else:
            self.transport.close()

    def _refuse(self, error: RouterError) -> None:
        """Answer with `error`, whatever was asked for, and close."""
        self._deaf = True
        self._write(refusal(error))
        self.transport.close()

    def on_message_begin(self) -> None:
        """Begin with a request: its head has a time to come in."""
        self._await_head()
        self._heading = True
        self._fruitless = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Let the app begin with the request, or queue it behind the one that is being served."""
        self._head_due = None
        self._heading = False
        self._fruitless = 0
        self.headers = _TRAILERS  # type: ignore[assignment]  # it takes headers as the list did
        parser, earlier = self.parser, self.cycle
        scope: Scope = self.scope  # type: ignore[assignment]  # as above
        self._deaf = parser.should_upgrade()
        version = scope["http_version"] = parser.get_http_version()
        if version not in _VERSIONS:
            raise ValueError("another version of HTTP")
        url = httptools.parse_url(self.url)
        path = url.path.decode("ascii")
        scope["method"] = parser.get_method().decode("ascii")
        scope["path"] = unquote(path) if "%" in path else path
        scope["raw_path"] = url.path
        scope["query_string"] = url.query or b""
        keep_alive = version != "1.0" and parser.should_keep_alive()
        self.cycle = cycle = Cycle(
            scope, self.flow, self._write, self._lingering.close, self.on_response_complete, keep_alive=keep_alive
        )
        cycle.awaits_continue = self.expect_100_continue
        if self.server_state.draining:  # type: ignore[attr-defined]  # the server's are Connections
            cycle.keep_alive = False
        scope["extensions"] = {DIRECT: cycle}
        if earlier is None or earlier.response_complete:
            self._begin(cycle)
        else:
            self.pipeline.appendleft((cycle, self._app))
            if len(self.pipeline) >= MOST_QUEUED:
                self.flow.pause_reading()

    def shutdown(self) -> None:
        """Close the connection with the last answer under way, at once if idle, soon where a head may be coming."""
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.keep_alive = False
        elif self._head_due is None:
            self.transport.close()
        else:
            self.loop.call_later(FIRST_REQUEST_SECONDS, self._close_unused)

    def abort(self) -> None:
        """Cut the connection off, whatever is under way."""
        self.transport.abort()

    def _close_unused(self) -> None:
        """Close the connection unless a request came after all."""
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()

    def on_body(self, body: bytes) -> None:
        """Keep a part of the request's body."""
        cycle = self.cycle
        self._fruitless = 0
        if cycle is not None and not cycle.response_complete and cycle.take(body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()

    def on_message_complete(self) -> None:
        """Note that the request is complete."""
        cycle = self.cycle
        if cycle is None:
            return
        if not cycle.response_complete:
            cycle.taken()
        elif cycle.more_body:
            cycle.more_body, self._head_due = False, None

    def on_response_complete(self) -> None:
        """Go on with the request that is queued, or wait for the next one."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self._served is not None and self._served.more_body:
            self._await_head()  # who was answered before its body has as long to send the rest, which nobody reads
        if self.pipeline:
            self._begin(self.pipeline.pop()[0])
        else:
            self._idle_due = self.loop.time() + self.timeout_keep_alive
            if self._idle_timer is None:
                self._idle_timer = self.loop.call_at(self._idle_due, self._check_idle)

    def _begin(self, cycle: Cycle) -> None:
        """Let the app serve a request."""
        self._served = cycle
        task = self.loop.create_task(cycle.run_asgi(self._app))
        task.add_done_callback(self._ended)
        self.tasks.add(task)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Let go of a request's task; what nobody handled goes to the log."""
        self.tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("unexpected %s in an ASGI app", type(error).__name__, exc_info=error)

    def _check_idle(self) -> None:
        """Close the connection if it was idle for long enough, else look again when it would be."""
        self._idle_timer = None
        if self._idle_due is None:
            return
        if self._idle_due > self.loop.time():
            self._idle_timer = self.loop.call_at(self._idle_due, self._check_idle)
        else:
            self.transport.close()

    def _await_head(self) -> None:
        """Give the head that comes its time. One timer looks after many heads."""
        self._head_due = self.loop.time() + self.head_seconds
        if self._head_timer is None:
            self._head_timer = self.loop.call_at(self._head_due, self._check_head)

    def _check_head(self) -> None:
        """Close the connection if the time of a head is over, else look again when it would be."""
        self._head_timer = None
        if self._head_due is None:
            return
        cycle = self.cycle
        if cycle is not None and not cycle.response_complete:
            self._await_head()  # a head that comes while an answer goes out is not read on, so it has time
        elif self._head_due > self.loop.time():
            self._head_timer = self.loop.call_at(self._head_due, self._check_head)
        elif self._heading:
            self._refuse(RequestTimeout(f"the head did not arrive within {self.head_seconds:g} s"))
        else:
            self.transport.close()
