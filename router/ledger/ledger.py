"""The port through which entries are kept."""

from typing import Protocol

from router.ledger.entry import LedgerEntry


class Ledger(Protocol):
    """Keeps entries. One implementation is chosen in router.app; all pass tests/contracts."""

    async def record(self, entry: LedgerEntry) -> None:
        """Return once `entry` is committed: it then survives kill -9. Raise LedgerUnavailable if it cannot be kept."""

    async def close(self) -> None:
        """Commit what is under way and close. Safe to call twice."""
