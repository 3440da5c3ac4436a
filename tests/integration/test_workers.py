"""Two workers behind one address: one dies, the configuration changes, everything ends."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest

from tests.fakes import behaviour
from tests.fakes.caller import ask
from tests.fakes.process import Process, served
from tests.fakes.proxy import CONFIG
from tests.fakes.until import until
from tests.fakes.upstream import FakeUpstream


@pytest.fixture
async def process(upstream: FakeUpstream, tmp_path: Path) -> AsyncIterator[Process]:
    """Serve with two workers."""
    upstream.script(behaviour.ok())
    async with served(CONFIG.format(base_url=upstream.base_url), tmp_path, "--workers", "2") as running:
        yield running


def workers(process: Process) -> list[int]:
    """Return the ids of the workers that live."""
    return [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


async def test_a_worker_that_is_killed_is_replaced_while_the_other_serves(process: Process) -> None:
    """No new connection is refused; the banner is printed once; what was under way at the kill has its row."""
    before = workers(process)
    os.kill(before[0], signal.SIGKILL)
    answers = [await ask(process.port) for _ in range(20)]
    await until(lambda: len(set(workers(process)) - {before[0]}) == 2, 60, shows=lambda: process.logged)
    await process.logs("SIGKILL")
    await process.logs("is replaced: process", within=60)

    assert [answer.status for answer in answers] == [200] * 20
    assert before[1] in workers(process)
    assert sum("serves http" in line for line in process.printed) == 1


async def test_all_workers_follow_the_configuration_together(process: Process) -> None:
    """Within two seconds of each other, by the file and by SIGHUP; a refused one leaves both where they are."""
    text = process.config.read_text()
    process.config.write_text(text.replace("deadline: 5s", "deadline: 6s"))
    await process.logs("configuration loaded", times=2, within=30)
    process.signal(signal.SIGHUP)
    await process.logs("configuration loaded", times=4, within=30)
    process.config.write_text(text + "serverr: {}\n")
    await process.logs("was refused", times=2, within=30)

    lines = [json.loads(line) for line in process.logged]
    told = [line for line in lines if "configuration" in line["message"]]
    times = [datetime.fromisoformat(line["at"]) for line in told]
    assert [line["level"] for line in told] == ["info"] * 4 + ["error"] * 2
    assert all((later - first).total_seconds() < 2 for first, later in zip(times[::2], times[1::2], strict=True))
    assert (await ask(process.port)).status == 200


async def test_an_end_drains_all_workers(process: Process, upstream: FakeUpstream) -> None:
    """Streams on both of them end with [DONE] and have their rows; nobody finds the ledger locked; exit code 0."""
    upstream.script(behaviour.stream(5, delay=0.3))
    asked = [asyncio.create_task(ask(process.port, stream=True, number=number)) for number in range(60)]
    await until(lambda: len(upstream.seen) >= 60, 30)
    process.signal(signal.SIGTERM)
    answers = await asyncio.gather(*asked)
    code = await process.ended(60)

    assert [(answer.complete, answer.done) for answer in answers] == [(True, True)] * 60
    assert code == 0
    assert sorted(row["decision_id"] for row in process.rows()) == sorted(str(answer.decision) for answer in answers)
    assert not [line for line in process.logged if "locked" in line or "Traceback" in line]
    assert not list(process.folder.glob("*.sent-*"))


async def test_two_signals_hurry_all_workers(process: Process, upstream: FakeUpstream) -> None:
    """What is under way is told, and has its row."""
    upstream.script(behaviour.stream(100, delay=0.9))
    asked = [asyncio.create_task(ask(process.port, stream=True)) for _ in range(20)]
    await until(lambda: len(upstream.seen) >= 20, 30)
    process.signal(signal.SIGTERM)
    await process.logs("draining", times=2)
    process.signal(signal.SIGTERM)
    code = await process.ended(30)
    answers = await asyncio.gather(*asked)

    assert code == 0
    assert {answer.error["code"] for answer in answers} == {"shutting_down"}
    assert [row["status"] for row in process.rows()] == ["interrupted"] * 20


async def test_workers_do_not_outlive_their_supervisor(process: Process) -> None:
    """Killed as it is, the address is free again soon."""
    pids = workers(process)
    process.signal(signal.SIGKILL)

    await until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids), 30)
