"""The machine misbehaves: a locked ledger, a full disk, a broken file, clocks that jump, a classifier that fails."""

import asyncio
import re
import resource
import sqlite3
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import httpx2
import pytest

from router.app import Proxy
from router.plan import prepare
from tests.fakes import behaviour
from tests.fakes.faults import ANSWER, CONFIG, HELLO, PACE, PATH, PATIENT, staged, told
from tests.fakes.process import rows_of
from tests.fakes.proxy import serving
from tests.fakes.reply import FakeReply
from tests.fakes.scene import WHOLE, Client, Scene
from tests.fakes.upstream import FakeUpstream
from tests.fakes.values import NOW

BODY = {"model": "tier/easy", "messages": HELLO}


@pytest.mark.fault(
    "F16",
    "another process locks the ledger for 2 s",
    client="200; what needs a row waits for the lock, because the row comes before the last byte",
    ledger="all rows, once, in order",
)
async def test_a_locked_ledger(tmp_path: Path) -> None:
    """Nothing is lost and nothing refused: answers come as soon as the lock is gone."""
    async with staged(tmp_path, **PATIENT) as stage:
        stage.cheap.script(stage.well(stream=False))
        await stage.ask()
        with closing(sqlite3.connect(stage.proxy.ledger, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            asking = [asyncio.create_task(stage.ask()) for _ in range(5)]
            await asyncio.sleep(2)
            other.execute("ROLLBACK")
        answers = await asyncio.gather(*asking)

        assert [told.text for told in answers] == [ANSWER] * 5
        assert len({row["decision_id"] for row in await stage.rows(6)}) == 6


@asynccontextmanager
async def command(config: Path, ledger: Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """Run the command as an operator does; yield the process and where it serves."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "router", "serve", "--config", str(config), "--ledger", str(ledger)),
        *("--listen", "127.0.0.1:0"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    try:
        assert process.stdout is not None
        banner = (await asyncio.wait_for(process.stdout.readline(), 60)).decode()
        found = re.search(r"http://127\.0\.0\.1:\d+", banner)
        assert found is not None, banner
        yield process, found[0]
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


@pytest.mark.fault(
    "F18",
    "the disk is full (by a limit to the size of files, set from outside)",
    client="503 `ledger_unavailable`, before anything is called but for one a second that finds out; "
    "200 again once there is room, without a restart",
    ledger="every answer that was given has its row; the file is whole",
)
async def test_a_full_disk(tmp_path: Path) -> None:
    """What could not be accounted is not bought, and it ends with the lack of room."""
    ledger, config = tmp_path / "ledger.db", tmp_path / "tierwise.yaml"
    async with FakeUpstream() as upstream:
        upstream.script(behaviour.ok(ANSWER))
        config.write_text(CONFIG.format(cheap=upstream.base_url, dear=upstream.base_url, **{**PACE, **PATIENT}))
        async with command(config, ledger) as (process, url), httpx2.AsyncClient(base_url=url, timeout=30) as http:
            served = [told(await http.post(PATH, json=BODY)).status for _ in range(3)]
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (8_192, resource.RLIM_INFINITY))
            begun = time.monotonic()
            full = [told(await http.post(PATH, json=BODY)) for _ in range(20)]
            calls, seconds = len(upstream.seen), time.monotonic() - begun
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
            await asyncio.sleep(1.1)
            after = [told(await http.post(PATH, json=BODY)).status for _ in range(3)]

    answered = [reply for reply in full if reply.status == 200]
    refused = [reply for reply in full if reply.status != 200]
    assert served == after == [200] * 3
    assert {(reply.status, reply.code) for reply in refused} == {(503, "ledger_unavailable")}
    assert len(refused) >= 10
    assert calls <= 3 + len(answered) + 1 + seconds
    with closing(sqlite3.connect(ledger)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        [(rows,)] = connection.execute("SELECT count(*) FROM request WHERE status = 'ok'").fetchall()
    assert rows == 6 + len(answered)


@pytest.mark.fault(
    "F18",
    "the ledger's file is moved while it is served, and put back or begun anew by a restart",
    client="503 `ledger_unavailable`; 200 again once the file is back, without a restart",
    ledger="the answer that was withheld has a row: failed, `ledger_unavailable`, with its tokens and its cost",
)
@pytest.mark.parametrize("back", [True, False], ids=["put back", "begun anew"])
async def test_a_ledger_that_is_moved(tmp_path: Path, back: bool) -> None:
    """What was paid for an answer that could not be given is in the ledger as soon as there is one."""
    ledger, aside, config = tmp_path / "ledger.db", tmp_path / "aside.db", tmp_path / "tierwise.yaml"
    async with FakeUpstream() as upstream:
        upstream.script(behaviour.ok(ANSWER))
        config.write_text(CONFIG.format(cheap=upstream.base_url, dear=upstream.base_url, **{**PACE, **PATIENT}))
        async with command(config, ledger) as (process, url), httpx2.AsyncClient(base_url=url, timeout=30) as http:
            before = told(await http.post(PATH, json=BODY))
            ledger.rename(aside)
            refused = [told(await http.post(PATH, json=BODY)) for _ in range(2)]
            if back:
                aside.rename(ledger)
            process.terminate()
            await asyncio.wait_for(process.wait(), 30)
        async with command(config, ledger):
            rows = rows_of(ledger)
        calls = len(upstream.seen)

    assert (before.status, [(told.status, told.code) for told in refused]) == (200, [(503, "ledger_unavailable")] * 2)
    assert calls == 2  # the second of the refused was known to be in vain
    [row] = [row for row in rows if row["status"] != "ok"]
    assert len(rows) == (2 if back else 1)
    assert (row["status"], row["http_status"], row["error_code"]) == ("failed", 503, "ledger_unavailable")
    assert (row["input_tokens"], row["output_tokens"], row["cost_pico"]) == (12, 7, 4_000_000)


@pytest.mark.fault(
    "F19",
    "the ledger's file is no ledger",
    client="-",
    ledger="it does not start: exit code 2, one clear line; the file is left as it is",
)
@pytest.mark.parametrize(
    "content", [b"SQLite format 3\0" + b"\xff" * 9_000, b"not a database " * 900], ids=["torn", "other"]
)
async def test_a_file_that_is_no_ledger(tmp_path: Path, content: bytes) -> None:
    """An operator learns at once what is wrong, and nothing is overwritten."""
    ledger = tmp_path / "ledger.db"
    ledger.write_bytes(content)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "router", "serve", "--simulate", "always", "--ledger", str(ledger)),
        *("--listen", "127.0.0.1:0"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    output, errors = await asyncio.wait_for(process.communicate(), 60)

    assert process.returncode == 2
    assert b"ledger.db" in errors
    assert b"Traceback" not in errors + output
    assert ledger.read_bytes() == content


@pytest.mark.fault(
    "F20",
    "the wall clock jumps by an hour, either way, at every look (injected)",
    client="the answer; no time-out, no cooldown that does not end",
    ledger="no negative duration",
)
@pytest.mark.parametrize("hours", [1, -1])
async def test_a_clock_that_jumps(hours: int) -> None:
    """All durations come from a clock that does not jump."""
    replies = [reply for _ in range(3) for reply in (FakeReply(b"", status=429), FakeReply(WHOLE))]
    scene = Scene(*replies, cooldown=0.05)
    jumps = iter(range(1_000))
    scene.ports = replace(scene.ports, now=lambda: NOW + timedelta(hours=hours * next(jumps)))
    for _ in range(3):
        scene.client = Client(scene.journal)
        await scene.play()
        assert set(scene.ports.state.resting(scene.ports.clock())) == {"small"}
        await asyncio.sleep(0.06)

    assert [entry.status for entry in scene.ledger.entries] == ["ok"] * 3
    assert [len(entry.attempts) for entry in scene.ledger.entries] == [2] * 3
    for entry in scene.ledger.entries:
        assert entry.latency_ms >= 0
        assert entry.overhead_ms is not None
        assert entry.overhead_ms >= 0
        assert all(attempt.latency_ms >= 0 for attempt in entry.attempts)


@pytest.mark.fault(
    "F22",
    "the classifier fails at every prompt",
    client="200 at the route's default tier, `x-router-degraded: classifier`",
    ledger="ok, reason classifier_failed",
)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_a_classifier_that_fails(tmp_path: Path, stream: bool) -> None:
    """A broken model costs nobody an answer."""

    def assess(*_: object) -> None:
        raise MemoryError

    config = tmp_path / "tierwise.yaml"
    async with FakeUpstream() as upstream:
        upstream.script(behaviour.stream([ANSWER]) if stream else behaviour.ok(ANSWER))
        config.write_text(CONFIG.format(cheap=upstream.base_url, dear=upstream.base_url, **{**PACE, **PATIENT}))
        plan = prepare(config=config, environ={}, simulate="never", listen="127.0.0.1:0", ledger=tmp_path / "l.db")
        broken = SimpleNamespace(assess=assess, presets=plan.classifier.presets, artifact="broken")
        async with (
            serving(Proxy(replace(plan, classifier=broken))) as port,
            httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as http,
        ):
            replies = [told(await http.post(PATH, json={**BODY, "model": "auto", "stream": stream})) for _ in range(5)]

    assert [(reply.status, reply.text) for reply in replies] == [(200, ANSWER)] * 5
    assert {reply.headers["x-router-degraded"] for reply in replies} == {"classifier"}
    assert {reply.headers["x-router-required-tier"] for reply in replies} == {"medium"}
    with closing(sqlite3.connect(tmp_path / "l.db")) as connection:
        assert connection.execute("SELECT status, reason FROM request").fetchall() == [("ok", "classifier_failed")] * 5
