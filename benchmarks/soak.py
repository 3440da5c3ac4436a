"""The proxy under load for a long time: what it holds on to in the end that it did not hold at the beginning.

    python -m benchmarks.soak                                   # half an hour: 200 requests/s and 500 streams
    python -m benchmarks.soak --seconds 300 --rate 50 --streams 100

An upstream and the proxy are processes of their own; a tenth of all clients leave in the middle. Looked at: resident
memory after warm-up and at the end, open files once everything has been idle, requests that the server still counts
when it is told to end, and rows against answers.
"""

import argparse
import asyncio
import contextlib
import signal
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import uvloop

from benchmarks.soak_clients import Clients, Load, Tally

WARM_UP_SHARE = 0.25
IDLE_SECONDS = 8.0
"""Longer than the proxy keeps an idle connection to an upstream (2.5 s) and this client its own (3 s)."""

CONFIG = """
version: 1
providers: {{one: {{kind: vllm, base_url: "http://127.0.0.1:{port}/v1"}}}}
upstreams:
  small: {{provider: one, model: small, tier: easy, window: 128000, capabilities: [tools],
    price: {{input: 0.1, output: 0.4, as_of: 2026-11-01}}}}
  large: {{provider: one, model: large, tier: hard, window: 128000, capabilities: [tools],
    price: {{input: 2, output: 10, as_of: 2026-11-01}}}}
routes: {{auto: {{}}}}
log: {{level: info}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was seen. Memory in MiB: `warm` after warm-up, `end` in the last tenth; files before and after; rows."""

    tally: Tally
    warm: float
    end: float
    files_before: int
    files_after: int
    left_over: int
    rows: int
    exit_code: int

    @property
    def growth(self) -> float:
        """How much memory grew after warm-up, as a share of it."""
        return self.end / self.warm - 1

    def leaks(self, growth: float = 0.05) -> list[str]:
        """Return a line for each thing that was held on to; `growth` is the share that memory may grow by."""
        done = self.tally.answered + self.tally.streamed
        found = []
        if self.growth > growth:
            found.append(f"memory grew by {self.growth:.1%}: {self.warm:.1f} to {self.end:.1f} MiB")
        if self.files_after > self.files_before:
            found.append(f"{self.files_after - self.files_before} files are open that were not")
        if self.left_over:
            found.append(f"{self.left_over} requests were never ended")
        if self.rows < done:
            found.append(f"{done - self.rows} answers have no row")
        if self.exit_code:
            found.append(f"the exit code is {self.exit_code}")
        return found


def memory(pid: int) -> float:
    """Return the resident memory of a process, in MiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def files(pid: int) -> int:
    """Return how many files a process has open."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


@contextlib.asynccontextmanager
async def started(*arguments: str, log: Path | None = None) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a Python program until the block ends."""
    with contextlib.ExitStack() as stack:
        errors = stack.enter_context(log.open("wb")) if log is not None else None
        process = await asyncio.create_subprocess_exec(
            sys.executable, *arguments, stdout=asyncio.subprocess.PIPE, stderr=errors
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


async def soak(load: Load) -> Report:
    """Send `load` through a proxy and return what it held on to."""
    with tempfile.TemporaryDirectory() as folder:
        config, ledger, log = (Path(folder, name) for name in ("c.yaml", "ledger.db", "log"))
        async with started("-m", "benchmarks.soak_upstream") as far:
            assert far.stdout is not None
            config.write_text(CONFIG.format(port=int(await far.stdout.readline())))
            arguments = ("-m", "router", "serve", str(config), "--listen", "127.0.0.1:0", "--ledger", str(ledger))
            async with started(*arguments, log=log) as proxy:
                assert proxy.stdout is not None
                banner = (await proxy.stdout.readline()).decode()
                port = int(banner.split("serves http://127.0.0.1:")[1].split("/v1")[0])
                return await _watched(proxy, Clients(port, load), load, ledger, log)


def _kept(log: Path, ledger: Path) -> tuple[int, int]:
    """Return the requests that were still counted at the end (-1: not told) and the rows of whole answers."""
    left = [line for line in log.read_text().splitlines() if "draining: " in line]
    with contextlib.closing(sqlite3.connect(ledger)) as connection:
        rows = connection.execute("SELECT count(*) FROM request WHERE status = 'ok'").fetchone()[0]
    return int(left[-1].split("draining: ")[1].split()[0]) if left else -1, rows


async def _watched(proxy: asyncio.subprocess.Process, clients: Clients, load: Load, ledger: Path, log: Path) -> Report:
    """Send the load, look at the process meanwhile and afterwards, then end it."""
    warm = Clients(clients.port, Load(seconds=1.0, rate=20, streams=2, aborts=0.0))
    await warm.run()
    await asyncio.sleep(IDLE_SECONDS)
    before, seen, begun = files(proxy.pid), [], time.monotonic()
    running = asyncio.create_task(clients.run())
    while not running.done():
        seen.append((time.monotonic() - begun, memory(proxy.pid)))
        await asyncio.wait([running], timeout=min(1.0, load.seconds / 40))
    await running
    await asyncio.sleep(IDLE_SECONDS)
    after = files(proxy.pid)
    proxy.send_signal(signal.SIGTERM)
    code = await proxy.wait()
    early = [size for at, size in seen if load.seconds * WARM_UP_SHARE <= at <= load.seconds * (WARM_UP_SHARE + 0.1)]
    late = [size for at, size in seen if load.seconds * 0.9 <= at <= load.seconds]
    left, rows = await asyncio.to_thread(_kept, log, ledger)
    return Report(
        tally=clients.tally,
        warm=statistics.median(early),
        end=statistics.median(late),
        files_before=before,
        files_after=after,
        left_over=left,
        rows=rows - warm.tally.answered - warm.tally.streamed,
        exit_code=code,
    )


def main() -> int:
    """Soak and say what was seen; 1 if anything was held on to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=1800.0)
    parser.add_argument("--rate", type=float, default=200.0, help="requests a second")
    parser.add_argument("--streams", type=int, default=500, help="streams at once")
    parser.add_argument("--aborts", type=float, default=0.1, help="share of the clients that leave in the middle")
    chosen = parser.parse_args()
    load = Load(seconds=chosen.seconds, rate=chosen.rate, streams=chosen.streams, aborts=chosen.aborts)
    report = uvloop.run(soak(load))
    print(f"{report.tally}\nmemory {report.warm:.1f} to {report.end:.1f} MiB ({report.growth:+.1%})")
    print(f"files {report.files_before} to {report.files_after}; rows {report.rows}; left over {report.left_over}")
    leaks = report.leaks()
    print("\n".join(leaks) if leaks else "nothing was held on to")
    return 1 if leaks or report.tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
