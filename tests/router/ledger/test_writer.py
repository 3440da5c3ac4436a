"""The writer: all or none of a batch, and on again by itself once the trouble is over."""

import resource
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from router.errors import LedgerUnavailable
from router.ledger.query import entries
from router.ledger.rows import Row, to_row
from router.ledger.writer import Writer
from tests.fakes.ledger import an_entry


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the ledger is."""
    return tmp_path / "ledger.db"


@pytest.fixture
def writer(path: Path) -> Iterator[Writer]:
    """An open writer."""
    writer = Writer(path, "process")
    writer.open()
    yield writer
    writer.close()


def _rows(count: int) -> list[Row]:
    return [to_row(an_entry()) for _ in range(count)]


def _kept(path: Path) -> list[str]:
    return [entry.request_id for entry in entries(path)]


def _ids(rows: list[Row]) -> list[str]:
    return [str(row[0]) for row in rows]


@contextmanager
def _locked(path: Path) -> Iterator[sqlite3.Connection]:
    """Hold the write lock as another program would."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield other


@pytest.mark.parametrize("count", [1, 2, 3, 63, 64, 65, 127, 200])
def test_a_batch_of_any_size_is_kept_in_order(writer: Writer, path: Path, count: int) -> None:
    """However many rows come together, each is written once, in order."""
    rows = _rows(count)
    writer.write(rows)

    assert _kept(path) == _ids(rows)
    assert writer.rows_since_checkpoint == count


@pytest.mark.parametrize("count", [1, 3])
def test_a_lock_is_waited_for(writer: Writer, path: Path, count: int) -> None:
    """A write waits while another process holds the lock, as one statement and as several."""
    rows = _rows(count)
    with _locked(path) as other:
        waiting = threading.Thread(target=writer.write, args=(rows,))
        waiting.start()
        time.sleep(0.3)
        assert _kept(path) == []
        other.execute("ROLLBACK")
        waiting.join()

    assert _kept(path) == _ids(rows)


@pytest.mark.parametrize("count", [1, 3])
def test_trying_waits_for_nothing(writer: Writer, path: Path, count: int) -> None:
    """While another process holds the lock, try_write returns False at once with nothing written; then it works."""
    rows = _rows(count)
    with _locked(path):
        began = time.monotonic()
        assert writer.try_write(rows) is False
        assert time.monotonic() - began < 1
    assert _kept(path) == []

    assert writer.try_write(rows) is True
    assert _kept(path) == _ids(rows)


@pytest.mark.slow
def test_a_lock_that_stays_is_an_error_and_passes(writer: Writer, path: Path) -> None:
    """After five seconds of waiting the write fails as unavailable; when the lock is gone the next one succeeds."""
    with _locked(path), pytest.raises(LedgerUnavailable, match="another process keeps it locked"):
        writer.write(_rows(1))
    rows = _rows(2)
    writer.write(rows)

    assert _kept(path) == _ids(rows)


def test_a_full_disk_is_an_error_and_passes(writer: Writer, path: Path) -> None:
    """With no page left a batch is refused whole; with room again the next is kept, and the file is sound."""
    before = _rows(20)
    writer.write(before)
    writer.close()
    connection = writer.open()  # the writer's own: the limit is one of the connection
    connection.execute("PRAGMA max_page_count = 12")

    for attempt in (writer.write, writer.try_write):
        with pytest.raises(LedgerUnavailable, match="the disk is full") as refusal:
            attempt(_rows(100))
        assert "Free disk space" in refusal.value.fix
    assert _kept(path) == _ids(before)

    connection.execute("PRAGMA max_page_count = 100000")
    after = _rows(100)
    writer.write(after)
    assert _kept(path) == _ids(before + after)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


LIMITED = """
import resource, signal, sys
from pathlib import Path
from router.errors import LedgerUnavailable
from router.ledger.rows import to_row
from router.ledger.writer import Writer
from tests.fakes.ledger import an_entry

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
writer = Writer(Path(sys.argv[1]), "process")
writer.open()
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
kept = refused = 0
while not refused:
    try:
        writer.write([to_row(an_entry(request_id=f"before-{kept}"))])
        kept += 1
    except LedgerUnavailable as error:
        refused += 1
        print(error.message)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
writer.write([to_row(an_entry(request_id="after"))])
print(kept)
writer.close()
"""


@pytest.mark.skipif(resource.getrlimit(resource.RLIMIT_FSIZE)[1] != resource.RLIM_INFINITY, reason="files are limited")
def test_a_disk_that_refuses_to_write_is_an_error_and_passes(path: Path) -> None:
    """When the system refuses the write itself, the row is refused, every earlier one stays, and the next is kept."""
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(path)], capture_output=True, text=True, check=False, cwd=Path.cwd()
    )
    assert done.returncode == 0, done.stderr
    message, kept = done.stdout.splitlines()

    assert "cannot be written: the disk fails or is full" in message
    assert _kept(path) == [*(f"before-{n}" for n in range(int(kept))), "after"]
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_file_that_is_gone_is_an_error(writer: Writer, path: Path) -> None:
    """Rows are not written into a file that nobody can find; put back, it is used again."""
    writer.write(_rows(1))
    path.rename(path.with_name("moved.db"))
    for attempt in (writer.write, writer.try_write):
        with pytest.raises(LedgerUnavailable, match="moved or deleted"):
            attempt(_rows(1))
    path.with_name("moved.db").rename(path)
    writer.write(_rows(1))

    assert len(_kept(path)) == 2


def test_a_closed_writer_opens_again(writer: Writer, path: Path) -> None:
    """After close, which may be called twice, trying asks for patience and writing opens the file anew."""
    writer.close()
    writer.close()
    assert writer.try_write(_rows(1)) is False
    writer.write(_rows(1))

    assert len(_kept(path)) == 1


def test_a_checkpoint_empties_the_log(writer: Writer, path: Path) -> None:
    """After a checkpoint the log is written from its start again: it does not grow."""
    log = path.with_name("ledger.db-wal")
    sizes = []
    for _ in range(4):
        writer.write(_rows(200))
        writer.checkpoint()
        sizes.append(log.stat().st_size)

    assert writer.rows_since_checkpoint == 0
    assert sizes[-1] < 2 * sizes[0]
    assert len(_kept(path)) == 800


def test_a_reader_does_not_hold_up_a_checkpoint(writer: Writer, path: Path) -> None:
    """A checkpoint beside a long reader ends soon and loses nothing."""
    writer.write(_rows(10))
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM request").fetchone()
        writer.write(_rows(10))
        began = time.monotonic()
        writer.checkpoint()
        assert time.monotonic() - began < 2
        writer.write(_rows(10))
        assert reader.execute("SELECT count(*) FROM request").fetchone() == (10,)

    assert len(_kept(path)) == 30


@pytest.mark.parametrize(("durability", "synchronous"), [("process", 1), ("power", 2)])
def test_durability_is_sqlites_synchronous(path: Path, durability: str, synchronous: int) -> None:
    """`process` leaves the moment of writing to the system, `power` waits for the disk."""
    writer = Writer(path, durability)
    connection = writer.open()

    assert connection.execute("PRAGMA synchronous").fetchone() == (synchronous,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    writer.close()


def test_many_may_open_a_new_file_at_once(path: Path) -> None:
    """Several openers of a file that does not exist yet all succeed, and it has one schema."""
    writers = [Writer(path, "process") for _ in range(6)]
    threads = [threading.Thread(target=writer.open) for writer in writers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for writer in writers:
        writer.write(_rows(1))
        writer.close()

    assert len(_kept(path)) == 6
