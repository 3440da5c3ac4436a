"""A starved process computes for its share of the time, and goes on as before afterwards."""

import os
import subprocess
import sys
import time
from pathlib import Path

from tests.fakes.starving import family, starving

BUSY = "print(flush=True)\nwhile True: pass"


def computed(pid: int) -> float:
    """Return the processor time that a process has had, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_a_starved_process_gets_its_share_at_most() -> None:
    """A tenth was asked for: it gets no more than a fifth of the time, and more once that is over."""
    with subprocess.Popen([sys.executable, "-c", BUSY], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        before, begun = computed(process.pid), time.monotonic()
        with starving(process.pid, share=0.1):
            time.sleep(1)
            during, seconds = computed(process.pid) - before, time.monotonic() - begun
        state = Path(f"/proc/{process.pid}/stat").read_text().rsplit(") ", 1)[1][0]
        members = family(process.pid)
        process.kill()

    assert during <= 0.2 * seconds
    assert state in "RS"
    assert members == [process.pid]
