"""The port through which entries are kept."""

from typing import Protocol

from router.ledger.entry import LedgerEntry
from router.ledger.intent import Intent


class Ledger(Protocol):
    """Keeps entries. One implementation is chosen in router.app; all pass tests/contracts."""

    def intend(self, intent: Intent) -> None:
        """Keep, at once, that a call is about to leave: if this process dies, its request gets a row all the same.

        `record` of the same decision settles it. Raise LedgerUnavailable if it cannot be kept: the call must not leave.
        """

    @property
    def behind(self) -> bool:
        """Whether rows that it did not take are still to be taken; it asks for them itself."""

    async def record(self, entry: LedgerEntry) -> None:
        """Return once `entry` is committed: it then survives kill -9. Raise LedgerUnavailable if it cannot be kept."""

    async def close(self) -> None:
        """Commit what is under way and close. Safe to call twice."""
