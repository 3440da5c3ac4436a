"""A command prints a token off the loop; nothing else of it is shown, and it never outlives its time."""

import asyncio
import contextlib
import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from router.upstreams.credentials import Secret, TokenCommand
from router.upstreams.fresh_token import FreshToken, TokenUnavailable
from router.upstreams.token_command import CommandToken, command_token
from tests.fakes.transports import shown

START = datetime(2026, 11, 22, 12, tzinfo=UTC)
CANARY = "ya29.canary-7c04"


def script(text, *arguments, timeout_seconds=20.0):
    """Return a source that runs a line of Python."""
    command = TokenCommand(argv=(sys.executable, "-c", text, *arguments), lifetime_seconds=600)
    return CommandToken(command, lambda: START, timeout_seconds=timeout_seconds)


async def test_a_command_prints_a_token():
    """What it prints, stripped, is the token; it lives as long as the operator says from before the command began."""
    token = await script(f"import sys; print(' {CANARY} '); print('noise', file=sys.stderr)")()
    assert token.secret == Secret(CANARY)
    assert token.expires_at == START + timedelta(seconds=600)


@dataclass(frozen=True)
class Failing:
    id: str
    text: str
    reason: str


FAILING = (
    Failing("exit code", f"print('{CANARY}'); raise SystemExit(3)", "its token command failed with exit code 3"),
    Failing("nothing", "", "its token command printed no token"),
    Failing("two lines", f"print('{CANARY}'); print('{CANARY}')", "its token command printed no token"),
    Failing("two words", f"print('token: {CANARY}')", "its token command printed no token"),
    Failing("not ASCII", "print('schl\\u00fcssel canary')", "its token command printed no token"),
    Failing("too much", f"print('{CANARY}' * 9999)", "its token command printed more than a token"),
)


@pytest.mark.parametrize("case", FAILING, ids=lambda case: case.id)
async def test_a_command_that_prints_no_token(case):
    """The reason is told; what was printed and the arguments are not."""
    with pytest.raises(TokenUnavailable) as raised:
        await script(case.text, CANARY)()
    assert raised.value.reason == case.reason
    assert "canary" not in shown(raised.value)


@pytest.mark.parametrize("program", ["/nowhere/print-token", "nul\0"])
async def test_a_command_that_cannot_be_started(program):
    """A program that is not there, or cannot be one, is told without its name."""
    source = CommandToken(TokenCommand(argv=(program,), lifetime_seconds=60), lambda: START)
    with pytest.raises(TokenUnavailable) as raised:
        await source()
    assert raised.value.reason == "its token command cannot be started"
    assert program not in shown(raised.value)


async def test_a_child_that_holds_the_output_open_is_killed_at_the_deadline(tmp_path):
    """The command itself may be long gone: its group is not waited for longer, nor left behind."""
    pids = tmp_path / "pids"
    text = (
        "import os, pathlib, subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"pathlib.Path({str(pids)!r}).write_text(f'{{child.pid}}.')\n"
        "print('t', flush=True)"
    )
    with pytest.raises(TokenUnavailable, match="longer than 3 seconds"):
        await script(text, timeout_seconds=3.0)()
    async with asyncio.timeout(20):
        while alive(int(pids.read_text().rstrip("."))):  # noqa: ASYNC110  # another process has no event to wait for
            await asyncio.sleep(0.02)


async def test_output_without_end_is_cut_off():
    """A command that never stops printing is killed at once, however long it might go on."""
    began = asyncio.get_running_loop().time()
    with pytest.raises(TokenUnavailable, match="more than a token"):
        await script("while True: print('x' * 10_000, flush=True)", timeout_seconds=60.0)()
    assert asyncio.get_running_loop().time() - began < 30


def descriptors():
    """Return how many files this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_no_descriptor_is_left_open():
    """The pipe is closed on every way out."""
    before = descriptors()
    for text, seconds in (("print('t')", 20.0), ("import time; time.sleep(60)", 0.2), ("print('x' * 99999)", 20.0)):
        with contextlib.suppress(TokenUnavailable):
            await script(text, timeout_seconds=seconds)()
    assert descriptors() <= before + 1  # the loop's own watch of children


@pytest.mark.parametrize("cancelled", [False, True], ids=["late", "cancelled"])
async def test_a_command_that_hangs_is_killed_with_its_children(tmp_path, cancelled):
    """After the time-out, or when nobody waits any more, neither the command nor what it started lives on."""
    pids = tmp_path / "pids"
    child = "import time; time.sleep(60)"
    text = (
        "import os, pathlib, subprocess, sys, time\n"
        f"child = subprocess.Popen([sys.executable, '-c', {child!r}])\n"
        f"pathlib.Path({str(pids)!r}).write_text(f'{{os.getpid()}} {{child.pid}}.')\n"
        "time.sleep(60)"
    )
    task = asyncio.create_task(script(text, timeout_seconds=60.0 if cancelled else 3.0)())
    async with asyncio.timeout(20):
        while not pids.exists() or not pids.read_text().endswith("."):  # noqa: ASYNC110  # another process has no event to wait for
            await asyncio.sleep(0.02)
        if cancelled:
            task.cancel()
        with pytest.raises(asyncio.CancelledError if cancelled else TokenUnavailable):
            await task
        while [pid for pid in pids.read_text().rstrip(".").split() if alive(int(pid))]:  # noqa: ASYNC110  # another process has no event to wait for
            await asyncio.sleep(0.02)


def alive(pid):
    """Tell whether a process runs (one that only waits to be reaped does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_the_loop_goes_on_while_a_command_runs():
    """A slow command holds nothing up."""
    task = asyncio.create_task(script("import time; time.sleep(0.5); print('t')")())
    turns = 0
    while not task.done():
        turns += 1
        await asyncio.sleep(0.01)
    assert (await task).secret == Secret("t")
    assert turns > 10


async def test_the_authoriser_of_a_command_runs_nothing_yet():
    """It is made without a token, and shows nothing of its command."""
    made = command_token("google", TokenCommand(argv=("/nowhere/print-it", CANARY), lifetime_seconds=60), lambda: START)
    assert isinstance(made, FreshToken)
    assert CANARY not in f"{made!r} {TokenCommand(argv=('print-it', CANARY), lifetime_seconds=60)!r}"
    await made.close()


async def test_a_command_has_the_environment_and_no_input():
    """It finds its own configuration, and cannot wait for somebody to type."""
    assert "PATH" in os.environ
    token = await script("import os, sys; print(len(sys.stdin.read()), 'PATH' in os.environ, sep='-')")()
    assert token.secret == Secret("0-True")
