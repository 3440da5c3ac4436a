"""The journal of calls under way: what a dead process had sent gets its row, once."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from router.errors import LedgerUnavailable
from router.ledger.query import entries
from router.ledger.rows import to_row
from router.ledger.sent import FIRST_PLACES, PLACE_BYTES, begin, orphans
from router.ledger.sqlite import SqliteLedger
from tests.fakes.ledger import an_entry, an_intent
from tests.fakes.process import ROOT


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """Where the ledger is."""
    return tmp_path / "ledger.db"


def die(ledger: Path, what: str) -> None:
    """Run `what` in a process that then is killed; `journal` and `an_intent` are there."""
    program = f"""
        import os, signal
        from pathlib import Path
        from router.ledger.sent import begin
        from tests.fakes.ledger import an_intent
        journal = begin(Path({str(ledger)!r}))
        {what}
        os.kill(os.getpid(), signal.SIGKILL)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == -9, done.stderr


def lost(ledger: Path) -> list[str]:
    """Return the ids in journals that nobody has, and leave them."""
    found = []
    for orphan in orphans(ledger):
        found += [intent.decision_id for intent in orphan.intents]
        orphan.left()
    return sorted(found)


def test_what_was_sent_and_not_settled_survives_a_kill(ledger: Path) -> None:
    """Of three calls one was settled; of a request that was tried twice the later attempt counts."""
    die(
        ledger,
        """for name in "abc": journal.intend(an_intent(decision_id=name))
        journal.settle("b")
        journal.settle("never sent")
        journal.intend(an_intent(decision_id="c", upstream="other"))""".replace("        ", "        ", 1),
    )

    [orphan] = list(orphans(ledger))

    assert sorted((intent.decision_id, intent.upstream) for intent in orphan.intents) == [
        ("a", "large"),
        ("c", "other"),
    ]
    orphan.cleared()
    assert lost(ledger) == []


async def test_a_start_gives_them_their_rows_once_and_keeps_those_that_are_there(ledger: Path) -> None:
    """A row that was committed just before the kill stays as it is; a second start finds nothing more to do."""
    first = SqliteLedger.open(ledger)
    await first.record(an_entry(decision_id="b", request_id="b"))
    await first.close()
    die(ledger, """for name in "ab": journal.intend(an_intent(decision_id=name))""")

    for _ in range(2):
        await SqliteLedger.open(ledger).close()

    rows = {entry.decision_id: str(entry.status) for entry in entries(ledger)}
    assert rows == {"a": "interrupted", "b": "ok"}
    assert list(ledger.parent.glob("*.sent-*")) == []


@pytest.mark.parametrize(
    "damage",
    [
        "input_tokens=-5",
        "at=datetime(2026, 1, 1)",
        "at=datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))",
        "attempts=(paid('sNaN'),)",
        "attempts=(paid('Infinity'), paid('-Infinity'))",
    ],
)
async def test_a_damaged_place_keeps_nobody_from_starting(ledger: Path, damage: str) -> None:
    """What lies beside it has its row."""
    intents = (
        "from datetime import datetime, timedelta, timezone; import msgspec; from tests.fakes.ledger import paid; "
        "whole = an_intent(decision_id='a'); "
    )
    damaged = f"msgspec.structs.replace(an_intent(decision_id='b'), {damage})"
    die(ledger, f"{intents} journal.intend(whole); journal.intend({damaged})")

    await SqliteLedger.open(ledger).close()

    assert [entry.decision_id for entry in entries(ledger)] == ["a"]
    assert list(ledger.parent.glob("*.sent-*")) == []


async def test_any_name_of_a_ledger_will_do(tmp_path: Path) -> None:
    """Brackets are no pattern."""
    ledger = tmp_path / "l[1].db"
    die(ledger, """journal.intend(an_intent(decision_id="a"))""")

    await SqliteLedger.open(ledger).close()

    assert [entry.decision_id for entry in entries(ledger)] == ["a"]


async def test_a_start_that_is_killed_before_it_clears_leaves_it_to_the_next(ledger: Path) -> None:
    """The rows are there already then: nothing is there twice."""
    die(ledger, """journal.intend(an_intent(decision_id="a"))""")
    [path] = ledger.parent.glob("*.sent-*")
    kept = path.read_bytes()
    await SqliteLedger.open(ledger).close()
    path.write_bytes(kept)

    await SqliteLedger.open(ledger).close()

    assert [entry.decision_id for entry in entries(ledger)] == ["a"]


def test_each_process_has_its_own(ledger: Path) -> None:
    """The journal of a process that lives is not touched by another."""
    mine, other = begin(ledger), begin(ledger)
    mine.intend(an_intent())

    assert mine.path != other.path
    assert list(orphans(ledger)) == []
    other.close()
    assert mine.path.exists()
    mine.settle("nothing")
    mine.close()
    assert len(lost(ledger)) == 1


def test_places_are_used_again_and_the_file_grows_only_with_what_is_under_way(ledger: Path) -> None:
    """Ten thousand calls one after the other need one place; more at once than places make it twice as large."""
    journal = begin(ledger)
    for _ in range(10_000):
        intent = an_intent()
        journal.intend(intent)
        journal.settle(intent.decision_id)
    assert journal.path.stat().st_size == FIRST_PLACES * PLACE_BYTES

    many = [an_intent() for _ in range(3 * FIRST_PLACES)]
    for intent in many:
        journal.intend(intent)
    assert journal.path.stat().st_size == 4 * FIRST_PLACES * PLACE_BYTES
    for intent in many[1:]:
        journal.settle(intent.decision_id)
    journal.close()

    assert lost(ledger) == [many[0].decision_id]


def test_a_row_that_was_not_taken_stands_in_the_place_of_its_call(ledger: Path) -> None:
    """A later one of the same request replaces it, a commit forgets it, and what was never sent has no place."""
    journal = begin(ledger)
    for name in "ab":
        journal.intend(an_intent(decision_id=name))
    first, later, other = (to_row(an_entry(decision_id=name, http_status=503)) for name in "aab")
    later = (*later[:7], "failed", *later[8:])

    assert [journal.refuse(row) for row in (first, later, other)] == [True] * 3
    assert not journal.refuse(to_row(an_entry(decision_id="c")))
    assert list(journal.unkept) == ["a", "b"]
    journal.settle("b")
    assert journal.unkept == {"a": later}
    journal.close()

    [orphan] = orphans(ledger)
    orphan.left()
    assert (orphan.rows, orphan.intents) == ((later,), ())


def test_a_full_journal_takes_it_all_the_same(ledger: Path) -> None:
    """The place of the call is written over: the file need not grow on a disk that is full."""
    journal = begin(ledger)
    many = [an_intent() for _ in range(FIRST_PLACES - 1)]
    for intent in many:
        journal.intend(intent)
    rows = [to_row(an_entry(decision_id=intent.decision_id, status="failed")) for intent in many]

    assert all(journal.refuse(row) for row in rows)
    assert journal.path.stat().st_size == FIRST_PLACES * PLACE_BYTES
    journal.close()

    [orphan] = orphans(ledger)
    orphan.left()
    assert (sorted(orphan.rows, key=str), orphan.intents) == (sorted(rows, key=str), ())


def test_a_row_that_was_damaged_is_none(ledger: Path) -> None:
    """Not a byte of it may differ from what was kept."""
    journal = begin(ledger)
    journal.intend(an_intent(decision_id="a"))
    journal.refuse(to_row(an_entry(decision_id="a", caller="team-a")))
    journal.close()
    whole = journal.path.read_bytes()
    journal.path.write_bytes(whole.replace(b"team-a", b"team-b"))

    [orphan] = orphans(ledger)
    orphan.left()

    assert (orphan.rows, orphan.intents) == ((), ())


def test_a_disk_without_room_refuses_the_call(ledger: Path) -> None:
    """LedgerUnavailable, and what was kept before is still there."""
    import resource

    journal = begin(ledger)
    kept = [an_intent() for _ in range(FIRST_PLACES - 1)]
    for intent in kept:
        journal.intend(intent)
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (FIRST_PLACES * PLACE_BYTES, limit[1]))
    try:
        with pytest.raises(LedgerUnavailable, match="journal of calls under way"):
            journal.intend(an_intent())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    journal.intend(an_intent())
    journal.close()

    assert len(lost(ledger)) == len(kept) + 1


def test_a_closed_one_refuses_calls_and_takes_rows_that_come_late(ledger: Path) -> None:
    """Whoever outlives the end of the process's ledger is told so."""
    journal = begin(ledger)
    kept = an_intent()
    journal.intend(kept)
    journal.close()
    journal.close()

    journal.settle(kept.decision_id)
    with pytest.raises(LedgerUnavailable, match="closed"):
        journal.intend(an_intent())
    assert lost(ledger) == [kept.decision_id]


def test_a_file_of_something_else_is_left_alone(ledger: Path) -> None:
    """Neither read nor written, wherever it came from."""
    other = ledger.with_name("ledger.db.sent-1")
    other.write_bytes(b"what somebody keeps here" * 100)

    assert list(orphans(ledger)) == []
    journal = begin(ledger)
    journal.close()

    assert other.read_bytes() == b"what somebody keeps here" * 100
    assert journal.path != other


def test_only_its_owner_may_read_it(ledger: Path) -> None:
    """It names callers, as the ledger does."""
    journal = begin(ledger)
    try:
        assert journal.path.stat().st_mode & 0o777 == 0o600
    finally:
        journal.close()
