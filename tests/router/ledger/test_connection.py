"""The file: made for its owner only, recognised without being changed, and its errors in an operator's words."""

import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from router.errors import LedgerUnavailable
from router.ledger.connection import connect, create, inspect, kind_of, translate
from router.ledger.rows import INSERTIONS, flatten, to_row
from router.ledger.schema import VERSION, upgrade
from router.ledger.writer import Writer
from tests.fakes.ledger import an_entry


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_file_and_folders_are_their_owners(tmp_path: Path) -> None:
    """New folders are 0700 and the file 0600; a folder that was there keeps its mode."""
    tmp_path.chmod(0o755)
    path = tmp_path / "a" / "b" / "ledger.db"
    create(path)

    assert [_mode(tmp_path), _mode(path.parent.parent), _mode(path.parent), _mode(path)] == [0o755, 0o700, 0o700, 0o600]


def test_an_existing_file_is_left_as_it_is(tmp_path: Path) -> None:
    """Making a file that is there changes neither its content nor its mode."""
    path = tmp_path / "ledger.db"
    path.write_bytes(b"something")
    path.chmod(0o640)
    create(path)

    assert path.read_bytes() == b"something"
    assert _mode(path) == 0o640


def test_an_empty_file_is_a_new_ledger(tmp_path: Path) -> None:
    """A file without a byte has version 0."""
    create(tmp_path / "ledger.db")
    assert inspect(tmp_path / "ledger.db") == 0


def _ledger(path: Path, rows: int) -> None:
    """Make a sound ledger with so many rows, its log folded into the file."""
    writer = Writer(path, "process")
    writer.open()
    writer.write([to_row(an_entry()) for _ in range(rows)])
    writer.close()


def _text(path: Path) -> None:
    path.write_text("provider: openai\n", encoding="utf-8")


def _truncated(path: Path) -> None:
    _ledger(path, 200)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _scribbled(path: Path) -> None:
    _ledger(path, 200)
    content = bytearray(path.read_bytes())
    content[8 * 4096 : 20 * 4096] = b"\xa5" * (12 * 4096)
    path.write_bytes(bytes(content))


def _foreign(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE customers (name TEXT)")
        other.commit()


BROKEN = {
    "text": (_text, "not a database"),
    "cut in half": (_truncated, "damaged"),
    "overwritten in its middle": (_scribbled, "damaged"),
    "another program's": (_foreign, "another program"),
}


@pytest.mark.parametrize(("spoil", "words"), BROKEN.values(), ids=BROKEN.keys())
def test_what_is_no_sound_ledger_is_refused_untouched(
    tmp_path: Path, spoil: Callable[[Path], None], words: str
) -> None:
    """Opening it fails with the reason and a fix, and not a byte of the file or its folder has changed."""
    path = tmp_path / "ledger.db"
    spoil(path)
    before = path.read_bytes()

    with pytest.raises(LedgerUnavailable, match=words) as refusal:
        Writer(path, "process").open()
    assert "ledger.path" in refusal.value.fix or "Move it away" in refusal.value.fix
    assert path.read_bytes() == before


def test_a_folder_is_no_ledger(tmp_path: Path) -> None:
    """A folder in the file's place is refused with the path and with what to name instead."""
    with pytest.raises(LedgerUnavailable, match="is a folder") as refusal:
        Writer(tmp_path, "process").open()
    assert str(tmp_path) in refusal.value.message
    assert "--ledger" in refusal.value.fix


def test_a_file_in_place_of_a_folder_is_named(tmp_path: Path) -> None:
    """A path that leads through a file is refused with the system's reason."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(LedgerUnavailable, match="cannot be made: Not a directory"):
        Writer(tmp_path / "file" / "ledger.db", "process").open()


def test_names_with_special_letters_work(tmp_path: Path) -> None:
    """A path with letters that mean something in a URI is that path."""
    path = tmp_path / "a b?mode=memory#c%20d" / "ledger é.db"
    _ledger(path, 1)

    assert inspect(path) == VERSION
    assert path.is_file()


def test_a_large_file_is_looked_at_without_reading_it_whole(tmp_path: Path) -> None:
    """Beyond 16 MiB the ends are read: a sound file passes, one that lacks its end does not."""
    path = tmp_path / "ledger.db"
    create(path)
    with closing(connect(path, "rw")) as connection:
        upgrade(connection)
        connection.execute("BEGIN")
        for _ in range(5):
            bulky = [to_row(an_entry(artifact="x" * 65_000)) for _ in range(64)]
            connection.execute(INSERTIONS[64], flatten(bulky))
        connection.execute("COMMIT")
    assert path.stat().st_size > 16 * 1024 * 1024
    assert inspect(path) == VERSION

    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - 1024 * 1024)
    with pytest.raises(sqlite3.DatabaseError, match="malformed"):
        inspect(path)


def test_errors_are_translated_without_what_was_written() -> None:
    """SQLite's own errors become a reason and a fix; one that Python raised is named."""
    with closing(sqlite3.connect(":memory:")) as connection:
        with pytest.raises(sqlite3.OperationalError) as missing:
            connection.execute("SELECT 'secret' FROM nowhere")
        connection.execute("PRAGMA max_page_count = 1")
        with pytest.raises(sqlite3.OperationalError) as full:
            connection.execute("CREATE TABLE t (a)")
    closed = sqlite3.ProgrammingError("closed")

    assert [kind_of(error) for error in (missing.value, full.value, closed)] == ["", "SQLITE_FULL", ""]
    assert translate(full.value, "It cannot be written").message == "It cannot be written: the disk is full."
    assert translate(missing.value, "It").message == "It: SQLITE_ERROR."
    assert translate(closed, "It").message == "It: ProgrammingError."
