"""The default ledger: one SQLite file, one connection, group commit without added delay.

Who commits was measured, alternating on one machine that had other work to do (medians of five runs). A thread must
win the interpreter lock back after each of its system calls; a loop that is never idle gives it up for microseconds:

    figure                                                         commit on the loop   by the thread
    100 rows/s beside a busy loop: `record` takes p50, p99         0.7, 5.0 ms          2.9, 21 ms
    100 rows/s on an idle loop                                     0.4, 0.5 ms          0.4, 5.6 ms
    one core, 80 us of other work a request: CPU a row, 1 caller   99 us                174 us
    the same with 32 callers                                       51 us                67 us

(The parts, on the same machine with less to do: `to_row` 7 us, a row in its own commit 30 us, in a commit of 64 rows
17 us; the least that SQLite needs for any commit is four writes and six locks, 14 us.) So the loop commits at the end
of its turn what came in during that turn, as long as that is a matter of memory copies. Whatever may wait goes to the
thread: an fsync (durability "power", checkpoints), another process's lock, opening the file, and everything while the
disk is slow.
"""

import asyncio
import contextlib
import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from router.errors import LedgerUnavailable
from router.ledger import sent
from router.ledger.entry import LedgerEntry
from router.ledger.recovery import recover
from router.ledger.rows import DECISION_ID, Row, to_row
from router.ledger.writer import Durability, Writer

_log = logging.getLogger("tierwise.ledger")

SLOW_SECONDS = 0.02
"""A commit that held the loop for longer sends the following ones to the thread."""

SLOW_REST_SECONDS = 5.0
"""For how long they go there."""

ALONE_SECONDS = 0.003
"""A row that comes this long after the last commit has no others to wait for: it is committed on the spot, which spares
its request two turns of the loop."""

QUIET_SECONDS = 0.05
CHECKPOINT_WHEN_QUIET = 500
"""Rows after which a quiet moment is used to empty the write-ahead log."""

MAKE_UP_SECONDS = 1.0
"""How long after the ledger did not take a row it is asked again."""

CHECKPOINT_AT_LAST = 5_000
"""Rows (about 40 MB of log) after which it is emptied although requests wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    """Rows of one transaction, and who waits for each of them."""

    rows: list[Row]
    waiting: list[asyncio.Future[None]]
    again: bool = False
    """Whether these are rows that were not taken before. Nobody waits for them any more."""


class SqliteLedger:
    """Keeps entries in a SQLite file; `record` returns once the entry is committed. Used from one event loop.

    Several processes may write the same file.
    """

    def __init__(
        self, writer: Writer, journal: sent.Sent, *, on_loop: bool, make_up_seconds: float = MAKE_UP_SECONDS
    ) -> None:
        """Start the thread. `on_loop` lets the event loop commit while that does not have to wait for anything.

        What the file did not take is offered again after `make_up_seconds`.
        """
        self._writer = writer
        self._sent = journal
        self.intend = journal.intend
        """Keep that a call is about to leave; LedgerUnavailable when that is impossible."""
        self._on_loop_from = 0.0 if on_loop else float("inf")
        self._alone_from = 0.0
        self._rows: list[Row] = []
        self._waiting: list[asyncio.Future[None]] = []
        self._engaged = False  # a commit is due at the end of this turn, or the thread has the connection
        self._quiet_check: asyncio.TimerHandle | None = None
        self._make_up_seconds = make_up_seconds
        self._making_up: asyncio.TimerHandle | None = None
        self._closed = False
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="ledger", daemon=True)
        self._thread.start()

    @classmethod
    def open(cls, path: Path, durability: Durability = "process") -> "SqliteLedger":
        """Open or create the file at `path`; LedgerUnavailable, with the fix, when that is impossible.

        `durability` "process": a recorded entry survives kill -9; "power": also the loss of power. What processes that
        died had sent, and has no row, gets one first.
        """
        writer = Writer(path, durability)
        writer.open()
        try:
            recover(path, writer)
            journal = sent.begin(path)
        except BaseException:
            writer.close()
            raise
        return cls(writer, journal, on_loop=durability == "process")

    @property
    def behind(self) -> bool:
        """Whether rows are in the journal that the file did not take yet."""
        return bool(self._sent.unkept)

    async def record(self, entry: LedgerEntry) -> None:
        """Return once `entry` is committed; LedgerUnavailable when it cannot be kept. Cancelling does not undo it.

        An entry whose decision id is known already is not kept twice: the first one stays.
        """
        if self._closed:
            raise LedgerUnavailable("The ledger is closed.", fix="Start tierwise again.")
        loop = asyncio.get_running_loop()
        row = to_row(entry)
        if not self._engaged and self._commit_alone(row, loop):
            return
        done = loop.create_future()
        self._rows.append(row)
        self._waiting.append(done)
        if not self._engaged:
            self._engaged = True
            loop.call_soon(self._commit, loop)
        await done

    async def close(self) -> None:
        """Commit what is under way and close the file. Safe to call twice."""
        self._closed = True
        loop = asyncio.get_running_loop()
        for timer in (self._quiet_check, self._making_up):
            if timer is not None:
                timer.cancel()
        if self._rows:
            self._jobs.put(partial(self._write, self._take(), loop))
        if self._sent.unkept:
            self._jobs.put(partial(self._write, self._unkept(), loop))
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)
        self._sent.close()

    def _take(self) -> _Batch:
        """Return everything that waits."""
        batch = _Batch(rows=self._rows, waiting=self._waiting)
        self._rows, self._waiting = [], []
        return batch

    def _commit_alone(self, row: Row, loop: asyncio.AbstractEventLoop) -> bool:
        """Commit one row on the spot if none was of late; False when others or the thread are to be waited for."""
        began = loop.time()
        if began < self._alone_from or began < self._on_loop_from:
            return False
        try:
            if not self._writer.try_write([row]):
                return False
        except LedgerUnavailable as error:
            [error.kept] = self._refuse([row], loop)
            raise
        self._sent.settle(row[DECISION_ID])
        self._timed(began, loop)
        self._go_on(loop)
        return True

    def _timed(self, began: float, loop: asyncio.AbstractEventLoop) -> None:
        """Take note of a commit on the loop: a slow one sends the following to the thread."""
        now = loop.time()
        self._alone_from = now + ALONE_SECONDS
        if now - began > SLOW_SECONDS:
            self._on_loop_from = now + SLOW_REST_SECONDS

    def _commit(self, loop: asyncio.AbstractEventLoop) -> None:
        """Write what waits: here if that is a matter of memory copies, else by the thread."""
        if not self._rows:
            self._engaged = False
            return
        batch, began = self._take(), loop.time()
        if began < self._on_loop_from:
            self._jobs.put(partial(self._write, batch, loop))
            return
        problem = None
        try:
            written = self._writer.try_write(batch.rows)
        except LedgerUnavailable as error:
            written, problem = False, error
        self._timed(began, loop)
        if written or problem is not None:
            self._settle(batch, problem, loop)
        else:
            self._jobs.put(partial(self._write, batch, loop))

    def _settle(self, batch: _Batch, problem: LedgerUnavailable | None, loop: asyncio.AbstractEventLoop) -> None:
        """Tell everyone in the batch how it ended. Runs on the loop."""
        kept = [] if problem is None else self._refuse(batch.rows, loop)
        if problem is None:
            for row in batch.rows:
                self._sent.settle(row[DECISION_ID])
            if batch.again:
                _log.warning("%d rows that the ledger had not taken are in it now", len(batch.rows))
        for number, done in enumerate(batch.waiting):
            if done.done():
                continue  # cancelled
            if problem is None:
                done.set_result(None)
            else:
                error = LedgerUnavailable(problem.message, fix=problem.fix)
                error.kept = kept[number]
                done.set_exception(error)
        self._go_on(loop)

    def _refuse(self, rows: list[Row], loop: asyncio.AbstractEventLoop) -> list[bool]:
        """Keep rows that the ledger did not take, ask it again later, return which are kept. Runs on the loop."""
        kept = [*map(self._sent.refuse, rows)]
        if self._sent.unkept and self._making_up is None and not self._closed:
            self._making_up = loop.call_later(self._make_up_seconds, self._make_up, loop)
        return kept

    def _make_up(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let the thread write what the ledger did not take; what comes in meanwhile waits for it. Runs on the loop."""
        self._making_up = None
        if self._engaged:
            self._making_up = loop.call_later(ALONE_SECONDS, self._make_up, loop)
        elif self._sent.unkept:
            self._engaged = True
            self._jobs.put(partial(self._write, self._unkept(), loop))

    def _unkept(self) -> _Batch:
        """Return the rows that were not taken."""
        return _Batch(rows=list(self._sent.unkept.values()), waiting=[], again=True)

    def _go_on(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin the next commit, or a checkpoint when one is due. Runs on the loop."""
        due = self._writer.rows_since_checkpoint
        self._engaged = bool(self._rows)
        if due >= CHECKPOINT_AT_LAST:
            self._checkpoint(loop)
        elif self._rows:
            self._commit(loop)
        elif due >= CHECKPOINT_WHEN_QUIET and self._quiet_check is None and not self._closed:
            self._quiet_check = loop.call_later(QUIET_SECONDS, self._when_quiet, due, loop)

    def _when_quiet(self, rows_before: int, loop: asyncio.AbstractEventLoop) -> None:
        """Begin a checkpoint if nothing was written for a while, else look again later. Runs on the loop."""
        self._quiet_check = None
        rows = self._writer.rows_since_checkpoint
        if not self._engaged and rows == rows_before:
            self._checkpoint(loop)
        elif rows >= CHECKPOINT_WHEN_QUIET:
            self._quiet_check = loop.call_later(QUIET_SECONDS, self._when_quiet, rows, loop)

    def _checkpoint(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let the thread empty the write-ahead log; what comes in meanwhile waits for it. Runs on the loop."""
        self._engaged = True
        self._jobs.put(partial(self._empty_log, loop))

    def _work(self) -> None:
        """Do one job after the other until told to end. Runs in the thread."""
        while (job := self._jobs.get()) is not None:
            with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile: nobody waits any more
                job()
        self._writer.close()

    def _write(self, batch: _Batch, loop: asyncio.AbstractEventLoop) -> None:
        """Write a batch and report back, once for all who wait. Runs in the thread."""
        problem = None
        try:
            self._writer.write(batch.rows)
        except LedgerUnavailable as error:
            problem = error
        loop.call_soon_threadsafe(self._settle, batch, problem, loop)

    def _empty_log(self, loop: asyncio.AbstractEventLoop) -> None:
        """Run a checkpoint and report back. Runs in the thread."""
        self._writer.checkpoint()
        loop.call_soon_threadsafe(self._go_on, loop)
