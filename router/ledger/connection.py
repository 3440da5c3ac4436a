"""How the ledger's SQLite file is made, opened and recognised, and what its errors mean to an operator."""

import contextlib
import os
import sqlite3
import time
from pathlib import Path

from router.errors import LedgerUnavailable
from router.ledger.schema import version_of

BUSY_SECONDS = 5.0
"""How long a statement waits for another process's write lock."""

FILE_ALONE = "ro&immutable=1"
"""The mode that reads the file and nothing beside it: without locks, without a log, and nothing is made for it."""

_CHECKED_BYTES = 16 * 1024 * 1024
_CACHED_STATEMENTS = 32
_ENDS = (  # one statement each: SQLite reads the whole table for two of these at once
    "SELECT min(id) FROM request",
    "SELECT max(id) FROM request",
    "SELECT min(decision_id) FROM request",
    "SELECT max(decision_id) FROM request",
)

_PROBLEMS = {
    "SQLITE_BUSY": (
        "another process keeps it locked",
        "End the program that holds the ledger's file open for writing.",
    ),
    "SQLITE_CANTOPEN": ("it cannot be opened", "Check that the folder exists and that tierwise may write there."),
    "SQLITE_CORRUPT": ("the file is damaged", "Move it away (keep it: most rows can be read), then start again."),
    "SQLITE_FULL": ("the disk is full", "Free disk space; tierwise goes on by itself."),
    "SQLITE_IOERR": (
        "the disk fails or is full",
        "Look at the disk that ledger.path is on; tierwise goes on by itself.",
    ),
    "SQLITE_NOTADB": (
        "the file is not a database; it was left untouched",
        "Move it away, or name another in ledger.path.",
    ),
    "SQLITE_READONLY": ("it is read-only", "Give tierwise the right to write the file and its folder."),
}
_NAMES = {getattr(sqlite3, name): name for name in _PROBLEMS}


def kind_of(error: sqlite3.Error) -> str:
    """Return SQLite's primary name of an error, such as SQLITE_FULL; empty where SQLite did not raise it."""
    return _NAMES.get(getattr(error, "sqlite_errorcode", 0) & 0xFF, "")


def translate(error: sqlite3.Error, where: str) -> LedgerUnavailable:
    """Return what the operator should read instead of `error`; `where` begins the sentence. Holds no row's content."""
    problem, fix = _PROBLEMS.get(kind_of(error), (getattr(error, "sqlite_errorname", type(error).__name__), None))
    return LedgerUnavailable(f"{where}: {problem}.", fix=fix)


def create(path: Path) -> None:
    """Make the file and the folders that lack, for their owner only (0600, 0700). OSError where that is not allowed."""
    refuse_folder(path)
    missing = [folder for folder in path.absolute().parents if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(mode=0o700, exist_ok=True)
    # An existing file is never opened here: closing it would drop the locks that SQLite holds on it in this process.
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def refuse_folder(path: Path) -> None:
    """Raise LedgerUnavailable where a folder is in the file's place."""
    if path.is_dir():
        raise LedgerUnavailable(f"The ledger '{path}' is a folder.", fix="Name a file in it: ledger.path or --ledger.")


def connect(path: Path, mode: str) -> sqlite3.Connection:
    """Open an existing file, `mode` ro, rw or FILE_ALONE, in autocommit mode; the connection may change threads."""
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=_CACHED_STATEMENTS,
    )


def inspect(path: Path, mode: str = "ro") -> int:
    """Return the schema version of an existing file without changing it, 0 when it is empty.

    LedgerUnavailable for another program's database or a newer tierwise's; sqlite3.DatabaseError for a damaged one.
    Files up to 16 MiB are checked whole (quick_check took 4.5 ms a MB), larger ones at both ends of table and index.
    """
    with contextlib.closing(connect(path, mode)) as connection:
        version = version_of(connection)
        if version == 0:
            return 0
        if path.stat().st_size <= _CHECKED_BYTES:
            (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            if verdict != "ok":
                problem, fix = _PROBLEMS["SQLITE_CORRUPT"]
                raise LedgerUnavailable(f"The ledger '{path}' cannot be opened: {problem}.", fix=fix)
        else:
            for end in _ENDS:
                connection.execute(end).fetchone()
        return version


def enter_wal(connection: sqlite3.Connection) -> None:
    """Switch the file to write-ahead logging, so that readers and the writer do not wait for each other."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        except sqlite3.OperationalError as error:
            # The switch ignores the busy time-out while another process is making the same switch.
            if kind_of(error) != "SQLITE_BUSY" or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
            continue
        if mode != "wal":
            raise LedgerUnavailable(
                "The ledger's file system does not support write-ahead logging (a network share?).",
                fix="Name a place on a local disk in ledger.path.",
            )
        return
