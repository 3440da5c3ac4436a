"""Asks the process that judges, starts it when there is none, and ends it when it takes too long.

A process and no thread: validating holds the interpreter's lock, and a schema of a few lines can take hours (each of
thirty definitions naming the next one twice). Who configures no verification never starts it.
"""

import asyncio
import contextlib
import logging
import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import msgspec
from msgspec import Raw

from router.errors import SettingsInvalid
from router.turns import Turns

_log = logging.getLogger("tierwise.judge")

LIBRARY = "jsonschema_rs"
"""What the process validates with (the extra `verify`)."""

START_SECONDS = 10.0
JUDGE_SECONDS = 0.25
"""How long one answer may be judged."""

PATIENCE_SECONDS = 5.0
"""How long an answer waits for its turn and its verdict together."""

TELL_SECONDS = 10.0
"""How long the log is silent about answers that could not be verified, once it has told of some."""

MOST_BYTES = 1024 * 1024
"""Schemas and texts of one answer; more is not judged."""

_PROGRAM = Path(__file__).with_name("worker.py")
_INHERITED = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TMPDIR")
"""The variables that the process gets: none that could hold a key."""

_VERDICTS = {b"1": True, b"0": False}


def require_library(library: str = LIBRARY) -> None:
    """Raise SettingsInvalid where what the process validates with is not installed."""
    if find_spec(library) is None:
        raise SettingsInvalid(
            ("'verify' needs the library for JSON schemas, which is not installed.",),
            fix="pip install jsonschema-rs, or take verify: out of the file.",
        )


class Judge:
    """One process that judges, and the queue in front of it. Used from one event loop."""

    def __init__(self, *, judge_seconds: float = JUDGE_SECONDS, patience_seconds: float = PATIENCE_SECONDS) -> None:
        """Start nothing yet: the first answer that is judged does."""
        self._judge_seconds = judge_seconds
        self._patience_seconds = patience_seconds
        self._turns = Turns()
        self._process: asyncio.subprocess.Process | None = None
        self._starting: asyncio.Task[None] | None = None
        self._untold = 0
        self._tells_at = 0.0

    async def judge(self, checks: Sequence[tuple[bytes, str]], caller: str = "") -> bool | None:
        """Return whether every text fits the JSON schema in front of it; None where that could not be told.

        That is: the schema is none, refers to another document or nests too deeply, there is too much of it all, or it
        takes too long. Callers are served by turns.
        """
        if not checks:
            return True
        if sum(len(schema) + len(text) for schema, text in checks) > MOST_BYTES:
            return None  # before all of it is written once more
        frame = msgspec.json.encode([(Raw(schema), text) for schema, text in checks])
        if len(frame) > MOST_BYTES:
            return None
        try:
            async with asyncio.timeout(self._patience_seconds), self._turns.turn(caller):
                return await self._ask(frame)
        except TimeoutError:
            self._tell(f"no turn or verdict within {self._patience_seconds:g} s")
            return None

    def _tell(self, why: str) -> None:
        """Log that an answer was not verified, seldom: whoever sends hostile schemas would fill the log."""
        self._untold += 1
        now = asyncio.get_running_loop().time()
        if now < self._tells_at:
            return
        _log.warning("answers that could not be verified: %d, the last for this: %s", self._untold, why)
        self._untold, self._tells_at = 0, now + TELL_SECONDS

    async def close(self) -> None:
        """End the process, and what starts one. Safe to call twice."""
        starting, self._starting = self._starting, None
        if starting is not None:
            starting.cancel()
            await asyncio.wait({starting})
        await self._end()

    async def _end(self) -> None:
        """End the process, if there is one."""
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _ask(self, frame: bytes) -> bool | None:
        """Hand the frame over and wait for its verdict; whatever interrupts that ends the process."""
        process = await self._running()
        if process is None or process.stdin is None or process.stdout is None:
            return None
        answered = False
        try:
            async with asyncio.timeout(self._judge_seconds):
                process.stdin.write(len(frame).to_bytes(4, "big") + frame)
                await process.stdin.drain()
                said = await process.stdout.readexactly(1)
            answered = True
            return _VERDICTS.get(said)
        except (TimeoutError, OSError, asyncio.IncompleteReadError) as error:
            self._tell(type(error).__name__)
            return None
        finally:
            if not answered:
                await self._end()

    async def _running(self) -> asyncio.subprocess.Process | None:
        """Return the process, None where it does not come up. A start goes on when who waits for it is cancelled."""
        if self._process is None:
            if self._starting is None or self._starting.done():
                self._starting = asyncio.create_task(self._start())
            await asyncio.wait({self._starting})
        return self._process

    async def _start(self) -> None:
        """Start the process and keep it once it can be asked."""
        process = None
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",  # its folder is no place to import from
                str(_PROGRAM),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env={name: os.environ[name] for name in _INHERITED if name in os.environ},
                start_new_session=True,  # a Ctrl-C is for the proxy, which ends it
            )
            if process.stdout is not None:
                async with asyncio.timeout(START_SECONDS):
                    await process.stdout.readexactly(1)
            self._process = process
        except (TimeoutError, OSError, asyncio.IncompleteReadError) as error:
            self._tell(f"the process that verifies did not start ({type(error).__name__})")
        finally:
            if process is not None and self._process is not process:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
