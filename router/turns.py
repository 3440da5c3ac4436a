"""Whose turn it is where one thing is done at a time: callers by turns, so that nobody waits for a whole crowd."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turns:
    """One turn at a time. Who waits is served by turns: one of each caller, then the next of each. One event loop."""

    __slots__ = ("_taken", "_waiting")

    def __init__(self) -> None:
        """Begin with nobody."""
        self._taken = False
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}

    @asynccontextmanager
    async def turn(self, caller: str) -> AsyncIterator[None]:
        """Wait for a turn of `caller` and hold it for the block. Who is cancelled meanwhile gives up its place."""
        await self._take(caller)
        try:
            yield
        finally:
            self._give()

    async def _take(self, caller: str) -> None:
        if not self._taken:
            self._taken = True
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(caller, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._give()  # the turn came just as nobody wanted it any more
            raise

    def _give(self) -> None:
        """Let the next one begin: the first of the caller who has waited longest for a turn."""
        while self._waiting:
            caller = next(iter(self._waiting))
            line = self._waiting.pop(caller)
            turn = line.popleft()
            if line:
                self._waiting[caller] = line  # behind everybody else
            if not turn.done():
                turn.set_result(None)
                return
        self._taken = False
