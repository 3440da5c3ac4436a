"""Start processes on one core, account for what they use (the kernel's own figures), and stop them by their pid."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
GRACE_SECONDS = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cores:
    """The core of the target, and the one that the mock, the load generator and this script share."""

    target: int
    rig: int

    @classmethod
    def choose(cls) -> "Cores":
        """Take the first and the last core that this process may use: the same one if there is only one."""
        allowed = sorted(os.sched_getaffinity(0))
        return cls(target=allowed[0], rig=allowed[-1])


@contextlib.contextmanager
def pinned(core: int) -> Iterator[None]:
    """Run the block on `core`; a process started in it stays there."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


class Process:
    """A process that we started, in a session of its own; its output goes to `log`, or to a pipe when there is none."""

    def __init__(
        self, command: Sequence[str], *, core: int, environ: Mapping[str, str] | None = None, log: Path | None = None
    ):
        self.started_at = time.monotonic()
        self._log = log
        with pinned(core), contextlib.ExitStack() as stack:
            out = stack.enter_context(log.open("wb")) if log else subprocess.PIPE
            self._popen = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT if log else None,
                env=None if environ is None else {**os.environ, **environ},
                start_new_session=True,
            )
        self.pid = self._popen.pid

    def first_line(self) -> str:
        """Return the first line that the process prints (only without `log`)."""
        assert self._popen.stdout is not None
        return self._popen.stdout.readline().decode().strip()

    def ended(self) -> bool:
        """Tell whether the process is gone."""
        return self._popen.poll() is not None

    def log_tail(self) -> str:
        """Return the end of what the process wrote."""
        return self._log.read_text(errors="replace")[-2000:] if self._log and self._log.exists() else ""

    def stop(self) -> None:
        """Ask the process to end, wait, and end what is left of its session."""
        if not self.ended():
            self._popen.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._popen.wait(GRACE_SECONDS)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._popen.wait(GRACE_SECONDS)
        if self._popen.stdout is not None:
            self._popen.stdout.close()


def family(pid: int) -> tuple[int, ...]:
    """Return `pid` and its descendants that still live."""
    found = [pid]
    for member in found:
        for children in Path(f"/proc/{member}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                found.extend(int(child) for child in children.read_text().split())
    return tuple(found)


def cpu_ns(pid: int) -> int:
    """Return the CPU time of all threads of `pid` and its descendants, in nanoseconds."""
    total = 0
    for member in family(pid):
        for stat in Path(f"/proc/{member}/task").glob("*/schedstat"):
            with contextlib.suppress(OSError):
                total += int(stat.read_text().split()[0])
    return total


def pss_mib(pid: int) -> float:
    """Return the proportional set size of `pid` and its descendants, in MiB."""
    kib = 0
    for member in family(pid):
        lines = Path(f"/proc/{member}/smaps_rollup").read_text().splitlines()
        kib += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return kib / 1024


def core_busy_ns(core: int) -> int:
    """Return how long `core` has been busy since boot, whoever used it, in nanoseconds (in steps of 10 ms)."""
    line = next(line for line in Path("/proc/stat").read_text().splitlines() if line.startswith(f"cpu{core} "))
    user, nice, system, _idle, _iowait, irq, softirq, steal = (int(word) for word in line.split()[1:9])
    return (user + nice + system + irq + softirq + steal) * (1_000_000_000 // TICKS)
