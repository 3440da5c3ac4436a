"""A ledger that cannot be written stops what costs money before it is sent, not only after.

Without this, every retry of a client would be paid at an upstream and then refused for want of a row.
"""

import logging
from collections.abc import Callable

from router.errors import LedgerUnavailable
from router.ledger.entry import LedgerEntry
from router.ledger.ledger import Ledger

_OPEN = float("-inf")
_log = logging.getLogger("tierwise.ledger")

REST_SECONDS = 1.0
"""How long nothing is sent after a row could not be kept; the next request then tries again."""


class WatchedLedger:
    """A ledger that remembers whether its last record failed."""

    def __init__(self, ledger: Ledger, clock: Callable[[], float]) -> None:
        """Watch `ledger`; `clock` is monotonic seconds."""
        self._ledger = ledger
        self._clock = clock
        self._closed_until = _OPEN
        self.intend = ledger.intend
        """Keep that a call is about to leave, as the ledger does."""

    def require(self) -> None:
        """Raise LedgerUnavailable while the last record is known to have failed, or rows are still to be taken."""
        if self._closed_until > self._clock() or self._ledger.behind:
            raise LedgerUnavailable(
                "The ledger could not be written, so nothing is sent that could not be accounted.",
                retry_after=REST_SECONDS,
            )

    async def record(self, entry: LedgerEntry) -> None:
        """Record `entry` as the ledger does, and remember how that ended."""
        try:
            await self._ledger.record(entry)
        except LedgerUnavailable as error:
            if self._closed_until == _OPEN:
                _log.error("the ledger takes no rows, what costs money is refused: %s", error.message)
            self._closed_until = self._clock() + REST_SECONDS
            raise
        if self._closed_until != _OPEN:
            self._closed_until = _OPEN
            _log.warning("the ledger takes rows again")

    async def close(self) -> None:
        """Close the ledger."""
        await self._ledger.close()
