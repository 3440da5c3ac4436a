"""A ledger that failed stops the next requests before they cost anything, and lets them through again."""

import pytest

from router.errors import LedgerUnavailable
from router.ledger.watch import REST_SECONDS, WatchedLedger
from tests.fakes.ledger import MemoryLedger, an_entry


async def test_after_a_failure_nothing_is_sent_for_a_while_and_then_tried_again() -> None:
    """The refusal names when to come back; a record that works ends it at once."""
    now = [10.0]
    kept = MemoryLedger()
    watched = WatchedLedger(kept, lambda: now[0])
    watched.require()

    kept.broken = "disk full"
    with pytest.raises(LedgerUnavailable):
        await watched.record(an_entry())
    with pytest.raises(LedgerUnavailable) as refused:
        watched.require()
    assert refused.value.retry_after == REST_SECONDS

    now[0] += REST_SECONDS
    watched.require()
    kept.broken = None
    await watched.record(an_entry())
    watched.require()
    await watched.close()
    assert len(kept.entries) == 1


async def test_a_record_that_works_ends_the_rest() -> None:
    """Requests under way may find out first that the disk has room again."""
    kept = MemoryLedger()
    watched = WatchedLedger(kept, lambda: 0.0)
    kept.broken = "disk full"
    with pytest.raises(LedgerUnavailable):
        await watched.record(an_entry())

    kept.broken = None
    await watched.record(an_entry())

    watched.require()


async def test_while_rows_are_still_to_be_taken_nothing_is_sent() -> None:
    """The ledger asks for them itself: no request has to be paid to find out whether it takes rows again."""
    kept = MemoryLedger()
    watched = WatchedLedger(kept, lambda: 0.0)
    kept.is_behind = True
    with pytest.raises(LedgerUnavailable):
        watched.require()

    kept.is_behind = False

    watched.require()
