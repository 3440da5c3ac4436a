"""The journal of calls that have left and have no row yet: a small file beside the ledger, one a process.

Before a call leaves, its intent is copied into a place of the file that the process has mapped into its memory; once
its row is committed, the place is free again. Neither waits for anything, nor is a system call: what was copied
survives the death of the process (kill -9 too) because the pages belong to the system. The death of the machine it
survives only if the system had written them out, whatever ledger.durability says: that is a promise about rows.

A row that the ledger did not take (its file was moved, the disk is full) goes into the place of its call, with what was
used and paid, until the ledger takes it: in this process, or at the next start.

A process holds a lock on its file while it lives. Whoever starts next to a file that nobody locks makes rows of what it
holds, and only then clears it: if it dies in between, the next one does the same, and a row that exists stays as it is.
"""

import contextlib
import fcntl
import glob
import logging
import mmap
import os
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from router.errors import LedgerUnavailable
from router.ledger.intent import Intent, decode, encode
from router.ledger.rows import DECISION_ID, Row, held_back, pack, unpack

PLACE_BYTES = 1024
"""One intent or row: a byte that says which, two with its length, then JSON, that of a row after its CRC-32."""

FIRST_PLACES = 512
"""Places of a new file; twice as many whenever all are taken."""

MOST_FILES = 1_000
"""Journals beside one ledger: one a process."""

_MAGIC = b"tierwise sent 1\n"
_HEAD = 3
_ROOM = PLACE_BYTES - _HEAD
_CHECK = 4
_FREE, _INTENT, _ROW = 0, 1, 2

_log = logging.getLogger("tierwise.ledger")


class Sent:
    """The journal of this process. Used from one thread at a time; `path` is the file that is locked."""

    __slots__ = ("_file", "_free", "_map", "_taken", "path", "unkept")

    def __init__(self, path: Path, file: int) -> None:
        """Begin an empty journal in an open, locked file; LedgerUnavailable when there is no room for it."""
        self.path = path
        self._file = file
        self._taken: dict[object, int] = {}
        self.unkept: dict[object, Row] = {}
        """The rows that the ledger did not take, by decision id."""
        try:
            os.ftruncate(file, 0)
            _reserve(file, 0, FIRST_PLACES * PLACE_BYTES)
        except OSError as error:
            raise _unavailable(path, error) from error
        self._map = mmap.mmap(file, FIRST_PLACES * PLACE_BYTES)
        self._map[: len(_MAGIC)] = _MAGIC
        self._free = [place * PLACE_BYTES for place in range(FIRST_PLACES - 1, 0, -1)]

    def intend(self, intent: Intent) -> None:
        """Keep that a call is about to leave, in place of an earlier one of the same request.

        LedgerUnavailable when there is no room left on the disk: then it must not leave.
        """
        data = encode(intent, _ROOM)
        at = self._free.pop() if self._free else self._grow()
        start = at + _HEAD
        self._map[at + 1 : start + len(data)] = len(data).to_bytes(2, "little") + data
        self._map[at] = _INTENT  # last: a place that is half written is none
        before = self._taken.get(intent.decision_id)
        self._taken[intent.decision_id] = at
        if before is not None:
            self._release(before)

    def settle(self, decision_id: object) -> None:
        """Forget a request that has its row now, if anything was sent for it."""
        at = self._taken.pop(decision_id, None)
        if at is not None:
            self._release(at)
            if self.unkept:
                self.unkept.pop(decision_id, None)

    def refuse(self, row: Row) -> bool:
        """Keep a row that the ledger did not take, in place of its call; False where nothing was sent for it.

        A later row of the same request replaces it.
        """
        before = self._taken.get(row[DECISION_ID])
        if before is None:
            return False
        row = held_back(row)
        data = pack(row, _ROOM - _CHECK)
        at = self._free.pop() if self._free else before  # never a larger file: the disk may be full
        start = at + _HEAD
        self._map[at] = _FREE
        self._map[at + 1 : start] = (_CHECK + len(data)).to_bytes(2, "little")
        self._map[start : start + _CHECK + len(data)] = zlib.crc32(data).to_bytes(_CHECK, "little") + data
        self._map[at] = _ROW
        if at != before:
            self._taken[row[DECISION_ID]] = at
            self._release(before)
        self.unkept[row[DECISION_ID]] = row
        return True

    def _release(self, at: int) -> None:
        self._map[at] = _FREE
        self._free.append(at)

    def _grow(self) -> int:
        """Double the file, and return one of the new places."""
        if self._file < 0:
            raise LedgerUnavailable("The ledger is closed.", fix="Start tierwise again.")
        size = len(self._map)
        try:
            _reserve(self._file, size, size)
            larger = mmap.mmap(self._file, 2 * size)  # not resize(), which only Linux has
        except OSError as error:
            raise _unavailable(self.path, error) from error
        self._map.close()
        self._map = larger
        self._free = list(range(2 * size - PLACE_BYTES, size, -PLACE_BYTES))
        return size

    def close(self) -> None:
        """Let go of the file, and delete it unless a row is still missing. Safe to call twice."""
        if self._file < 0:
            return
        if not self._taken:
            with contextlib.suppress(OSError):
                self.path.unlink()
        self._taken, self.unkept, self._free = {}, {}, []
        self._map.close()
        os.close(self._file)
        self._file = -1


def begin(ledger: Path) -> Sent:
    """Return this process's journal beside `ledger`: in the first file that nobody has and that holds nothing.

    LedgerUnavailable when none can be made.
    """
    for number in range(1, MOST_FILES + 1):
        path = _named(ledger, number)
        try:
            file = _locked(path, os.O_CREAT)
        except (IsADirectoryError, PermissionError) as error:
            if not path.exists():
                raise _unavailable(path, error) from error
            continue  # it is somebody else's
        except OSError as error:
            raise _unavailable(path, error) from error
        if file is None:
            continue
        if os.fstat(file).st_size and (not _ours(file) or next(_places(file), None) is not None):
            os.close(file)
            continue
        return Sent(path, file)
    raise LedgerUnavailable(
        f"There are {MOST_FILES} journals of calls under way beside the ledger already.",
        fix="End the other processes that write this ledger, or name another in ledger.path.",
    )


class Orphan:
    """The journal of a process that is gone, locked until `cleared` or `left`.

    `intents` are calls of which no more is known, `rows` are those that the ledger had not taken.
    """

    def __init__(self, path: Path, file: int) -> None:
        """Read it."""
        self._path = path
        self._file = file
        places = tuple(_places(file))
        self.intents = tuple(_intents(places))
        self.rows = tuple(_rows(places))

    def cleared(self) -> None:
        """Delete it: everything that it held has its row."""
        with contextlib.suppress(OSError):
            self._path.unlink()
        self.left()

    def left(self) -> None:
        """Let go of it as it is."""
        os.close(self._file)


def orphans(ledger: Path) -> Iterator[Orphan]:
    """Yield the journals beside `ledger` whose processes are gone. A file that is none of ours is left alone."""
    for path in sorted(ledger.parent.glob(f"{glob.escape(ledger.name)}.sent-*")):
        try:
            file = _locked(path, 0)
        except OSError as error:
            _log.warning("the journal %s cannot be read: %s", path.name, error.strerror)
            continue
        if file is None:
            continue
        if not os.fstat(file).st_size or _ours(file):
            yield Orphan(path, file)
        else:
            _log.warning("%s is not a journal of this version; it was left alone", path.name)
            os.close(file)


def _reserve(file: int, at: int, size: int) -> None:
    """Make room in a file, zeros: not a hole, for writing to one through a map ends the process on a full disk."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file, at, size)
    else:  # macOS has none
        os.pwrite(file, bytes(size), at)


def _named(ledger: Path, number: int) -> Path:
    return ledger.with_name(f"{ledger.name}.sent-{number}")


def _locked(path: Path, flags: int) -> int | None:
    """Open and lock a file; None where somebody else has it, or where it was deleted meanwhile."""
    try:
        file = os.open(path, os.O_RDWR | os.O_CLOEXEC | flags, 0o600)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if path.stat().st_ino == os.fstat(file).st_ino:
            return file
    except (BlockingIOError, FileNotFoundError):
        pass
    except BaseException:
        os.close(file)
        raise
    os.close(file)
    return None


def _ours(file: int) -> bool:
    """Whether a file begins as a journal does, or its process died before it could."""
    return os.pread(file, len(_MAGIC), 0) in (_MAGIC, b"\0" * len(_MAGIC))


def _places(file: int) -> Iterator[tuple[int, bytes]]:
    """Yield what stands in the places that are taken: whether it is an intent or a row, and the bytes."""
    for at in range(PLACE_BYTES, os.fstat(file).st_size, PLACE_BYTES):
        place = os.pread(file, PLACE_BYTES, at)
        if place and place[0] in (_INTENT, _ROW):
            yield place[0], place[_HEAD : _HEAD + int.from_bytes(place[1:_HEAD], "little")]


def _rows(places: Iterable[tuple[int, bytes]]) -> Iterator[Row]:
    """Yield the rows in a journal, as they were kept: one that was damaged since is none."""
    for kind, data in places:
        if kind == _ROW and zlib.crc32(data[_CHECK:]).to_bytes(_CHECK, "little") == data[:_CHECK]:
            row = unpack(data[_CHECK:])
            if row is not None:
                yield row


def _intents(places: Iterable[tuple[int, bytes]]) -> Iterator[Intent]:
    """Yield the intents in a journal: of each request the call that left last."""
    found: dict[str, Intent] = {}
    for kind, data in places:
        intent = decode(data) if kind == _INTENT else None
        if intent is None:
            continue
        known = found.get(intent.decision_id)
        if known is None or len(known.attempts) < len(intent.attempts):
            found[intent.decision_id] = intent
    yield from found.values()


def _unavailable(path: Path, error: OSError) -> LedgerUnavailable:
    return LedgerUnavailable(
        f"The journal of calls under way ('{path}') cannot be kept: {error.strerror}.",
        fix="Free disk space, or let tierwise write to the folder of ledger.path.",
    )
