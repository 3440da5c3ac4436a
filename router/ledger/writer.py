"""The one connection of this process that writes the ledger's file. Blocking: it belongs to one thread at a time."""

import contextlib
import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from router.errors import LedgerUnavailable
from router.ledger.connection import BUSY_SECONDS, connect, create, enter_wal, inspect, kind_of, translate
from router.ledger.rows import INSERTIONS, LARGEST_INSERTION, Row, flatten
from router.ledger.schema import VERSION, upgrade

Durability = Literal["process", "power"]
"""What a committed row survives: the death of the process, or also of the machine (one fsync a batch)."""

_CHECKPOINT_BUSY_SECONDS = 0.05
_KEEPS_CONNECTION = frozenset({"SQLITE_BUSY", "SQLITE_FULL"})


class Writer:
    """Writes batches of rows, each in one transaction."""

    def __init__(self, path: Path, durability: Durability) -> None:
        self._path = path
        self._synchronous = "FULL" if durability == "power" else "NORMAL"
        self._connection: sqlite3.Connection | None = None
        self._inode = -1
        self._patience = BUSY_SECONDS
        self.rows_since_checkpoint = 0

    def open(self) -> sqlite3.Connection:
        """Open or create the file and bring its schema up to date; LedgerUnavailable with the fix when impossible.

        Folders that lack are made for their owner only, and so is the file. A foreign or damaged file is not touched.
        """
        try:
            create(self._path)
            version = inspect(self._path)
            connection = connect(self._path, "rw")
            try:
                self._configure(connection, version)
                self._inode = self._path.stat().st_ino
            except BaseException:
                connection.close()
                raise
        except OSError as error:
            raise LedgerUnavailable(
                f"The ledger '{self._path}' cannot be made: {error.strerror}.",
                fix="Name a place in ledger.path (or TIERWISE_LEDGER) where tierwise may write.",
            ) from error
        except sqlite3.Error as error:
            raise translate(error, f"The ledger '{self._path}' cannot be opened") from error
        self._connection, self._patience = connection, BUSY_SECONDS
        return connection

    def write(self, rows: Sequence[Row]) -> None:
        """Commit `rows`, all or none; rows whose decision id is known already are skipped. Waits for other writers.

        LedgerUnavailable when that is impossible now; the next call tries afresh, with a new connection if need be.
        """
        connection = self._connection or self.open()
        self._wait_for_locks(connection, BUSY_SECONDS)
        self._commit(connection, rows)

    def try_write(self, rows: Sequence[Row]) -> bool:
        """Commit `rows` if nothing has to be waited for; return False, with nothing written, when something has.

        LedgerUnavailable as from `write`.
        """
        connection = self._connection
        if connection is None:
            return False
        self._wait_for_locks(connection, 0.0)
        try:
            self._commit(connection, rows)
        except LedgerUnavailable as error:
            if isinstance(error.__cause__, sqlite3.Error) and kind_of(error.__cause__) == "SQLITE_BUSY":
                return False
            raise
        return True

    def checkpoint(self) -> None:
        """Move the write-ahead log into the file, so that it is written from its start again.

        Skipped in silence where a reader or the disk forbids it. RESTART holds the write lock meanwhile. That keeps
        clear of the race between a checkpoint and a writer that resets the log, which loses pages in SQLite before
        3.51.3 when several processes share a file.
        """
        self.rows_since_checkpoint = 0
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._wait_for_locks(self._connection, _CHECKPOINT_BUSY_SECONDS)
                self._connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()

    def close(self) -> None:
        """Close the file. Safe to call twice."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):
                connection.close()

    def _configure(self, connection: sqlite3.Connection, version: int) -> None:
        """Set what lasts for the connection, write-ahead logging for the file, and the newest schema."""
        connection.execute("PRAGMA auto_vacuum = NONE")  # some builds default to FULL, which costs a page a commit
        enter_wal(connection)
        connection.execute(f"PRAGMA synchronous = {self._synchronous}")
        connection.execute("PRAGMA wal_autocheckpoint = 0")  # see checkpoint(): never while a request waits
        if version < VERSION:
            upgrade(connection)

    def _wait_for_locks(self, connection: sqlite3.Connection, seconds: float) -> None:
        """Set how long the next statements wait for another process's lock."""
        if seconds != self._patience:
            connection.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}")
            self._patience = seconds

    def _commit(self, connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
        """Insert `rows` in one transaction, or LedgerUnavailable."""
        self._require_file()
        try:
            _insert(connection, rows)
        except sqlite3.Error as error:
            self._recover(connection, error)
            raise translate(error, "The ledger cannot be written") from error
        self.rows_since_checkpoint += len(rows)

    def _require_file(self) -> None:
        """Raise LedgerUnavailable when the file was moved or deleted: SQLite would go on writing into nowhere."""
        try:
            inode = os.stat(self._path).st_ino  # noqa: PTH116  # once a batch: Path.stat costs twice as much
        except OSError:
            inode = -1
        if inode != self._inode:
            raise LedgerUnavailable(
                "The ledger cannot be written: its file was moved or deleted while in use.",
                fix="Put the file back, or restart tierwise to begin a new one.",
            )

    def _recover(self, connection: sqlite3.Connection, error: sqlite3.Error) -> None:
        """Roll back; give the connection up too unless the trouble passes by itself."""
        if connection.in_transaction:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
        if kind_of(error) not in _KEEPS_CONNECTION:
            self.close()


def _insert(connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
    """Insert `rows` in one transaction, by statements of 64, 32, 16 ... 1 rows.

    Few statements, because every sqlite3 step gives up the interpreter lock and must win it back from the event loop.
    A lone statement is its own transaction. It takes the write lock at once as BEGIN IMMEDIATE does, so that the busy
    time-out holds (a deferred BEGIN would ignore it).
    """
    whole = INSERTIONS.get(len(rows))
    if whole is not None:
        connection.execute(whole, flatten(rows))
        return
    connection.execute("BEGIN IMMEDIATE")
    start = 0
    for size in _sizes(len(rows)):
        connection.execute(INSERTIONS[size], flatten(rows[start : start + size]))
        start += size
    connection.execute("COMMIT")


def _sizes(count: int) -> list[int]:
    """Split `count` rows into powers of two, the largest first: few distinct statements, all kept prepared."""
    sizes = [LARGEST_INSERTION] * (count // LARGEST_INSERTION)
    return sizes + [1 << bit for bit in range(LARGEST_INSERTION.bit_length() - 2, -1, -1) if count >> bit & 1]
