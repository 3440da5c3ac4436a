"""Who is let in: so many requests at once for the process and for each caller, a short queue for more, then a 503.

A request counts from its head to the end of its answer; an idle connection does not. Whoever is let in at once pays for
an integer's comparison; the body of who is not has not been read, and it is told when to come back.
"""

import asyncio

from router.errors import Overloaded

RETRY_SECONDS = 1.0
"""When who was not let in is told to come back."""


class Room:
    """Places for so many at once, and a queue for those who wait a little for one. One event loop."""

    __slots__ = ("_most", "_queue", "_taken", "_waiting")

    def __init__(self, most: int, queue: int) -> None:
        """Offer `most` places; let `queue` more wait, first come, first served."""
        self._most = most
        self._queue = queue
        self._taken = 0
        self._waiting: dict[asyncio.Future[bool], None] = {}

    @property
    def most(self) -> int:
        """How many places there are."""
        return self._most

    @property
    def taken(self) -> int:
        """How many of them are taken."""
        return self._taken

    def enter(self) -> bool:
        """Take a place if one is free; False: none is."""
        if self._taken < self._most:
            self._taken += 1
            return True
        return False

    async def wait(self, seconds: float) -> bool:
        """Take the next place that is given back within `seconds`; False: there was none, or too many wait already."""
        if self.enter():
            return True
        if len(self._waiting) >= self._queue or seconds <= 0:
            return False
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[bool] = loop.create_future()
        self._waiting[turn] = None
        timer = loop.call_later(seconds, _give_up, turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.result():
                self.leave()  # the place came just as nobody wanted it any more
            raise
        finally:
            timer.cancel()
            self._waiting.pop(turn, None)

    def leave(self) -> None:
        """Give a place back: to who waits longest, if anybody does."""
        while self._waiting:
            turn = next(iter(self._waiting))
            del self._waiting[turn]
            if not turn.done():
                turn.set_result(True)
                return
        self._taken -= 1


def _give_up(turn: asyncio.Future[bool]) -> None:
    """End a wait that has been too long."""
    if not turn.done():
        turn.set_result(False)


class Admission:
    """The room of the process and, where there is a limit for each caller, theirs."""

    __slots__ = ("_callers", "_per_caller", "_process", "_queue", "_wait")

    def __init__(
        self, *, most: int = 4096, queue: int = 1024, wait: float = 0.1, per_caller: int | None = None
    ) -> None:
        """Let in `most` requests, `per_caller` of each caller (None: no limit); `queue` more wait `wait` seconds."""
        self._process = Room(most, queue)
        self._per_caller = per_caller
        self._queue = queue
        self._wait = wait
        self._callers: dict[str, Room] = {}

    @property
    def taken(self) -> int:
        """How many requests are let in."""
        return self._process.taken

    def enter(self, caller: str | None) -> bool:
        """Let a request of `caller` in if that can be done at once; None: of nobody in particular."""
        if self._per_caller is None or caller is None:
            return self._process.enter()
        room = self._room(caller)
        if not room.enter():
            return False
        if self._process.enter():
            return True
        room.leave()
        return False

    async def wait(self, caller: str | None) -> None:
        """Let a request in that could not be let in at once; Overloaded if there is no place for it in time."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._wait
        room = None if self._per_caller is None or caller is None else self._room(caller)
        if room is not None and not await room.wait(self._wait):
            raise Overloaded(
                f"{room.most:,} requests of caller '{caller}' are being served",
                fix="Send fewer at once, or try again as Retry-After says (server.max_concurrent_per_key).",
                retry_after=RETRY_SECONDS,
            )
        entered = False
        try:
            entered = await self._process.wait(until - loop.time())
        finally:
            if room is not None and not entered:
                room.leave()
        if not entered:
            raise Overloaded(f"{self._process.most:,} requests are being served", retry_after=RETRY_SECONDS)

    def leave(self, caller: str | None) -> None:
        """Note that a request that was let in has ended."""
        self._process.leave()
        if self._per_caller is not None and caller is not None:
            self._room(caller).leave()

    def _room(self, caller: str) -> Room:
        """Return a caller's room; there are as many as there are client keys."""
        room = self._callers.get(caller)
        if room is None:
            room = self._callers[caller] = Room(self._per_caller or self._process.most, self._queue)
        return room
