"""A machine that lets a process have few files open: nobody hangs, and it goes on once there is room again."""

import asyncio
from pathlib import Path

import pytest

from tests.fakes import behaviour
from tests.fakes.caller import ask
from tests.fakes.process import served
from tests.fakes.proxy import CONFIG
from tests.fakes.until import until
from tests.fakes.upstream import FakeUpstream

FILES = 256
MORE = 150


@pytest.mark.fault(
    "F23",
    "few file descriptors (256)",
    client="200 for who is served; a connection too many gets a 503 `overloaded`, or is closed; nobody hangs",
    ledger="ok for who is served; nothing of the others",
)
async def test_few_files_are_no_standstill(upstream: FakeUpstream, tmp_path: Path) -> None:
    """Idle connections take the places; one more is told so with a 503, and who is served is served to the end."""
    upstream.script(behaviour.stream(4, delay=0.2))
    async with served(CONFIG.format(base_url=upstream.base_url), tmp_path, files=FILES) as process:
        streaming = [asyncio.create_task(ask(process.port, "tier/easy", stream=True)) for _ in range(20)]
        await until(lambda: len(upstream.seen) >= 20, 30, shows=lambda: len(upstream.seen))
        idle = [await asyncio.open_connection("127.0.0.1", process.port) for _ in range(MORE)]
        told = [
            task.result()
            for task in (await asyncio.wait([asyncio.create_task(reader.read(12)) for reader, _ in idle], timeout=3))[0]
        ]
        answers = await asyncio.gather(*streaming)
        for _, writer in idle:
            writer.close()
        upstream.script(behaviour.ok("there"))
        after = [await ask(process.port, "tier/easy") for _ in range(3)]
        rows = process.rows()

    assert told
    assert {line for line in told if line} <= {b"HTTP/1.1 503"}
    assert b"HTTP/1.1 503" in told
    assert [answer.done for answer in answers] == [True] * 20
    assert [answer.complete for answer in after] == [True] * 3
    assert [row["status"] for row in rows] == ["ok"] * 23
