"""Kept responses in the ledger's SQLite file, in a table of their own. One thread does all of it, so nobody waits.

What is deleted is overwritten in the file (secure_delete), though not in a copy or in the file system's own journal.
"""

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from router.errors import LedgerUnavailable
from router.ledger.connection import connect, translate
from router.ledger.conversation import ConversationTooLarge, KeptResponse
from router.ledger.rows import to_instant

SWEEP_SECONDS = 600.0
"""How often what has expired, and what is too much, is deleted."""

_AT_ONCE = 200
"""Responses deleted in one transaction: the write lock is held for no longer than that takes."""

_PARTS = 16
"""What is kept between two sweeps is at most such a part of what may be kept at all."""

_LOG_BYTES = 32 * 1024 * 1024
"""Written bytes after which the write-ahead log is emptied; the ledger counts its own rows alone."""

_LONGEST_CHAIN = 5_000

_SLACK = 30
"""What is continued is kept longer by such a part of its time than what continues it: a change of one column rewrites
a row with all that it holds, and so that is done once a day and not for every turn of a conversation."""

_COLUMNS = "response_id, caller, at, previous, items, response"
_INSERT = f"INSERT OR REPLACE INTO response ({_COLUMNS}, expires, bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
_CHAIN = f"""
WITH RECURSIVE chain (id, parent, size, depth) AS (
  SELECT response_id, previous, bytes, 0 FROM response WHERE response_id = :id AND caller = :caller AND expires > :now
  UNION ALL
  SELECT response_id, previous, bytes, depth + 1 FROM response JOIN chain
  ON response_id = parent
  WHERE caller = :caller AND expires > :now AND depth < {_LONGEST_CHAIN}
)
"""  # noqa: S608  # constants
_SIZE = _CHAIN + "SELECT coalesce(sum(size), 0) FROM chain"  # noqa: S608
_READ = _CHAIN + f"SELECT {_COLUMNS} FROM response JOIN chain ON response_id = id ORDER BY depth DESC"  # noqa: S608
_PROLONG = (
    _CHAIN  # noqa: S608
    + "UPDATE response SET expires = :later WHERE response_id IN (SELECT id FROM chain) AND expires < :until"
)
_REMOVE = "DELETE FROM response WHERE response_id = ? AND caller = ? AND expires > ?"
_EXPIRE = f"DELETE FROM response WHERE rowid IN (SELECT rowid FROM response WHERE expires <= ? LIMIT {_AT_ONCE})"  # noqa: S608
_OLDEST = (  # as many of a caller's oldest as make room, and not one more
    "DELETE FROM response WHERE rowid IN (SELECT rowid FROM ("  # noqa: S608
    "SELECT rowid, sum(bytes) OVER (ORDER BY expires, rowid) - bytes AS before FROM response WHERE caller = ?"
    f") WHERE before < ? ORDER BY before LIMIT {_AT_ONCE})"
)
_FIND = f"SELECT {_COLUMNS} FROM response WHERE response_id = ? AND caller = ? AND expires > ?"  # noqa: S608
_HELD = "SELECT sum(bytes) AS held, caller FROM response GROUP BY caller ORDER BY held"

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How long a response is kept, how many bytes all have together, and how many a conversation that is continued."""

    keep: timedelta = timedelta(days=30)
    total_bytes: int = 1024 * 1024 * 1024
    conversation_bytes: int = 10 * 1024 * 1024


class SqliteConversations:
    """Keeps responses for a while, and no more of them than fit: the oldest of who holds most go first.

    Who holds less than an equal part of the room loses nothing to others. Used from one event loop; several processes
    may share the file.
    """

    def __init__(self, path: Path, bounds: Bounds, now: Callable[[], datetime]) -> None:
        """Keep them in the ledger at `path`, which must be open already; `now` is the aware wall clock."""
        self._path = path
        self._bounds = bounds
        self._now = now
        self._connection: sqlite3.Connection | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="conversations")
        self._sweeper: asyncio.Task[None] | None = None
        self._closed = False
        self._logged = 0
        self._unswept = 0
        self._full = asyncio.Event()

    def start(self) -> None:
        """Begin to delete in the background what has expired: now, and every SWEEP_SECONDS."""
        self._sweeper = asyncio.create_task(self._sweep_on())

    async def keep(self, kept: KeptResponse) -> None:
        """Return once `kept` is committed; LedgerUnavailable when that is impossible."""
        await self._do(lambda connection: self._insert(connection, kept))
        self._unswept += len(kept.items) + len(kept.response)
        if self._unswept > self._bounds.total_bytes // _PARTS:
            self._unswept = 0
            self._full.set()

    async def find(self, response_id: str, caller: str) -> KeptResponse | None:
        """Return a response; None when it is not there (any more)."""
        named = (response_id, caller, to_instant(self._now()))
        row = await self._do(lambda connection: connection.execute(_FIND, named).fetchone())
        return None if row is None else _kept(row)

    async def chain(self, response_id: str, caller: str) -> tuple[KeptResponse, ...] | None:
        """Return a response and what it continues, oldest first; None when one of them is not there (any more)."""
        return await self._do(lambda connection: self._read(connection, response_id, caller))

    async def remove(self, response_id: str, caller: str) -> bool:
        """Forget a response; False when it is not there."""
        row = (response_id, caller, to_instant(self._now()))
        return await self._do(lambda connection: connection.execute(_REMOVE, row).rowcount > 0)

    async def sweep(self) -> None:
        """Delete what has expired, then the oldest of who holds too much, a few at a time."""
        for delete in (self._expire, self._shrink):
            deleted = True
            while deleted:
                deleted = await self._do(delete)

    async def close(self) -> None:
        """Write what is under way and close the file. Safe to call twice."""
        self._closed = True
        if self._sweeper is not None:
            self._sweeper.cancel()
            await asyncio.wait([self._sweeper])
        await asyncio.to_thread(self._thread.shutdown)
        self._hang_up()

    async def _do(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        """Let the thread do `work` on the connection; LedgerUnavailable when it cannot be done."""
        if self._closed:
            raise LedgerUnavailable("The store of responses is closed.", fix="Start tierwise again.")
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._work, work)

    def _work(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        """Do `work`, on a new connection where the last one failed. Runs in the thread."""
        try:
            if self._connection is None:
                self._connection = connect(self._path, "rw")
                self._connection.execute("PRAGMA secure_delete = ON").fetchall()
                self._connection.execute("PRAGMA wal_autocheckpoint = 0").fetchall()  # see Writer.checkpoint
            return work(self._connection)
        except sqlite3.Error as error:
            self._hang_up()
            raise translate(error, "The store of responses failed") from error

    def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):
                connection.close()

    def _insert(self, connection: sqlite3.Connection, kept: KeptResponse) -> None:
        """Insert one, and let what it continues live as long."""
        until = to_instant(kept.at + self._bounds.keep)
        row = (kept.id, kept.caller, to_instant(kept.at), kept.previous, kept.items, kept.response)
        connection.execute("BEGIN IMMEDIATE")
        row_bytes = len(kept.items) + len(kept.response)
        connection.execute(_INSERT, (*row, until, row_bytes))
        if kept.previous is not None:
            now = to_instant(self._now())
            later = to_instant(kept.at + self._bounds.keep + self._bounds.keep / _SLACK)
            named = {"id": kept.previous, "caller": kept.caller, "now": now, "until": until, "later": later}
            connection.execute(_PROLONG, named)
        connection.execute("COMMIT")
        self._logged += row_bytes
        if self._logged > _LOG_BYTES:
            self._logged = 0
            connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()

    def _read(self, connection: sqlite3.Connection, response_id: str, caller: str) -> tuple[KeptResponse, ...] | None:
        """Read a chain from its first response on, unless a part of it is missing."""
        named = {"id": response_id, "caller": caller, "now": to_instant(self._now())}
        (size,) = connection.execute(_SIZE, named).fetchone()
        most = self._bounds.conversation_bytes
        if size > most:
            raise ConversationTooLarge(f"The conversation so far has {size:,} bytes; at most {most:,} can go on.")
        found = tuple(_kept(row) for row in connection.execute(_READ, named))
        return found if found and found[0].previous is None else None

    def _expire(self, connection: sqlite3.Connection) -> bool:
        """Delete some of what has expired; say whether there was something to delete."""
        return connection.execute(_EXPIRE, (to_instant(self._now()),)).rowcount > 0

    def _shrink(self, connection: sqlite3.Connection) -> bool:
        """Delete the oldest of who holds most if all are too much; say whether there was something to delete."""
        held = connection.execute(_HELD).fetchall()
        sizes = [size for size, _ in held]
        excess = sum(sizes) - self._bounds.total_bytes
        if excess <= 0:
            return False
        most, caller = held[-1]
        room = min(excess, most - _fair_share(sizes, self._bounds.total_bytes))
        return connection.execute(_OLDEST, (caller, room)).rowcount > 0

    async def _sweep_on(self) -> None:
        """Sweep every now and then; what fails is tried again the next time."""
        while True:
            with contextlib.suppress(LedgerUnavailable):
                await self.sweep()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SWEEP_SECONDS):
                    await self._full.wait()
            self._full.clear()


def _fair_share(sizes: Sequence[int], total: int) -> int:
    """Return what each may hold at most, so that all together hold `total` bytes; `sizes` ascend and are more.

    Who holds less than an equal part leaves the rest of it to the others.
    """
    share = 0
    for place, size in enumerate(sizes):
        share = total // (len(sizes) - place)
        if size > share:
            break
        total -= size
    return share


def _kept(row: tuple[Any, ...]) -> KeptResponse:
    """Return a row of _COLUMNS as a value."""
    name, caller, at, previous, items, response = row
    return KeptResponse(
        id=name, caller=caller, at=datetime.fromisoformat(at), previous=previous, items=items, response=response
    )
