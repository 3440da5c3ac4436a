"""What a start would say of the ledger's file, without a trace of having looked."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from router.errors import LedgerUnavailable
from router.ledger.probe import may_write, probe
from router.ledger.rows import to_row
from router.ledger.writer import Writer
from tests.fakes.ledger import an_entry


def traces(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Return the content and the time of the last change of everything below a folder."""
    return {str(one): (one.read_bytes() if one.is_file() else b"", one.stat().st_mtime_ns) for one in folder.rglob("*")}


def a_writer(path: Path) -> Writer:
    """Return who has written a row and goes on."""
    writer = Writer(path, "process")
    writer.open()
    writer.write([to_row(an_entry())])
    return writer


def test_a_ledger_that_can_be_opened_or_made(tmp_path: Path) -> None:
    """One that was closed, an empty file, and a file that is not there, in a folder that is not there either."""
    a_writer(tmp_path / "closed.db").close()
    (tmp_path / "empty.db").touch()
    before = traces(tmp_path)

    for name in ("closed.db", "empty.db", "new.db", "a/b/new.db"):
        probe(tmp_path / name)
    assert traces(tmp_path) == before


def test_one_that_a_proxy_works_on(tmp_path: Path) -> None:
    """Its log is left alone, and so it is where the process died and left it."""
    path = tmp_path / "ledger.db"
    writer = a_writer(path)
    before = traces(tmp_path)
    assert str(path.with_name("ledger.db-wal")) in before

    probe(path)
    assert traces(tmp_path) == before
    path.with_name("ledger.db-shm").rename(tmp_path / "gone")
    before = traces(tmp_path)
    probe(path)
    assert traces(tmp_path) == before
    writer.close()


def _text(path: Path) -> Path:
    path.write_text("provider: openai\n", encoding="utf-8")
    return path


def _text_with_a_log(path: Path) -> Path:
    path.with_name(f"{path.name}-wal").write_bytes(b"log")
    return _text(path)


def _damaged(path: Path) -> Path:
    a_writer(path).close()
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return path


def _foreign(path: Path) -> Path:
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE customers (name TEXT)")
        other.commit()
    return path


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


def _below_a_file(path: Path) -> Path:
    path.touch()
    return path / "below" / "ledger.db"


REFUSED = {
    "text": (_text, "not a database"),
    "text beside a log": (_text_with_a_log, "not a database"),
    "cut in half": (_damaged, "damaged"),
    "another program's": (_foreign, "another program"),
    "a folder": (_folder, "is a folder"),
    "below a file": (_below_a_file, "Not a directory"),
}


@pytest.mark.parametrize(("spoil", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_what_a_start_refuses(tmp_path: Path, spoil: Callable[[Path], Path], words: str) -> None:
    """The reason and a fix, and nothing has changed."""
    path = spoil(tmp_path / "ledger.db")
    before = traces(tmp_path)

    with pytest.raises(LedgerUnavailable, match=words) as refusal:
        probe(path)
    assert refusal.value.fix
    assert traces(tmp_path) == before
    with pytest.raises(LedgerUnavailable):
        Writer(path, "process").open()


@pytest.mark.parametrize("there", [True, False], ids=["a file", "no file"])
def test_where_nothing_may_be_written(tmp_path: Path, *, there: bool) -> None:
    """The folder counts, because SQLite keeps its log there; where folders lack, the one that they are made in."""
    path = tmp_path / "ledger.db" if there else tmp_path / "a" / "ledger.db"
    if there:
        path.touch()

    with pytest.raises(LedgerUnavailable, match="may not write") as refusal:
        probe(path, lambda one: one != tmp_path)
    assert f"'{tmp_path}'" in refusal.value.message
    with pytest.raises(LedgerUnavailable, match="may not write"):
        probe(tmp_path / "other.db", lambda _: False)
    assert may_write(tmp_path)
    assert not may_write(tmp_path / "nothing")
