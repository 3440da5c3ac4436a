"""The ledger in memory: what the contract does not ask of it."""

import pytest

from router.errors import LedgerUnavailable
from tests.fakes.ledger import MemoryLedger, an_entry


async def test_a_broken_ledger_keeps_nothing_and_says_why() -> None:
    """While it is broken every record fails with the given words, and it recovers."""
    ledger, entry = MemoryLedger(), an_entry()
    ledger.broken = "the disk is full"

    with pytest.raises(LedgerUnavailable, match="the disk is full"):
        await ledger.record(entry)
    assert ledger.entries == ()

    ledger.broken = None
    await ledger.record(entry)
    assert ledger.entries == (entry,)


def test_entries_differ_in_their_ids() -> None:
    """Two entries made in a row are two requests."""
    assert an_entry().request_id != an_entry().request_id
    assert an_entry().decision_id != an_entry().decision_id
