"""An event loop whose clock moves only while everybody waits: an hour of time-outs passes in a moment.

    loop = VirtualTime()
    loop.run_until_complete(asyncio.sleep(3600))

What waits for a socket, a thread or another process has no place on it: time would jump past it.
"""

import asyncio
import selectors
from collections.abc import Callable
from typing import Any


class _Skipping(selectors.DefaultSelector):
    """Never waits: hands the time that would have been waited to `skip`."""

    def __init__(self) -> None:
        super().__init__()
        self.skip: Callable[[float], None] = lambda _: None

    def select(self, timeout: float | None = None) -> list[Any]:
        """Return what is ready now; RuntimeError where nothing would ever be."""
        ready = super().select(0)
        if not ready and timeout is None:
            raise RuntimeError("everybody waits, and nothing will happen")
        if not ready and timeout:
            self.skip(timeout)
        return ready


class VirtualTime(asyncio.SelectorEventLoop):
    """An event loop with a clock of its own, which begins at `start` seconds."""

    def __init__(self, start: float = 1_000.0) -> None:
        selector = _Skipping()
        super().__init__(selector)
        self._now = start
        selector.skip = self._skip

    def time(self) -> float:
        """Return the virtual seconds."""
        return self._now

    def _skip(self, seconds: float) -> None:
        self._now += seconds
