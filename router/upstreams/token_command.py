"""Tokens that a command prints, run off the event loop. Nothing that it prints is ever shown."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Callable
from datetime import datetime, timedelta

from router.upstreams.credentials import TokenCommand
from router.upstreams.fresh_token import FreshToken, Token, TokenUnavailable, one_word

COMMAND_SECONDS = 30.0
"""How long a token command may take."""

_PRINTED_LIMIT_BYTES = 65_536
_REAP_SECONDS = 5.0


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
        loop = asyncio.get_running_loop()
        run = _Run(loop)
        try:
            transport, _ = await loop.subprocess_exec(
                lambda: run, *self._command.argv, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL, start_new_session=True
            )
        except (OSError, ValueError):
            raise TokenUnavailable("its token command cannot be started") from None
        try:
            async with asyncio.timeout(self._timeout):
                await run.over
        except TimeoutError:
            raise TokenUnavailable(f"its token command took longer than {self._timeout:g} seconds") from None
        finally:
            await _end(transport, run)
        if run.too_much:
            raise TokenUnavailable("its token command printed more than a token")
        if transport.get_returncode() != 0:
            raise TokenUnavailable(f"its token command failed with exit code {transport.get_returncode()}")
        return Token(
            secret=one_word(
                run.printed.decode("ascii", errors="replace").strip(), "its token command printed no token"
            ),
            expires_at=began + timedelta(seconds=self._command.lifetime_seconds),
        )


class _Run(asyncio.SubprocessProtocol):
    """A command that runs: what it has printed, and whether it is `over`: exited, and nobody holds its output open."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.printed = bytearray()
        self.too_much = False
        self.over: asyncio.Future[None] = loop.create_future()
        self.exited: asyncio.Future[None] = loop.create_future()
        self._closed = False

    def pipe_data_received(self, _fd: int, data: bytes) -> None:
        """Keep what is printed, up to a bound."""
        self.printed += data
        if len(self.printed) > _PRINTED_LIMIT_BYTES:
            self.too_much = True
            _settle(self.over)

    def pipe_connection_lost(self, _fd: int, _error: Exception | None) -> None:
        """Note that nothing more is printed."""
        self._closed = True
        if self.exited.done():
            _settle(self.over)

    def process_exited(self) -> None:
        """Note the end of the command itself; what it started may live on and hold its output open."""
        _settle(self.exited)
        if self._closed:
            _settle(self.over)

    @property
    def clean(self) -> bool:
        """Whether nothing is left to be ended."""
        return self._closed and self.exited.done()


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def command_token(provider: str, command: TokenCommand, now: Callable[[], datetime]) -> FreshToken:
    """Return what authorises a provider's calls by the token that a command prints."""
    return FreshToken(provider, CommandToken(command, now), now)


async def _end(transport: asyncio.SubprocessTransport, run: _Run) -> None:
    """Kill what is left of a command, with all that it started, and close its pipe, whoever holds the other end."""
    if not run.clean:
        try:
            if sys.platform == "win32":
                transport.kill()
            else:
                os.killpg(transport.get_pid(), signal.SIGKILL)
        except ProcessLookupError:
            pass
    transport.close()
    await asyncio.wait({run.exited}, timeout=_REAP_SECONDS)
