"""Whether a start could open the ledger's file: found out without making or changing anything, for `tierwise check`."""

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

from router.errors import LedgerUnavailable
from router.ledger.connection import FILE_ALONE, inspect, refuse_folder, translate

_MAGIC = b"SQLite format 3\0"


def may_write(path: Path) -> bool:
    """Whether this process may write a file, or make files in a folder."""
    return os.access(path, os.W_OK | os.X_OK if path.is_dir() else os.W_OK)


def probe(path: Path, allowed: Callable[[Path], bool] = may_write) -> None:
    """Raise LedgerUnavailable, with the fix, where the ledger at `path` could not be opened or made.

    `allowed` says what may be written. Nothing is created, and no log of another process is touched.
    """
    refuse_folder(path)
    try:
        if path.exists():
            _require_ledger(path)
            wanted: tuple[Path, ...] = (path, path.absolute().parent)  # SQLite keeps its log beside the file
        else:
            wanted = (next(folder for folder in path.absolute().parents if folder.exists()),)
            if not wanted[0].is_dir():
                raise NotADirectoryError(0, "Not a directory")
    except OSError as error:
        raise _unmade(path, str(error.strerror)) from error
    except sqlite3.Error as error:
        raise translate(error, f"The ledger '{path}' cannot be opened") from error
    for one in wanted:
        if not allowed(one):
            raise _unmade(path, f"tierwise may not write '{one}'")


def _require_ledger(path: Path) -> None:
    """Look at an existing file as a start does; at its first bytes alone where a process works on it, or died so.

    Then the newest pages are in the log beside it, and the file by itself need not be sound.
    """
    log = path.with_name(f"{path.name}-wal")
    if not log.exists() or log.stat().st_size == 0:
        inspect(path, FILE_ALONE)
        return
    with path.open("rb") as file:
        begins = file.read(len(_MAGIC))
    if begins and begins != _MAGIC:
        raise LedgerUnavailable(
            f"The ledger '{path}' cannot be opened: the file is not a database.",
            fix="Move it away, or name another in ledger.path.",
        )


def _unmade(path: Path, reason: str) -> LedgerUnavailable:
    return LedgerUnavailable(
        f"The ledger '{path}' cannot be made or written: {reason}.",
        fix="Name a place in ledger.path (or TIERWISE_LEDGER) where tierwise may write.",
    )
