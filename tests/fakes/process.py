"""The command `tierwise serve` as a process of its own, for tests of how it begins, ends and is killed.

async with served(CONFIG.format(base_url=upstream.base_url), tmp_path) as process:
await ask(process.port)
process.signal(signal.SIGTERM)
assert await process.ended() == 0
"""

import asyncio
import contextlib
import json
import os
import re
import resource
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from tests.fakes.until import until

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 90.0
"""How long a start may take on a machine that does other work."""


@dataclass(slots=True)
class Process:
    """One running proxy. `printed` and `logged` are what it wrote so far, line by line."""

    child: asyncio.subprocess.Process
    folder: Path
    port: int = 0
    printed: list[str] = field(default_factory=list)
    logged: list[str] = field(default_factory=list)

    @property
    def pid(self) -> int:
        """The process's id."""
        return self.child.pid

    @property
    def config(self) -> Path:
        """Its configuration file."""
        return self.folder / "tierwise.yaml"

    def begun(self) -> bool:
        """Whether it serves, or has ended before it could."""
        return bool(self.printed) or self.child.returncode is not None

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.child.send_signal(number)

    async def ended(self, within: float = 20.0) -> int:
        """Return its exit code; TimeoutError when it does not end within so many seconds."""
        async with asyncio.timeout(within):
            return await self.child.wait()

    def rows(self) -> list[dict[str, Any]]:
        """Return the ledger's rows, oldest first; attempts as a list."""
        return rows_of(self.folder / "ledger.db")

    async def logs(self, text: str, times: int = 1, within: float = 10.0) -> None:
        """Return once so many log lines hold `text`; TimeoutError, with what was logged, when they do not come."""
        await until(
            lambda: sum(text in line for line in self.logged) >= times, within, shows=lambda: (text, self.logged)
        )


def rows_of(ledger: Path) -> list[dict[str, Any]]:
    """Return the rows of a ledger file, oldest first; attempts as a list."""
    with contextlib.closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        found = [dict(row) for row in connection.execute("SELECT * FROM request ORDER BY rowid")]
    return [row | {"attempts": json.loads(row["attempts"])} for row in found]


@contextlib.asynccontextmanager
async def served(
    config: str,
    folder: Path,
    *words: str,
    listen: str = "127.0.0.1:0",
    environ: dict[str, str] | None = None,
    files: int | None = None,
) -> AsyncIterator[Process]:
    """Start the command with this YAML, its ledger in `folder`; yield once it serves, and kill what is left at the end.

    Under a supervisor, the workers end by themselves when it is killed. `files` is how many it may have open.
    """
    path = folder / "tierwise.yaml"
    if not path.exists():
        path.write_text(config)
    inherited = {key: value for key, value in os.environ.items() if not key.endswith("_KEY")}
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "router", "serve", "--config", str(path), "--listen", listen),
        *("--ledger", str(folder / "ledger.db"), *words),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**inherited, "PYTHONPATH": str(ROOT), **(environ or {})},
        cwd=folder,
        preexec_fn=None if files is None else partial(resource.setrlimit, resource.RLIMIT_NOFILE, (files, files)),
    )
    process = Process(child, folder)
    readers = [
        asyncio.create_task(_gather(child.stdout, process.printed)),
        asyncio.create_task(_gather(child.stderr, process.logged)),
    ]
    try:
        process.port = await _port(process)
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.wait()
        await asyncio.gather(*readers)


async def _gather(stream: asyncio.StreamReader | None, lines: list[str]) -> None:
    """Keep what a process writes."""
    assert stream is not None
    while line := await stream.readline():
        lines.append(line.decode().rstrip("\n"))


async def _port(process: Process) -> int:
    """Return the port that the banner names."""
    await until(process.begun, START_SECONDS, shows=lambda: process.logged)
    if not process.printed:
        raise AssertionError(f"it ended with {process.child.returncode}: {process.logged}")
    found = re.search(r"http://[\d.]+:(\d+)/v1", process.printed[0])
    assert found is not None, process.printed
    return int(found[1])
