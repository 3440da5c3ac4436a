"""The SQLite ledger: who commits, what a kill leaves behind, and several processes on one file."""

import asyncio
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from router.errors import LedgerUnavailable
from router.ledger.query import entries
from router.ledger.rows import Row
from router.ledger.sent import begin
from router.ledger.sqlite import (
    ALONE_SECONDS,
    CHECKPOINT_AT_LAST,
    CHECKPOINT_WHEN_QUIET,
    QUIET_SECONDS,
    SLOW_SECONDS,
    SqliteLedger,
)
from router.ledger.writer import Writer
from tests.fakes.ledger import an_entry


class WatchedWriter(Writer):
    """A writer that notes each batch (rows, name of the thread) and each checkpoint, and may take its time."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "process")
        self.batches: list[tuple[int, str]] = []
        self.checkpoints: list[str] = []
        self.delay = 0.0

    def write(self, rows: Sequence[Row]) -> None:
        self.batches.append((len(rows), threading.current_thread().name))
        super().write(rows)

    def try_write(self, rows: Sequence[Row]) -> bool:
        time.sleep(self.delay)
        written = super().try_write(rows)
        if written:
            self.batches.append((len(rows), threading.current_thread().name))
        return written

    def checkpoint(self) -> None:
        self.checkpoints.append(threading.current_thread().name)
        super().checkpoint()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the ledger is."""
    return tmp_path / "ledger.db"


@pytest.fixture
def writer(path: Path) -> WatchedWriter:
    """An open writer under watch; its ledger closes it."""
    writer = WatchedWriter(path)
    writer.open()
    return writer


def _kept(path: Path) -> list[str]:
    return [entry.request_id for entry in entries(path)]


async def _record(ledger: SqliteLedger, count: int) -> list[str]:
    """Record so many entries at once; return their ids."""
    batch = [an_entry() for _ in range(count)]
    await asyncio.gather(*(ledger.record(entry) for entry in batch))
    return [entry.request_id for entry in batch]


async def test_one_turn_is_one_commit(writer: WatchedWriter, path: Path) -> None:
    """A first entry is committed on the spot; those that come right behind it in one turn share a commit."""
    ledger, ids, found = SqliteLedger(writer, begin(path), on_loop=True), [], []
    for _ in range(20):  # on a busy machine a turn may take long enough for one more to come alone
        writer.batches.clear()
        ids += await _record(ledger, 5)
        found.append(list(writer.batches))
        await asyncio.sleep(ALONE_SECONDS * 2)
    await ledger.close()

    assert [(1, "MainThread"), (4, "MainThread")] in found
    assert {name for batches in found for _, name in batches} == {"MainThread"}
    assert _kept(path) == ids


async def test_an_entry_alone_is_kept_without_a_turn_of_the_loop(writer: WatchedWriter, path: Path) -> None:
    """Nobody waits for others that do not come."""
    ledger = SqliteLedger(writer, begin(path), on_loop=True)
    entry = an_entry()
    with pytest.raises(StopIteration):
        ledger.record(entry).send(None)
    assert _kept(path) == [entry.request_id]
    await ledger.close()


async def test_the_thread_takes_all_that_waits(writer: WatchedWriter, path: Path) -> None:
    """Without leave to commit on the loop, the thread commits, and what came in meanwhile is its next batch."""
    ledger = SqliteLedger(writer, begin(path), on_loop=False)
    first = asyncio.ensure_future(_record(ledger, 1))
    await asyncio.sleep(0.01)
    rest = await asyncio.gather(*(_record(ledger, 1) for _ in range(4)))
    ids = await first + [name for names in rest for name in names]
    await ledger.close()

    assert {name for _, name in writer.batches} == {"ledger"}
    assert len(writer.batches) < 5
    assert _kept(path) == ids


async def test_a_lock_does_not_stop_the_loop(writer: WatchedWriter, path: Path) -> None:
    """While another process holds the lock the loop goes on, records wait, and all are kept in order afterwards."""
    ledger = SqliteLedger(writer, begin(path), on_loop=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        waiting = [asyncio.ensure_future(_record(ledger, 1)) for _ in range(3)]
        turns, until = 0, time.monotonic() + 0.3
        while time.monotonic() < until:
            await asyncio.sleep(0.005)
            turns += 1
            waiting.append(asyncio.ensure_future(_record(ledger, 1)))
        assert turns > 20
        assert not any(task.done() for task in waiting)
        other.execute("COMMIT")
    ids = [name for names in await asyncio.gather(*waiting) for name in names]
    assert _kept(path) == ids
    await _record(ledger, 1)
    await ledger.close()

    assert writer.batches[-1] == (1, "MainThread")


async def test_a_slow_disk_is_left_to_the_thread(writer: WatchedWriter, path: Path) -> None:
    """A commit that held the loop too long sends the next ones to the thread."""
    ledger = SqliteLedger(writer, begin(path), on_loop=True)
    writer.delay = SLOW_SECONDS * 1.5
    await _record(ledger, 1)
    await _record(ledger, 1)
    await ledger.close()

    assert writer.batches == [(1, "MainThread"), (1, "ledger")]
    assert len(_kept(path)) == 2


@pytest.mark.parametrize("on_loop", [True, False])
async def test_a_failure_reaches_all_who_wait_and_passes(writer: WatchedWriter, path: Path, on_loop: bool) -> None:
    """When a batch cannot be kept everyone in it hears why; the ledger works again once the cause is gone."""
    ledger = SqliteLedger(writer, begin(path), on_loop=on_loop)
    path.rename(path.with_name("moved.db"))  # noqa: ASYNC240  # a rename is no wait
    outcomes = await asyncio.gather(*(ledger.record(an_entry()) for _ in range(3)), return_exceptions=True)
    path.with_name("moved.db").rename(path)
    ids = await _record(ledger, 3)
    await ledger.close()

    assert [str(outcome) for outcome in outcomes] == [
        "The ledger cannot be written: its file was moved or deleted while in use."
    ] * 3
    assert all(isinstance(outcome, LedgerUnavailable) for outcome in outcomes)
    assert len(set(map(id, outcomes))) == 3
    assert _kept(path) == ids


async def test_the_log_is_emptied_in_a_quiet_moment(writer: WatchedWriter, path: Path) -> None:
    """After many rows, once it is quiet, the thread runs a checkpoint; few rows are left for later."""
    ledger = SqliteLedger(writer, begin(path), on_loop=True)
    await _record(ledger, CHECKPOINT_WHEN_QUIET - 1)
    await asyncio.sleep(QUIET_SECONDS * 2)
    assert writer.checkpoints == []
    await _record(ledger, 2)
    for _ in range(200):
        if not writer.checkpoints:
            await asyncio.sleep(QUIET_SECONDS)
    assert writer.checkpoints == ["ledger"]
    await _record(ledger, 1)
    await ledger.close()

    assert len(_kept(path)) == CHECKPOINT_WHEN_QUIET + 2


async def test_the_log_is_emptied_at_last_although_it_is_never_quiet(writer: WatchedWriter, path: Path) -> None:
    """Under load without a pause the log is emptied after so many rows, and nothing that waits for it is lost."""
    ledger = SqliteLedger(writer, begin(path), on_loop=True)
    ids: list[str] = []
    while len(ids) < CHECKPOINT_AT_LAST + 500:
        ids += await _record(ledger, 500)
    assert "ledger" in writer.checkpoints
    await ledger.close()

    assert _kept(path) == ids


async def test_a_process_that_starts_again_goes_on(path: Path) -> None:
    """Opening the same file again keeps what is there."""
    ids: list[str] = []
    for _ in range(2):
        ledger = SqliteLedger.open(path)
        ids += await _record(ledger, 2)
        await ledger.close()
        assert not path.with_name("ledger.db-wal").exists()

    assert _kept(path) == ids


RECORDER = """
import asyncio, itertools, os, sys
from pathlib import Path
from router.ledger.sqlite import SqliteLedger
from tests.fakes.ledger import an_entry

async def caller(ledger, name, numbers):
    for number in numbers:
        entry = an_entry(request_id=f"{name}-{number}")
        await ledger.record(entry)
        os.write(1, entry.request_id.encode() + b"\\n")

async def main(path, name, count):
    ledger = SqliteLedger.open(Path(path), sys.argv[4])
    numbers = itertools.count() if count == "for ever" else iter(range(int(count)))
    await asyncio.gather(*(caller(ledger, name, numbers) for _ in range(8)))
    await ledger.close()

asyncio.run(main(*sys.argv[1:4]))
"""


def _start(path: Path, name: str, count: str, durability: str = "process") -> "subprocess.Popen[bytes]":
    """Start a process that records entries and prints each id once it is recorded."""
    command = [sys.executable, "-c", RECORDER, str(path), name, count, durability]
    return subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path.cwd())


@pytest.mark.slow
@pytest.mark.parametrize("durability", ["process", "power"])
def test_a_kill_loses_nothing_that_was_recorded(path: Path, durability: str) -> None:
    """Killed (-9) ten times at random moments: every id that was told is in the file exactly once, and it is sound."""
    told: list[str] = []
    for run in range(10):
        recorder = _start(path, f"run{run}", "for ever", durability)
        assert recorder.stdout is not None
        told.append(recorder.stdout.readline().decode().strip())
        time.sleep(random.uniform(0, 0.2))
        recorder.send_signal(signal.SIGKILL)
        printed = recorder.stdout.read().decode()
        recorder.wait()
        recorder.stdout.close()
        told += printed[: printed.rfind("\n") + 1].split()

    kept = Counter(_kept(path))
    assert len(told) > 100
    assert [name for name in told if kept[name] != 1] == []
    assert max(kept.values()) == 1
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.slow
def test_two_processes_may_write_one_file(path: Path) -> None:
    """Two proxies on one file, started on a file that is not there yet, lose nothing and repeat nothing."""
    recorders = [_start(path, name, "3000") for name in ("left", "right")]
    told = [recorder.communicate(timeout=100)[0].decode().split() for recorder in recorders]

    assert [recorder.returncode for recorder in recorders] == [0, 0]
    assert [len(names) for names in told] == [3000, 3000]
    assert sorted(_kept(path)) == sorted(told[0] + told[1])
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
