"""The schema: recognised before it is touched, brought forward in one piece, and readable for people."""

import sqlite3
from collections.abc import Iterator
from decimal import Decimal

import pytest

from router.errors import LedgerUnavailable
from router.ledger.entry import Attempt, CostSource, Paid
from router.ledger.rows import COLUMNS, INSERTIONS, WIDTH, to_row
from router.ledger.schema import APPLICATION_ID, MIGRATIONS, VERSION, upgrade, version_of
from tests.fakes.ledger import a_refusal, an_entry


@pytest.fixture
def fresh() -> Iterator[sqlite3.Connection]:
    """An empty database in memory."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    yield connection
    connection.close()


def test_an_empty_file_is_brought_to_the_newest_version(fresh: sqlite3.Connection) -> None:
    """A new file has version 0 and afterwards the newest; doing it again changes nothing."""
    assert version_of(fresh) == 0
    upgrade(fresh)
    upgrade(fresh)
    assert version_of(fresh) == VERSION


def test_a_later_version_keeps_the_rows(fresh: sqlite3.Connection) -> None:
    """Only the steps that lack are taken, and what was recorded stays."""
    upgrade(fresh)
    fresh.execute(INSERTIONS[1], to_row(an_entry()))
    upgrade(fresh, (*MIGRATIONS, ("ALTER TABLE request ADD COLUMN later TEXT",)))

    assert fresh.execute("PRAGMA user_version").fetchone() == (VERSION + 1,)
    assert fresh.execute("SELECT count(*), count(later) FROM request").fetchone() == (1, 0)


def test_a_step_that_fails_leaves_the_old_version(fresh: sqlite3.Connection) -> None:
    """A migration is done whole or not at all."""
    upgrade(fresh)
    broken = (*MIGRATIONS, ("CREATE TABLE half (a)", "CREATE TABLE request (a)"))

    with pytest.raises(sqlite3.OperationalError):
        upgrade(fresh, broken)
    assert version_of(fresh) == VERSION
    assert fresh.execute("SELECT count(*) FROM sqlite_master WHERE name = 'half'").fetchone() == (0,)


def test_a_newer_file_is_refused(fresh: sqlite3.Connection) -> None:
    """A ledger of a newer tierwise is refused in words that name both versions."""
    fresh.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    fresh.execute(f"PRAGMA user_version = {VERSION + 1}")

    with pytest.raises(LedgerUnavailable, match=f"schema {VERSION + 1}; this one knows {VERSION}") as refusal:
        version_of(fresh)
    assert "Upgrade" in refusal.value.fix


@pytest.mark.parametrize("mark", ["CREATE TABLE customers (a)", "PRAGMA application_id = 7", "PRAGMA user_version = 3"])
def test_a_foreign_file_is_refused(fresh: sqlite3.Connection, mark: str) -> None:
    """Another program's database is refused."""
    fresh.execute(mark)

    with pytest.raises(LedgerUnavailable, match="another program"):
        version_of(fresh)


def test_attempts_can_be_queried(fresh: sqlite3.Connection) -> None:
    """The view `attempt` has one row a call, numbered from 1."""
    upgrade(fresh)
    calls = (
        Attempt(upstream="a", provider="p", ending="timeout", latency_ms=1.5, ambiguous=True),
        Attempt(upstream="b", provider="q", ending="answered", status=200),
    )
    fresh.execute(INSERTIONS[1], to_row(an_entry(request_id="r", attempts=calls)))
    fresh.execute(INSERTIONS[1], to_row(a_refusal()))

    rows = fresh.execute("SELECT request_id, number, upstream, provider, ending, status, latency_ms FROM attempt")
    assert rows.fetchall() == [("r", 1, "a", "p", "timeout", None, 1.5), ("r", 2, "b", "q", "answered", 200, 0.0)]
    assert fresh.execute("SELECT ambiguous FROM attempt").fetchall() == [(1,), (0,)]


def test_money_can_be_read_by_people(fresh: sqlite3.Connection) -> None:
    """The view `request_usd` shows exact USD, a negative saving as such, and nothing where nothing is known."""
    upgrade(fresh)
    for cost, baseline in (("0.000123456789", "12.5"), ("2", "0.25"), (None, "1")):
        paid = None if cost is None else Decimal(cost)
        fresh.execute(INSERTIONS[1], to_row(an_entry(cost=paid, baseline_cost=Decimal(baseline))))

    assert fresh.execute("SELECT cost_usd, baseline_cost_usd, saving_usd FROM request_usd").fetchall() == [
        ("0.000123456789", "12.500000000000", "12.499876543211"),
        ("2.000000000000", "0.250000000000", "-1.750000000000"),
        (None, "1.000000000000", None),
    ]


def test_an_old_file_learns_rates(fresh: sqlite3.Connection) -> None:
    """Rows from before have none; later ones show them beside each attempt, a broken answer its own."""
    upgrade(fresh, MIGRATIONS[:2])
    old = ", ".join(COLUMNS.split(", ")[:-1])
    fresh.execute(f"INSERT INTO request ({old}) VALUES ({', '.join('?' * (WIDTH - 1))})", to_row(an_entry())[:-1])
    upgrade(fresh)
    paid = Paid(input_tokens=1, output_tokens=2, cost=Decimal("0.5"), cost_source=CostSource.COMPUTED, rates="first")
    calls = (
        Attempt(upstream="small", provider="p", ending="invalid", paid=paid),
        Attempt(upstream="away", provider="p", ending="unreachable"),
        Attempt(upstream="large", provider="q", ending="answered", status=200),
    )
    fresh.execute(INSERTIONS[1], to_row(an_entry(request_id="r", upstream="large", attempts=calls, rates="last")))

    shown = fresh.execute("SELECT upstream, cost_usd, rates FROM attempt").fetchall()
    assert shown == [("small", None, None), ("small", "0.5", "first"), ("away", None, None), ("large", None, "last")]
    assert fresh.execute("SELECT rates FROM request_usd").fetchall() == [(None,), ("last",)]
