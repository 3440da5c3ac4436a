"""How the process ends: what is under way is finished, what is longer is told, and everything has its row."""

import asyncio
import json
import signal
import time
from pathlib import Path

import pytest

from tests.fakes import behaviour
from tests.fakes.caller import Answer, ask, read_answer, request
from tests.fakes.process import served
from tests.fakes.proxy import CONFIG
from tests.fakes.until import until
from tests.fakes.upstream import FakeUpstream

STREAMS = 200
SHORT = (
    "delivery: {deadline: 60s, first_byte_timeout: 30s, idle_timeout: 30s, connect_timeout: 5s}\nserver: {drain: 2s}"
)


def config(upstream: FakeUpstream, delivery: str = SHORT) -> str:
    """Return the usual configuration with patience and a drain of 2 s."""
    text = CONFIG.format(base_url=upstream.base_url)
    return "\n".join(delivery if line.startswith("delivery:") else line for line in text.splitlines())


async def under_way(upstream: FakeUpstream, count: int) -> None:
    """Return once the upstream has seen so many requests."""
    await until(lambda: len(upstream.seen) >= count, 30, shows=lambda: len(upstream.seen))


async def begin(port: int, count: int, model: str, *, stream: bool = True) -> list[asyncio.Task[Answer]]:
    """Send so many requests."""
    return [asyncio.create_task(ask(port, model, stream=stream, number=number)) for number in range(count)]


async def test_200_open_streams_end_with_done_and_each_has_its_row(upstream: FakeUpstream, tmp_path: Path) -> None:
    """SIGTERM in their middle: all go on to [DONE] and close, new connections are refused, the exit code is 0."""
    upstream.script(behaviour.stream(6, delay=0.25))
    long = SHORT.replace("2s", "30s")
    async with served(config(upstream, long), tmp_path) as process:
        asked = await begin(process.port, STREAMS, "tier/easy")
        await under_way(upstream, STREAMS)
        process.signal(signal.SIGTERM)
        await process.logs("draining")
        late = await ask(process.port)
        answers = await asyncio.gather(*asked)
        code = await process.ended()

    assert late.broke is not None
    assert [(answer.complete, answer.done, answer.error) for answer in answers] == [(True, True, None)] * STREAMS
    assert code == 0
    rows = process.rows()
    assert sorted(row["decision_id"] for row in rows) == sorted(str(answer.decision) for answer in answers)
    assert {row["status"] for row in rows} == {"ok"}


async def test_what_is_longer_than_the_drain_is_told_and_has_its_row(upstream: FakeUpstream, tmp_path: Path) -> None:
    """A stream gets an error event and no [DONE], an answer that did not begin a 503; both rows say interrupted."""
    upstream.script(behaviour.hang_mid_stream(), model="small-1")
    upstream.script(behaviour.hang_before_headers(), model="large-1")
    async with served(config(upstream), tmp_path) as process:
        streams = await begin(process.port, 20, "tier/easy")
        wholes = await begin(process.port, 20, "large", stream=False)
        await under_way(upstream, 40)
        process.signal(signal.SIGTERM)
        began = time.monotonic()
        cut, refused = await asyncio.gather(*streams), await asyncio.gather(*wholes)
        code = await process.ended()
        took = time.monotonic() - began

    assert [(answer.status, answer.complete, answer.done) for answer in cut] == [(200, True, False)] * 20
    assert {answer.error["code"] for answer in cut} == {"shutting_down"}
    assert not any("Retry-After" in answer.error["message"] for answer in cut)  # a stream has no header left
    assert [(answer.status, answer.headers["connection"]) for answer in refused] == [(503, "close")] * 20
    assert {answer.error["code"] for answer in refused} == {"shutting_down"}
    assert (code, took < 2 + 4) == (0, True)
    rows = process.rows()
    assert len(rows) == 40
    assert {(row["status"], row["error_code"]) for row in rows} == {("interrupted", "shutting_down")}
    assert {row["attempts"][-1]["ending"] for row in rows} == {"abandoned"}


@pytest.mark.parametrize("surface", ["/v1/messages", "/v1/responses"])
async def test_each_surface_is_told_in_its_own_terms(upstream: FakeUpstream, tmp_path: Path, surface: str) -> None:
    """The other surfaces' streams end with their own error event."""
    upstream.script(behaviour.hang_mid_stream())
    asks = {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 50}
    if surface == "/v1/responses":
        asks = {"input": "Hi"}
    body = json.dumps({"model": "tier/easy", "stream": True, **asks}).encode()
    head = (
        f"POST {surface} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    async with served(config(upstream, SHORT.replace("2s", "200ms")), tmp_path) as process:
        reader, writer = await asyncio.open_connection("127.0.0.1", process.port)
        writer.write(head.encode() + body)
        await under_way(upstream, 1)
        process.signal(signal.SIGTERM)
        answer = Answer()
        await read_answer(reader, answer)
        writer.close()
        assert await process.ended() == 0

    assert answer.complete
    assert b"event: error" in answer.body or b"event: response.failed" in answer.body
    assert b"process ends" in answer.body
    assert [row["status"] for row in process.rows()] == ["interrupted"]


async def test_a_second_signal_is_quick_and_loses_no_row(upstream: FakeUpstream, tmp_path: Path) -> None:
    """Two signals end it within about a second; what was answered has its row, and what was cut off has one too."""
    upstream.script(behaviour.ok(), model="small-1")
    upstream.script(behaviour.hang_mid_stream(), model="large-1")
    async with served(config(upstream, SHORT.replace("2s", "60s")), tmp_path) as process:
        answered = await asyncio.gather(*await begin(process.port, 50, "tier/easy", stream=False))
        cut = await begin(process.port, 50, "large")
        await under_way(upstream, 100)
        process.signal(signal.SIGTERM)
        await process.logs("draining")
        began = time.monotonic()
        process.signal(signal.SIGINT)
        code = await process.ended()
        took = time.monotonic() - began
        ended = await asyncio.gather(*cut)

    assert (code, took < 3) == (0, True)
    assert all(answer.error["code"] == "shutting_down" for answer in ended)
    rows = {row["decision_id"]: row["status"] for row in process.rows()}
    assert [rows[str(answer.decision)] for answer in answered] == ["ok"] * 50
    assert sorted(rows.values()) == ["interrupted"] * 50 + ["ok"] * 50


async def test_idle_connections_close_at_once_and_the_delay_lets_others_be_noticed(
    upstream: FakeUpstream, tmp_path: Path
) -> None:
    """While the drain is delayed, /readyz says 503 and requests are answered with `connection: close`."""
    upstream.script(behaviour.ok())
    async with served(config(upstream, SHORT.replace("2s", "30s, drain_delay: 2s")), tmp_path) as process:
        reader, writer = await asyncio.open_connection("127.0.0.1", process.port)
        writer.write(request("tier/easy"))
        first = Answer()
        await read_answer(reader, first)
        probe = b"GET /readyz HTTP/1.1\r\nhost: a\r\n\r\n"
        before, after = Answer(), Answer()
        probing, probe_writer = await asyncio.open_connection("127.0.0.1", process.port)
        probe_writer.write(probe)
        await read_answer(probing, before)
        process.signal(signal.SIGTERM)
        await asyncio.sleep(0.4)
        probe_writer.write(probe)
        await read_answer(probing, after)
        late = await ask(process.port)
        idle_for = time.monotonic()
        rest = await reader.read()
        idle_for = time.monotonic() - idle_for
        code = await process.ended()
        writer.close()
        probe_writer.close()

    assert ("connection" in first.headers, before.status, rest) == (False, 200, b"")
    assert (after.status, after.headers["connection"]) == (503, "close")
    assert (late.status, late.headers["connection"]) == (200, "close")
    assert (code, idle_for < 6) == (0, True)
