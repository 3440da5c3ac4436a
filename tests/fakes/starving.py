"""A process that gets only a share of the processor, by being stopped for the rest of the time.

with starving(process.pid, share=0.1):
    ... it computes for 2 of 20 ms ...

A quota would do the same, but needs rights; a competitor would starve whoever else is on the machine.
"""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

PERIOD_SECONDS = 0.02


def family(pid: int) -> list[int]:
    """Return a process and its children, as they are now."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError):
            found += [int(child) for child in (task / "children").read_text().split()]
    return found


@contextlib.contextmanager
def starving(pid: int, share: float) -> Iterator[None]:
    """Let a process and its children run for `share` of the time only, until the block ends."""
    over = threading.Event()
    thread = threading.Thread(target=_starve, args=(family(pid), share, over))
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _starve(pids: list[int], share: float, over: threading.Event) -> None:
    """Stop and continue them by turns, each stop as long as the turn before it asks for.

    Whoever stops them may be woken late, by milliseconds where they keep both processors busy.
    """
    stopped = PERIOD_SECONDS * (1 - share)
    try:
        while not over.is_set():
            _tell(pids, signal.SIGSTOP)
            time.sleep(stopped)
            _tell(pids, signal.SIGCONT)
            begun = time.monotonic()
            time.sleep(PERIOD_SECONDS * share)
            stopped = (time.monotonic() - begun) * (1 - share) / share
    finally:
        _tell(pids, signal.SIGCONT)


def _tell(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
