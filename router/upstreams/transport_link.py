"""One connection to an upstream, sans pool: a request goes out, one answer at a time comes in.

Nothing here knows of errors for clients: a link says how its answer ended (`failure`), its owner what that means.
"""

import asyncio
from collections.abc import Callable

from router.errors import RouterError
from router.upstreams.transport_answer import HEAD_BYTES, Answer, Failure
from router.wire.call import RELAYED_BYTES, Relay

Sink = Callable[[bytes], bool]
"""Takes a piece of a body; False when it wants no more for now."""

TURN_BYTES = RELAYED_BYTES
"""How much of a stream is handed on before others have their turn."""

PAUSE_BYTES = 262_144
"""How much of a body waits for its reader before the upstream is held back."""


class Link(Answer, asyncio.Protocol):
    """One connection. `begin` sends a request, `news` waits for its answer, `take` and `pour` hand on what has come.

    `calls` counts the requests that it carried, `heard` says whether the present one was answered with a byte,
    `complete` that its answer has ended well, `failure` how it has ended otherwise (pieces that came before can still
    be taken). One timer serves all calls of a link and is re-armed late: a timer a call costs 2 us.
    """

    __slots__ = (
        "_due",
        "_expires",
        "_loop",
        "_patience",
        "_paused",
        "_relay",
        "_sink",
        "_timer",
        "_transport",
        "_waiter",
        "calls",
        "failure",
        "heard",
        "open",
        "since",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop, limit_bytes: int) -> None:
        """Make a link that asyncio will connect; `limit_bytes` bounds one answer's body."""
        super().__init__(limit_bytes)
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[bool] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0
        self._expires: float | None = None
        self._sink: Sink | None = None
        self._relay: Relay | None = None
        self._patience = 0.0
        self._paused = False
        self.open = False
        self.calls = 0
        self.since = 0.0
        self.heard = False
        self.failure: Failure | None = None

    def now(self) -> float:
        """Return the loop's clock, in seconds."""
        return self._loop.time()

    def begin(self, head: bytes, body: bytes, expires: float) -> None:
        """Send a request, whose answer's head is waited for until `expires` on the loop's clock."""
        self.clear()
        self.heard = False
        self.failure = None
        self.calls += 1
        self._wait_until(expires)
        transport = self._transport
        if transport is None or not self.open:
            self.failure = "lost"
        elif len(body) <= HEAD_BYTES:
            transport.write(head + body)
        else:
            transport.writelines((head, body))

    def news(self, patience: float | None = None) -> "asyncio.Future[bool]":
        """Return what is done when something more of the answer has come, or a failure; one reader at a time.

        `patience` is how many seconds from now that may take; None: until what `begin` was given.
        """
        if patience is not None:
            self._wait_until(self._loop.time() + patience)
        waiter = self._waiter = self._loop.create_future()
        return waiter

    def pour(self, sink: Sink, patience: float, relay: Relay | None = None) -> "asyncio.Future[bool]":
        """Hand what comes to `sink` as it comes, without a turn of the loop between: 12 us a piece less (of 45).

        What is returned is done at the end of the body, at a failure, with what `sink` raises, and, with True, when
        `sink` wants no more for now. `patience` is in seconds, from piece to piece. `relay` is asked first about what
        comes as exactly one chunk.
        """
        self._sink, self._relay, self._patience = sink, relay, patience
        return self.news(patience)

    def take(self) -> bytes:
        """Return what has come of the body since the last time, b"" if nothing."""
        pieces = self.pieces
        if not pieces:
            return b""
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        pieces.clear()
        self._expires = None  # until more is waited for: a slow client is not the upstream's fault
        self.buffered = 0
        if self._paused and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()
        return data

    def ended(self) -> bool:
        """Whether all of the answer was taken and nothing more will come of it."""
        return not self.pieces and (self.complete or self.failure is not None)

    def reusable(self) -> bool:
        """Whether another request may be sent: all of this answer was read, the connection stays, nothing is unsent."""
        return (
            self.complete
            and self.open
            and not self.last
            and self._transport is not None
            and not self._transport.is_closing()
            and not self._transport.get_write_buffer_size()
        )

    def abort(self) -> None:
        """Drop the connection at once: what is not yet written has no reader any more."""
        self.open = False
        self._disarm()
        if self._transport is not None:
            self._transport.abort()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin with a connection."""
        self._transport = transport  # type: ignore[assignment]  # asyncio gives streams a Transport
        self.open = True

    def data_received(self, data: bytes) -> None:
        """Take in what came; what comes unasked ends the connection."""
        relay = self._relay
        if relay is not None and self.between_chunks and len(data) <= self._left:  # whoever relays takes all that comes
            size = relay(data)
            if size:
                self._left -= size
                self._expires = self._loop.time() + self._patience
                return
        self._take_in(data)

    def _take_in(self, data: bytes) -> None:
        if self.between_chunks and self._sink is not None and len(data) < TURN_BYTES and not self.pieces:
            piece = self.chunk_in(data)
            if piece is not None:
                self._offer(piece)
                return
        if self.complete or self.failure is not None or not self.calls:
            self.abort()
            return
        self.heard = True
        waited_for_head = not self.head_done
        failure = self.feed(data)
        if failure is not None:
            self._fail(failure)
        if waited_for_head and self.head_done:
            self._expires = None
        if self.head_done and self._sink is not None:
            self._hand_on()
            if len(data) >= TURN_BYTES:
                self._let_others()
            return
        if self.buffered > PAUSE_BYTES and not self._paused and self.open and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def _let_others(self) -> None:
        """Give others their turn of the loop: it would read on and on from an upstream that is fast enough."""
        if self._sink is not None and self.open and not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()
            self._loop.call_soon(self._go_on)

    def _go_on(self) -> None:
        if self._paused and self.open and self.buffered <= PAUSE_BYTES and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()

    def _hand_on(self) -> None:
        """Give what has come to the sink; wake its owner when that is all, or when it wants no more."""
        waiter = self._waiter
        if self.pieces and waiter is not None and not waiter.done() and not self._offer(self.take()):
            return
        if self.complete or self.failure is not None:
            self._wake()

    def _offer(self, piece: bytes) -> bool:
        """Give a piece to the sink; return whether it wants more, and wake its owner where it does not."""
        sink, waiter = self._sink, self._waiter
        if sink is None or waiter is None or waiter.done():  # its owner was cancelled, and drops this link next
            return False
        self._expires = self._loop.time() + self._patience
        try:
            more = sink(piece)
        except RouterError as error:  # it belongs to whoever waits
            self._sink = self._relay = None
            waiter.set_exception(error)
            return False
        if not more:
            self._wake(stopped=True)
        return more

    def connection_lost(self, exc: BaseException | None) -> None:
        """End with the connection; a body without a length ends with it, unless it was reset."""
        self.open = False
        self._disarm()
        if not self.complete and self.failure is None:
            if exc is None and self.head_done and not self.sized:
                self.complete = True
            else:
                self.failure = "lost"
        self._wake()

    def _wake(self, *, stopped: bool = False) -> None:
        waiter, self._waiter = self._waiter, None
        self._sink = self._relay = None
        if waiter is not None and not waiter.done():
            if stopped:
                self._expires = None
            waiter.set_result(stopped)

    def _fail(self, failure: Failure) -> None:
        """End the answer badly; the connection is of no more use."""
        self.failure = self.failure or failure
        self.abort()
        self._wake()

    def _wait_until(self, expires: float) -> None:
        self._expires = expires
        if self._timer is None or self._due > expires:
            self._arm(expires)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self, due: float) -> None:
        self._disarm()
        self._due = due
        self._timer = self._loop.call_at(due, self._check)

    def _check(self) -> None:
        """Fail the present wait if its time is over, else look again when it would be."""
        self._timer = None
        if self._expires is None:
            return
        if self._loop.time() < self._expires:
            self._arm(self._expires)
        else:
            self._fail("late")
