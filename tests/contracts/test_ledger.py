"""What every ledger promises, whichever keeps the entries."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest

from router.errors import LedgerUnavailable
from router.ledger.entry import Attempt, CostSource, EntryStatus, LedgerEntry, Paid
from router.ledger.ledger import Ledger
from router.ledger.query import entries
from router.ledger.sqlite import SqliteLedger
from router.usage import Usage
from tests.fakes.ledger import MemoryLedger, a_refusal, an_entry


@dataclass(frozen=True, slots=True)
class Kept:
    """A ledger, and how to look at what it keeps."""

    ledger: Ledger
    read: Callable[[], tuple[LedgerEntry, ...]]


@pytest.fixture(params=["memory", "sqlite process", "sqlite power"])
async def kept(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Kept]:
    """Each implementation in turn, closed at the end."""
    if request.param == "memory":
        memory = MemoryLedger()
        yield Kept(memory, lambda: memory.entries)
        return
    path = tmp_path / "ledger.db"
    sqlite = SqliteLedger.open(path, request.param.split()[1])
    yield Kept(sqlite, lambda: tuple(entries(path)))
    await sqlite.close()


FULL = an_entry(
    usage=Usage(
        input=300,
        output=200,
        cached_input=100,
        cache_write=50,
        reasoning=20,
        reported_cost=Decimal("0.000000000001"),
        estimated=True,
    ),
    cost_source=CostSource.ESTIMATED,
    error_code="upstream_broken",
    status=EntryStatus.INTERRUPTED,
    attempts=(
        Attempt(upstream="large", provider="abroad", ending="unreachable", status=None, latency_ms=3000.25),
        Attempt(upstream="small", provider="house", ending="broken", status=200, latency_ms=0.1),
        Attempt(
            upstream="middle",
            provider="house",
            ending="invalid",
            status=200,
            latency_ms=0.1,
            paid=Paid(input_tokens=1, output_tokens=2, cost=Decimal("0.1"), cost_source=CostSource.COMPUTED),
        ),
    ),
)
CASES = {
    "everything known": FULL,
    "nothing known": a_refusal(),
    "a cost of zero": an_entry(cost=Decimal(0), baseline_cost=Decimal(0)),
    "tokens without a price": an_entry(cost=None, cost_source=CostSource.UNKNOWN, price_as_of=None),
    "no usage": an_entry(usage=None, cost=None, cost_source=CostSource.UNKNOWN),
    "another time zone": an_entry(at=datetime(2026, 11, 21, 1, 2, 3, tzinfo=timezone(timedelta(hours=5, minutes=30)))),
    "text in other scripts": an_entry(caller="équipe – 北京 🚀\x00'\"; --", model_asked="модель"),
}


@pytest.mark.parametrize("entry", CASES.values(), ids=CASES.keys())
async def test_what_is_recorded_can_be_read(kept: Kept, entry: LedgerEntry) -> None:
    """An entry is kept whole once record returns; what is unknown stays unknown."""
    await kept.ledger.record(entry)

    assert kept.read() == (entry,)


async def test_a_request_is_kept_once(kept: Kept) -> None:
    """Recording a decision id again keeps the first entry and fails nobody."""
    first = an_entry()
    await kept.ledger.record(first)
    await kept.ledger.record(first)
    await asyncio.gather(*(kept.ledger.record(replace(first, caller=f"caller-{n}")) for n in range(5)))

    assert kept.read() == (first,)


async def test_entries_that_come_together_are_all_kept(kept: Kept) -> None:
    """Concurrent records, more than any batch holds, are each kept once and in the order in which they came."""
    together = [an_entry() for _ in range(300)]
    await asyncio.gather(*(kept.ledger.record(entry) for entry in together))

    assert kept.read() == tuple(together)


async def test_who_stops_waiting_harms_nobody(kept: Kept) -> None:
    """A record that is cancelled leaves the others of its batch alone."""
    others = [an_entry() for _ in range(3)]
    impatient = asyncio.ensure_future(kept.ledger.record(an_entry()))
    waiting = [asyncio.ensure_future(kept.ledger.record(entry)) for entry in others]
    await asyncio.sleep(0)
    impatient.cancel()
    await asyncio.gather(*waiting)

    assert {entry.request_id for entry in others} <= {entry.request_id for entry in kept.read()}


async def test_closing_keeps_what_is_under_way(kept: Kept) -> None:
    """Entries handed in before close are kept, and their record returns."""
    handed_in = [an_entry() for _ in range(10)]
    waiting = [asyncio.ensure_future(kept.ledger.record(entry)) for entry in handed_in]
    await asyncio.sleep(0)
    await kept.ledger.close()
    await asyncio.gather(*waiting)

    assert kept.read() == tuple(handed_in)


async def test_a_closed_ledger_refuses(kept: Kept) -> None:
    """After close, which may be called twice, a record fails as unavailable."""
    await kept.ledger.close()
    await kept.ledger.close()

    with pytest.raises(LedgerUnavailable, match="closed"):
        await kept.ledger.record(an_entry())
    assert kept.read() == ()


async def test_times_are_read_back_as_instants(kept: Kept) -> None:
    """A time keeps its microseconds and comes back aware."""
    at = datetime(2026, 1, 1, 0, 0, 0, 1, tzinfo=UTC)
    await kept.ledger.record(an_entry(at=at))

    (entry,) = kept.read()
    assert entry.at == at
    assert entry.at.utcoffset() == timedelta(0)
