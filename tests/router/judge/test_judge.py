"""Asking the process that judges: verdicts, and what ends it."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest

from router.errors import SettingsInvalid
from router.judge.judge import _PROGRAM, LIBRARY, MOST_BYTES, Judge, require_library

pytest.importorskip(LIBRARY)

INTEGER = b'{"type": "integer"}'
PATIENT = 30.0
DOUBLED: dict[str, Any] = {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(60)}
ENDLESS = json.dumps({"$defs": DOUBLED | {"d60": {"type": "integer"}}, "$ref": "#/$defs/d0"}).encode()
"""A schema that takes 2 ** 60 steps."""


@pytest.fixture
async def judge() -> AsyncIterator[Judge]:
    """Return a judge that waits long, since the machine may be busy."""
    judge = Judge(judge_seconds=PATIENT, patience_seconds=PATIENT)
    yield judge
    await judge.close()


async def test_verdicts(judge: Judge) -> None:
    """A text fits, does not, or cannot be judged; one process tells them all."""
    assert await judge.judge([(INTEGER, "1")]) is True
    process = judge._process
    assert await judge.judge([(INTEGER, "1"), (INTEGER, '"1"')]) is False
    assert await judge.judge([(b'{"$ref": "http://127.0.0.1:9/x"}', "1")]) is None
    assert judge._process is process


async def test_nothing_to_judge_starts_nothing(judge: Judge) -> None:
    """Neither does what is too large."""
    assert await judge.judge([]) is True
    assert await judge.judge([(INTEGER, "1" * MOST_BYTES)]) is None
    assert judge._process is None


async def test_many_at_once(judge: Judge) -> None:
    """Each gets its own verdict."""
    texts = ["1" if number % 3 else '"x"' for number in range(60)]

    verdicts = await asyncio.gather(*(judge.judge([(INTEGER, text)]) for text in texts))

    assert verdicts == [text == "1" for text in texts]


async def test_what_takes_too_long_is_ended_and_the_loop_goes_on() -> None:
    """The process is killed at the deadline; the next answer gets a new one."""
    judge = Judge(judge_seconds=1.0, patience_seconds=PATIENT)
    await judge.judge([(INTEGER, "1")])
    turns = 0

    async def tick() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0.01)
            turns += 1

    ticking = asyncio.create_task(tick())
    first = judge._process

    assert await judge.judge([(ENDLESS, "1")]) is None
    assert first.returncode is not None
    assert turns > 10
    assert await Judge(judge_seconds=PATIENT).judge([]) is True
    ticking.cancel()
    await judge.close()


async def test_nobody_waits_longer_than_his_patience() -> None:
    """Behind others that take long, an answer goes out unjudged."""
    judge = Judge(judge_seconds=PATIENT, patience_seconds=0.5)

    assert await asyncio.gather(*(judge.judge([(ENDLESS, "1")]) for _ in range(3))) == [None] * 3
    assert judge._process is None
    await judge.close()


async def test_a_start_outlives_who_waited_for_it(caplog: pytest.LogCaptureFixture) -> None:
    """The next answer finds the process that the first one had no patience for; the log tells of many once."""
    judge = Judge(judge_seconds=PATIENT, patience_seconds=0.001)
    assert await judge.judge([(INTEGER, "1")]) is None
    starting = judge._starting
    assert await judge.judge([(INTEGER, "1")]) is None
    assert judge._starting is starting
    await asyncio.wait({starting}, timeout=PATIENT)

    assert judge._process.returncode is None
    assert await judge._ask(b'[[{"type":"integer"},"1"]]') is True
    assert caplog.messages == [
        "answers that could not be verified: 1, the last for this: no turn or verdict within 0.001 s"
    ]
    await judge.close()


async def test_closing_ends_a_start() -> None:
    """Who waits for it is told that nothing could be verified, and no process is left."""
    judge = Judge(judge_seconds=PATIENT, patience_seconds=PATIENT)
    waiting = asyncio.create_task(judge.judge([(INTEGER, "1")]))
    await asyncio.sleep(0.02)
    await judge.close()

    assert await waiting is None
    assert (judge._process, judge._starting) == (None, None)


async def test_one_caller_s_crowd_is_not_waited_for() -> None:
    """Behind twenty schemas that take too long, another caller's answer is judged after one of them, in time."""
    judge = Judge(judge_seconds=0.3, patience_seconds=PATIENT)
    await judge.judge([(INTEGER, "1")], "b")
    crowd = [asyncio.create_task(judge.judge([(ENDLESS, "1")], "a")) for _ in range(20)]
    await asyncio.sleep(0)

    assert await judge.judge([(INTEGER, "1")], "b") is True
    assert sum(task.done() for task in crowd) <= 2
    for task in crowd:
        task.cancel()
    await asyncio.gather(*crowd, return_exceptions=True)
    await judge.close()


async def test_a_process_that_died_is_replaced(judge: Judge) -> None:
    """The answer at hand is not judged, the next one is."""
    await judge.judge([(INTEGER, "1")])
    judge._process.kill()
    await judge._process.wait()

    assert await judge.judge([(INTEGER, "1")]) is None
    assert await judge.judge([(INTEGER, "1")]) is True


async def test_it_gets_no_variable_that_could_hold_a_key(judge: Judge) -> None:
    """What the environment of the process holds is what a process needs to start."""
    os.environ["TIERWISE_TEST_CANARY"] = "canary"
    try:
        await judge.judge([(INTEGER, "1")])
        with open(f"/proc/{judge._process.pid}/environ", "rb") as file:  # noqa: PTH123, ASYNC230
            assert b"canary" not in file.read()
    finally:
        del os.environ["TIERWISE_TEST_CANARY"]


async def test_a_caller_that_leaves_takes_the_process_along(judge: Judge) -> None:
    """A verdict that nobody reads is not taken for the next one's."""
    await judge.judge([(INTEGER, "1")])
    leaving = asyncio.create_task(judge.judge([(ENDLESS, "1")]))
    await asyncio.sleep(0.05)
    leaving.cancel()
    await asyncio.wait([leaving])

    assert await judge.judge([(INTEGER, '"x"')]) is False


def test_a_process_whose_owner_is_gone_ends_by_itself() -> None:
    """What nobody can end any more ends after some seconds of work."""
    frame = json.dumps([[json.loads(ENDLESS), "1"]]).encode()
    done = subprocess.run(
        [sys.executable, "-P", str(_PROGRAM)],
        input=len(frame).to_bytes(4, "big") + frame,
        capture_output=True,
        timeout=100,
        check=False,
    )

    assert (done.returncode, done.stdout) == (-signal.SIGVTALRM, b"r")


def test_a_library_that_is_not_there_is_named() -> None:
    """The message names the setting and what to install."""
    require_library()
    with pytest.raises(SettingsInvalid, match="verify") as raised:
        require_library("no_such_library")
    assert "pip install jsonschema-rs" in raised.value.fix
