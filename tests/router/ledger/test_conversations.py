"""Kept responses in SQLite: chains, callers, time, room."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from router.errors import LedgerUnavailable
from router.ledger.conversation import ConversationTooLarge, KeptResponse
from router.ledger.conversations import Bounds, SqliteConversations
from router.ledger.sqlite import SqliteLedger
from tests.fakes.values import NOW

FIRST = KeptResponse(id="resp_1", caller="me", at=NOW, previous=None, items=b'["one"]', response=b'{"n":1}')
SECOND = replace(FIRST, id="resp_2", previous="resp_1", items=b'["two"]')
THIRD = replace(FIRST, id="resp_3", previous="resp_2", items=b'["three"]')


@dataclass
class Clock:
    """A wall clock that is set by hand."""

    at: datetime = NOW

    def __call__(self) -> datetime:
        return self.at


@dataclass
class Place:
    """A store, its file and its clock."""

    store: SqliteConversations
    path: Path
    clock: Clock


async def opened(path: Path, **bounds: object) -> Place:
    """Return a store in a ledger's file."""
    ledger = SqliteLedger.open(path)
    await ledger.close()
    clock = Clock()
    return Place(SqliteConversations(path, Bounds(**bounds), clock), path, clock)


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    """Return a store that keeps for a day."""
    place = await opened(tmp_path / "ledger.db", keep=timedelta(days=1), conversation_bytes=60)
    yield place
    await place.store.close()


def rows(place: Place) -> int:
    """Return how many responses the file has."""
    with sqlite3.connect(place.path) as connection:
        (count,) = connection.execute("SELECT count(*) FROM response").fetchone()
    connection.close()
    return count


async def test_a_chain_comes_back_oldest_first(place: Place) -> None:
    """Whole, and from any of its responses on."""
    for kept in (FIRST, SECOND, THIRD):
        await place.store.keep(kept)

    assert await place.store.chain("resp_3", "me") == (FIRST, SECOND, THIRD)
    assert await place.store.chain("resp_1", "me") == (FIRST,)
    assert await place.store.find("resp_2", "me") == SECOND


async def test_responses_are_their_callers(place: Place) -> None:
    """Another caller finds, continues and removes nothing."""
    await place.store.keep(FIRST)

    assert await place.store.find("resp_1", "you") is None
    assert await place.store.chain("resp_1", "you") is None
    assert not await place.store.remove("resp_1", "you")
    assert await place.store.find("resp_1", "me") == FIRST


async def test_a_chain_does_not_cross_callers(place: Place) -> None:
    """A response that names another caller's as its previous one has no chain."""
    await place.store.keep(FIRST)
    await place.store.keep(replace(SECOND, caller="you"))

    assert await place.store.chain("resp_2", "you") is None


async def test_what_is_removed_is_gone_from_the_file(place: Place) -> None:
    """It is not found, what continued it has no chain any more, and its bytes are overwritten."""
    await place.store.keep(replace(FIRST, items=b'["canary-7391"]'))
    await place.store.keep(SECOND)

    assert await place.store.remove("resp_1", "me")
    assert not await place.store.remove("resp_1", "me")
    assert await place.store.find("resp_1", "me") is None
    assert await place.store.chain("resp_2", "me") is None
    assert await place.store.find("resp_2", "me") == SECOND
    await place.store.close()
    with sqlite3.connect(place.path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    connection.close()
    assert b"canary-7391" not in place.path.read_bytes()


async def test_what_has_expired_is_not_found_and_is_deleted(place: Place) -> None:
    """From the moment on that it expires, whether or not it was deleted already."""
    await place.store.keep(FIRST)

    place.clock.at = NOW + timedelta(hours=23)
    await place.store.sweep()
    assert await place.store.find("resp_1", "me") == FIRST
    place.clock.at = NOW + timedelta(days=1)
    assert await place.store.find("resp_1", "me") is None
    assert await place.store.chain("resp_1", "me") is None
    assert not await place.store.remove("resp_1", "me")
    assert rows(place) == 1
    await place.store.sweep()
    assert rows(place) == 0


async def test_what_is_continued_lives_as_long_as_what_continues_it(place: Place) -> None:
    """A conversation does not lose its beginning while it goes on."""
    await place.store.keep(FIRST)
    place.clock.at = NOW + timedelta(hours=20)
    later = replace(SECOND, at=place.clock.at)
    await place.store.keep(later)

    place.clock.at = NOW + timedelta(hours=43)
    await place.store.sweep()
    assert await place.store.chain("resp_2", "me") == (FIRST, later)


async def test_the_oldest_go_where_there_is_no_room(tmp_path: Path) -> None:
    """What is left fits; the newest are left."""
    place = await opened(tmp_path / "ledger.db", total_bytes=40_000)
    for number in range(450):
        kept = replace(FIRST, id=f"resp_{number}", at=NOW + timedelta(seconds=number), items=b"[" + b" " * 190 + b"]")
        await place.store.keep(kept)

    await place.store.sweep()

    size = len(FIRST.response) + 192
    assert rows(place) == 40_000 // size
    assert await place.store.find("resp_449", "me") is not None
    assert await place.store.find("resp_0", "me") is None
    await place.store.close()


@pytest.mark.parametrize(
    ("wanted", "left"),
    [
        ({"alice": 60, "bob": 3}, {"alice": 17, "bob": 3}),
        ({"bob": 9, "alice": 60, "carol": 2}, {"alice": 9, "bob": 9, "carol": 2}),
        ({"bob": 30, "alice": 60, "carol": 2}, {"alice": 9, "bob": 9, "carol": 2}),
        ({"alice": 15, "bob": 5}, {"alice": 15, "bob": 5}),
    ],
)
async def test_one_caller_does_not_push_the_others_out(tmp_path: Path, wanted: dict, left: dict) -> None:
    """Who holds less than a fair share keeps all of it, however old; who holds more keeps his newest."""
    place = await opened(tmp_path / "ledger.db", total_bytes=20 * 100)
    kept = replace(FIRST, items=b"[" + b" " * (98 - len(FIRST.response)) + b"]")
    names = {caller: [f"resp_{caller}_{number}" for number in range(count)] for caller, count in wanted.items()}
    for age, caller in enumerate(sorted(names, reverse=True)):
        for name in names[caller]:
            await place.store.keep(replace(kept, id=name, caller=caller, at=NOW + timedelta(seconds=age)))

    await place.store.sweep()

    for caller, count in left.items():
        found = [name for name in names[caller] if await place.store.find(name, caller) is not None]
        assert found == names[caller][-count:]
    assert rows(place) == 20
    await place.store.close()


async def test_a_conversation_has_a_bound(place: Place) -> None:
    """One that is larger than a request may be is refused with both numbers, though each of its responses is found."""
    for kept in (FIRST, SECOND, THIRD, replace(FIRST, id="resp_4", previous="resp_3", items=b'["' + b"x" * 40 + b'"]')):
        await place.store.keep(kept)

    with pytest.raises(ConversationTooLarge, match="at most 60"):
        await place.store.chain("resp_4", "me")
    assert await place.store.find("resp_4", "me") is not None


async def test_it_survives_a_restart(place: Place) -> None:
    """What was kept is there for the next process; several may use the file."""
    other = SqliteConversations(place.path, Bounds(), place.clock)
    await place.store.keep(FIRST)
    assert await other.chain("resp_1", "me") == (FIRST,)
    await place.store.close()
    await place.store.close()

    assert await other.chain("resp_1", "me") == (FIRST,)
    await other.close()


async def test_a_store_that_cannot_be_used_says_so_and_recovers(place: Place) -> None:
    """A file that is away is LedgerUnavailable; once it is back, it is used again."""
    away = place.path.with_suffix(".away")
    place.path.rename(away)
    with pytest.raises(LedgerUnavailable):
        await place.store.keep(FIRST)
    away.rename(place.path)

    await place.store.keep(FIRST)

    assert await place.store.find("resp_1", "me") == FIRST
    await place.store.close()
    with pytest.raises(LedgerUnavailable, match="closed"):
        await place.store.find("resp_1", "me")


async def test_the_background_deletes(place: Place) -> None:
    """Once started, it sweeps at once."""
    await place.store.keep(FIRST)
    place.clock.at = NOW + timedelta(days=2)

    place.store.start()

    for _ in range(1000):
        if rows(place) == 0:
            break
        await asyncio.sleep(0.01)
    assert rows(place) == 0
