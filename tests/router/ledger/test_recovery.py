"""What the ledger did not take, and what a dead process had sent: each gets its row, with what is known of it."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from router.errors import LedgerUnavailable
from router.ledger.entry import EntryStatus, LedgerEntry
from router.ledger.query import entries
from router.ledger.recovery import recover
from router.ledger.rows import to_row
from router.ledger.sent import begin
from router.ledger.sqlite import SqliteLedger
from router.ledger.writer import Writer
from tests.fakes.ledger import an_entry, an_intent


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the ledger is."""
    return tmp_path / "ledger.db"


def put(path: Path, there: bool) -> None:
    """Move the ledger's file away, or back."""
    aside = path.with_name("moved.db")
    (aside if there else path).rename(path if there else aside)


async def refuse(ledger: SqliteLedger, name: str) -> LedgerEntry:
    """Answer a request while the ledger takes nothing, as the shell does: the answer, then that it was withheld."""
    ledger.intend(an_intent(decision_id=name))
    entry = an_entry(decision_id=name)
    refused = replace(entry, status=EntryStatus.FAILED, http_status=503, error_code="ledger_unavailable")
    for one in (entry, refused):
        with pytest.raises(LedgerUnavailable):
            await ledger.record(one)
    return refused


@pytest.mark.parametrize("on_loop", [True, False])
@pytest.mark.parametrize("back", [True, False])
async def test_a_row_that_was_refused_is_booked_at_the_next_start(path: Path, on_loop: bool, back: bool) -> None:
    """With its tokens and its cost, whether the file is put back or a new one begun; the journals are gone then."""
    ledger = SqliteLedger.open(path, "process" if on_loop else "power")
    put(path, there=False)
    refused = [await refuse(ledger, name) for name in "ab"]
    await ledger.close()
    assert list(path.parent.glob("*.sent-*")) != []

    if back:
        put(path, there=True)
    await SqliteLedger.open(path).close()

    assert sorted(entries(path), key=lambda entry: entry.decision_id) == refused
    assert list(path.parent.glob("*.sent-*")) == []


async def test_it_is_booked_at_an_end_in_good_order_where_the_ledger_takes_it_then(path: Path) -> None:
    """Nothing is left for the next start."""
    ledger = SqliteLedger.open(path)
    put(path, there=False)
    refused = await refuse(ledger, "a")
    put(path, there=True)
    await ledger.close()

    assert list(entries(path)) == [refused]
    assert list(path.parent.glob("*.sent-*")) == []


async def test_it_is_booked_as_soon_as_the_ledger_takes_rows_again(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody has to start the process again, nor to send another request; what comes in meanwhile is kept too."""
    journal, writer = begin(path), Writer(path, "process")
    writer.open()
    ledger = SqliteLedger(writer, journal, on_loop=True, make_up_seconds=0.05)
    put(path, there=False)
    refused = await refuse(ledger, "a")
    await asyncio.sleep(0.2)
    put(path, there=True)
    later = an_entry()
    await ledger.record(later)
    for _ in range(200):
        if not journal.unkept:
            break
        await asyncio.sleep(0.02)
    kept = list(entries(path))
    await ledger.close()

    assert {entry.decision_id: entry for entry in kept} == {entry.decision_id: entry for entry in (refused, later)}
    assert caplog.messages == ["1 rows that the ledger had not taken are in it now"]


async def test_a_death_between_an_answer_and_its_end_leaves_no_row_that_says_ok(path: Path) -> None:
    """The answer was withheld: what was used and paid is true, that it was given is not."""
    whole, stream = an_entry(decision_id="a", stream=False), an_entry(decision_id="b", stream=True)
    journal = begin(path)
    for entry in (whole, stream):
        journal.intend(an_intent(decision_id=entry.decision_id))
        assert journal.refuse(to_row(entry))
    journal.close()

    await SqliteLedger.open(path).close()

    assert list(entries(path)) == [
        replace(whole, status=EntryStatus.FAILED, http_status=503, error_code="ledger_unavailable"),
        replace(stream, status=EntryStatus.INTERRUPTED, error_code="ledger_unavailable"),
    ]


def test_each_is_counted_by_what_it_was(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The log tells deaths from rows that were not taken."""
    journal, writer = begin(path), Writer(path, "process")
    for name in "abc":
        journal.intend(an_intent(decision_id=name))
    journal.refuse(to_row(an_entry(decision_id="b", cost=Decimal("0.25"))))
    journal.close()

    assert recover(path, writer) == 3
    writer.close()

    assert {entry.decision_id: (entry.error_code, entry.cost) for entry in entries(path)} == {
        "a": ("process_died", None),
        "b": ("ledger_unavailable", Decimal("0.25")),
        "c": ("process_died", None),
    }
    assert caplog.messages == [
        "2 requests were under way when a process died: those without a row are interrupted",
        "1 rows that the ledger had not taken are in it now",
    ]
