"""Tokens that a command prints, run off the event loop. Nothing that it prints is ever shown."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable
from datetime import datetime, timedelta

from router.upstreams.credentials import TokenCommand
from router.upstreams.fresh_token import FreshToken, Token, TokenUnavailable, one_word

COMMAND_SECONDS = 30.0
"""How long a token command may take."""

_PRINTED_LIMIT_BYTES = 65_536


class CommandToken:
    """Get tokens by running a command that prints one (a `Fetch`). What else it prints is thrown away."""

    def __init__(
        self, command: TokenCommand, now: Callable[[], datetime], *, timeout_seconds: float = COMMAND_SECONDS
    ) -> None:
        """Take the command, the wall clock and the seconds after which it is killed."""
        self._command = command
        self._now = now
        self._timeout = timeout_seconds

    async def __call__(self) -> Token:
        """Run the command and return its token; TokenUnavailable if it fails, is slow or prints something else."""
        began = self._now()
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command.argv, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL, start_new_session=True
            )
        except (OSError, ValueError):
            raise TokenUnavailable("its token command cannot be started") from None
        try:
            async with asyncio.timeout(self._timeout):
                printed = await _printed(process)
                code = await process.wait()
        except TimeoutError:
            raise TokenUnavailable(f"its token command took longer than {self._timeout:g} seconds") from None
        finally:
            await _stop(process)
        if code != 0:
            raise TokenUnavailable(f"its token command failed with exit code {code}")
        return Token(
            secret=one_word(printed.decode("ascii", errors="replace").strip(), "its token command printed no token"),
            expires_at=began + timedelta(seconds=self._command.lifetime_seconds),
        )


def command_token(provider: str, command: TokenCommand, now: Callable[[], datetime]) -> FreshToken:
    """Return what authorises a provider's calls by the token that a command prints."""
    return FreshToken(provider, CommandToken(command, now), now)


async def _printed(process: Process) -> bytes:
    """Return what a command printed; TokenUnavailable if that is too much for a token."""
    printed = bytearray()
    while process.stdout is not None and (piece := await process.stdout.read(_PRINTED_LIMIT_BYTES)):
        printed += piece
        if len(printed) > _PRINTED_LIMIT_BYTES:
            raise TokenUnavailable("its token command printed more than a token")
    return bytes(printed)


async def _stop(process: Process) -> None:
    """End a command that still runs, with everything that it started."""
    if process.returncode is not None:
        return
    try:
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    await process.wait()
