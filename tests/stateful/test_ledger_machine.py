"""The ledger and its journal of calls under way: whatever is killed whenever, each request has the row it must have.

A kill -9 is a copy of the files as they are at that moment, which is what the next process finds: what was copied into
a mapped page, or committed, is there, and nobody holds a lock.
"""

import asyncio
import itertools
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from router.errors import LedgerUnavailable
from router.ledger.entry import EntryStatus
from router.ledger.intent import LOST, UNKNOWN
from router.ledger.rows import to_pico
from router.ledger.sqlite import SqliteLedger
from tests.fakes.ledger import an_entry, an_intent
from tests.fakes.machines import MACHINES
from tests.fakes.process import rows_of

ATTEMPTS = an_entry().attempts
COST_PICO = to_pico(an_entry().cost)
PROCESSES = 2


class Accounts(RuleBasedStateMachine):
    """Two processes that share a ledger, calls that leave, answers that are booked, deaths and returns.

    `booked` are those of whom a `record` has returned; `maybe` those whose `record` was under way at a death; `sent`
    the number of calls of each request that has no row yet, by process; `refused` those whose answer the ledger did not
    take, which have their rows with the next start at the latest, and `due` those that must have them by now.
    """

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.root = Path(tempfile.mkdtemp())
        self.numbers = itertools.count()
        self.booked: set[str] = set()
        self.maybe: set[str] = set()
        self.lost: set[str] = set()
        self.refused: set[str] = set()
        self.due: set[str] = set()
        self.sent: list[dict[str, int]] = [{} for _ in range(PROCESSES)]
        self.recording: list[asyncio.Task] = []
        self.place = self.root / "first"
        self.place.mkdir()
        self.open()

    @property
    def path(self) -> Path:
        """The ledger's file."""
        return self.place / "ledger.db"

    def open(self) -> None:
        """Start the processes."""
        self.ledgers = [SqliteLedger.open(self.path) for _ in range(PROCESSES)]

    def close(self) -> None:
        """End the processes in good order."""
        for ledger in self.ledgers:
            self.loop.run_until_complete(ledger.close())

    @rule(process=st.integers(0, PROCESSES - 1), again=st.booleans())
    def send(self, process: int, again: bool) -> None:
        """Let a call leave: of a new request, or a further one of a request that is under way."""
        mine = self.sent[process]
        name = next(iter(mine)) if again and mine else f"d{next(self.numbers)}"
        calls = mine[name] = mine.get(name, 0) + 1
        intent = an_intent(decision_id=name, request_id=f"r-{name}", attempts=ATTEMPTS * (calls - 1))
        self.ledgers[process].intend(intent)

    @rule(process=st.integers(0, PROCESSES - 1), known=st.booleans(), twice=st.booleans())
    def book(self, process: int, known: bool, twice: bool) -> None:
        """Record how a request ended: one that was sent, or one that never was; maybe a second time, otherwise."""
        mine = self.sent[process]
        name = next(iter(mine)) if known and mine else f"d{next(self.numbers)}"
        entry = an_entry(decision_id=name, request_id=f"r-{name}")
        self.loop.run_until_complete(self.ledgers[process].record(entry))
        mine.pop(name, None)
        self.booked.add(name)
        if twice:
            later = replace(entry, status=EntryStatus.FAILED, http_status=502)
            self.loop.run_until_complete(self.ledgers[process].record(later))

    @rule(many=st.integers(100, 600))
    def send_many(self, many: int) -> None:
        """Let so many calls leave at once that the journal grows."""
        for _ in range(many):
            self.send(0, again=False)

    @precondition(lambda self: any(self.sent))
    @rule(process=st.integers(0, PROCESSES - 1), steps=st.integers(0, 3))
    def begin_to_book(self, process: int, steps: int) -> None:
        """Record a request that was sent, and let nobody see how far that came."""
        mine = self.sent[process]
        if not mine:
            return
        name = next(iter(mine))
        del mine[name]
        self.maybe.add(name)
        entry = an_entry(decision_id=name, request_id=f"r-{name}")
        self.recording.append(self.loop.create_task(self.ledgers[process].record(entry)))
        for _ in range(steps):
            self.loop.run_until_complete(asyncio.sleep(0))

    @precondition(lambda self: any(self.sent))
    @rule(process=st.integers(0, PROCESSES - 1), together=st.booleans(), ended=st.booleans())
    def refuse(self, process: int, together: bool, ended: bool) -> None:
        """Record answers while the ledger's file is away, one or two at once, and maybe how they ended then."""
        self._settle()
        mine = self.sent[process]
        names = list(mine)[: 1 + together]
        aside = self.path.with_name("moved")
        self.path.rename(aside)
        for status in (EntryStatus.OK, EntryStatus.FAILED)[: 1 + ended]:
            code = None if status is EntryStatus.OK else LedgerUnavailable.code
            entries = [
                an_entry(decision_id=name, request_id=f"r-{name}", status=status, error_code=code) for name in names
            ]
            tasks = [self.loop.create_task(self.ledgers[process].record(entry)) for entry in entries]
            if tasks:
                self.loop.run_until_complete(asyncio.wait(tasks))
            assert all(isinstance(task.exception(), LedgerUnavailable) for task in tasks)
        aside.rename(self.path)
        for name in names:
            del mine[name]
            self.refused.add(name)

    @rule(twice=st.booleans())
    def die(self, twice: bool) -> None:
        """Kill both and start again; maybe kill them once more before the old journals were deleted."""
        after = self.root / str(next(self.numbers))
        shutil.copytree(self.place, after)
        journals = [path for path in after.iterdir() if ".sent-" in path.name]
        kept = [(path, path.read_bytes()) for path in journals] if twice else []
        self._leave_behind()
        self.place = after
        self.open()
        if twice:
            self.close()
            for path, data in kept:
                path.write_bytes(data)
            self.open()
        self._all_due()

    @rule()
    def restart(self) -> None:
        """End both in good order and start again."""
        self._settle()
        self.close()
        self.open()
        self._all_due()

    def _all_due(self) -> None:
        """Note who must have a row after a start."""
        self.lost |= {name for mine in self.sent for name in mine}
        self.sent = [{} for _ in range(PROCESSES)]
        self.due |= self.refused

    def _settle(self) -> None:
        """Let every record that is under way end."""
        if self.recording:
            self.loop.run_until_complete(asyncio.wait(self.recording))
            self.recording = []

    def _leave_behind(self) -> None:
        """Free what the dead processes had in this one; nobody looks at their files any more."""
        self._settle()
        self.close()

    @invariant()
    def each_has_its_row(self) -> None:
        """What was booked is there once, as it was booked first; what was lost once, interrupted; nothing else."""
        rows = {row["decision_id"]: row for row in rows_of(self.path)}
        assert len(rows) == len(rows_of(self.path))
        must = self.booked | self.lost | self.due
        assert must <= rows.keys() <= must | self.maybe | self.refused
        for name in self.booked:
            assert (rows[name]["status"], rows[name]["error_code"]) == ("ok", None)
        for name in self.lost:
            assert (rows[name]["status"], rows[name]["error_code"]) == ("interrupted", LOST)
            assert rows[name]["attempts"][-1]["ending"] == UNKNOWN
        for name in self.refused & rows.keys():
            assert rows[name]["status"] in ("failed", "interrupted")
            assert (rows[name]["error_code"], rows[name]["cost_pico"]) == (LedgerUnavailable.code, COST_PICO)
        for name in self.maybe & rows.keys():
            assert rows[name]["status"] in ("ok", "interrupted")

    def teardown(self) -> None:
        """After one more death nothing stays sent: everything has its row, and no journal is left."""
        self.die(twice=False)
        rows = {row["decision_id"] for row in rows_of(self.path)}
        self.close()
        assert self.booked | self.lost | self.maybe | self.refused == rows
        assert not [path for path in self.place.iterdir() if ".sent-" in path.name]
        self.loop.close()
        shutil.rmtree(self.root)


TestAccounts = Accounts.TestCase
TestAccounts.settings = settings(max_examples=MACHINES, stateful_step_count=20, deadline=None)
