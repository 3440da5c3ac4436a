"""Clients that leave, have no patience, ask for nonsense or do not read: the upstream is let go, and not blamed."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import behaviour
from tests.fakes.completion import event, stream_events
from tests.fakes.faults import ANSWER, HELLO, PATH, PATIENT, Account, Stage, staged
from tests.fakes.upstream import Behaviour, Exchange

BODIES: dict[str, dict[str, Any]] = {
    PATH: {"messages": HELLO},
    "/v1/messages": {"messages": HELLO, "max_tokens": 100},
    "/v1/responses": {"input": "What is the capital of France?"},
}
BEFORE = ("before the headers", behaviour.hang_before_headers())
MIDWAY = ("mid-stream", behaviour.hang_mid_stream())
WHOLE = ("before a whole answer", behaviour.hang_before_headers())


async def send(stage: Stage, path: str, *, stream: bool) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Send a request on a connection of its own; close the writer to leave."""
    body = json.dumps({"model": "tier/easy", "stream": stream, **BODIES[path]}).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", stage.proxy.port)
    head = f"POST {path} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    return reader, writer


LEAVING = [
    pytest.param(
        path,
        play,
        stream,
        id=f"{when}-{path}",
        marks=pytest.mark.fault(
            number,
            f"client leaves {when}, all surfaces",
            client="gone",
            ledger=f"client_closed, {counted}; upstream closed within 1 s, its health untouched",
        ),
    )
    for path in BODIES
    for number, (when, play), stream, counted in (
        ("F10", BEFORE, True, "no tokens"),
        ("F11", MIDWAY, True, "partial tokens, estimated"),
        ("F12", WHOLE, False, "no tokens"),
    )
]


@pytest.mark.parametrize(("path", "play", "stream"), LEAVING)
async def test_a_client_that_leaves(tmp_path: Path, path: str, play: Behaviour, stream: bool) -> None:
    """The upstream's connection is closed within a second, the row says client_closed, nobody else is called."""
    async with staged(tmp_path, **PATIENT) as stage:
        stage.cheap.script(play)
        reader, writer = await send(stage, path, stream=stream)
        await stage.cheap.wait_for(1)
        if play is MIDWAY[1]:
            await reader.readuntil(b"word1")
        writer.close()
        left = time.monotonic()
        async with asyncio.timeout(5):
            await stage.cheap.seen[0].gone.wait()

        assert stage.cheap.seen[0].closed is not None
        assert stage.cheap.seen[0].closed - left < 1
        begun = play is MIDWAY[1]
        assert await stage.account() == Account(
            status="client_closed", attempts=("small abandoned",), estimated=True if begun else None, paid=begun
        )
        assert stage.dear.seen == []


@pytest.mark.fault(
    "F13",
    "callers without patience, callers that ask for nonsense",
    client="gone; 400 as the upstream says it",
    ledger="client_closed; rejected; nobody else notices: the upstream's health is as before",
)
async def test_what_callers_cause_is_not_held_against_the_upstream(tmp_path: Path) -> None:
    """Dozens that leave at once and dozens that are refused do not make the upstream rest."""
    async with staged(tmp_path, **PATIENT) as stage:
        stage.cheap.script(behaviour.hang_before_headers())
        stage.dear.script(behaviour.ok("elsewhere"))
        writers = [(await send(stage, PATH, stream=False))[1] for _ in range(30)]
        await stage.cheap.wait_for(30)
        for writer in writers:
            writer.close()
        rows = await stage.rows(30)
        assert {row["status"] for row in rows} == {"client_closed"}
        stage.cheap.script(behaviour.status(400, {"error": {"message": "no", "type": "invalid_request_error"}}))
        refused = [await stage.ask(temperature=9) for _ in range(30)]
        assert {told.status for told in refused} == {400}
        stage.cheap.script(stage.well(stream=False))

        told = await stage.ask()

        assert told.text == ANSWER
        assert [row["status"] for row in await stage.rows(61)][30:] == ["rejected"] * 30 + ["ok"]


@pytest.mark.fault(
    "F15",
    "a client that does not read",
    client="back-pressure to the upstream; cut off after the idle time-out",
    ledger="client_closed, partial tokens, estimated",
)
async def test_a_client_that_does_not_read(tmp_path: Path) -> None:
    """The upstream is held back, not read into memory, and let go once the client has read nothing for too long."""
    sent = 0
    piece = event({"choices": [{"index": 0, "delta": {"content": "x" * 65_536}, "finish_reason": None}]})

    async def flood(exchange: Exchange) -> None:
        nonlocal sent
        await exchange.head(200, {"content-type": "text/event-stream", "transfer-encoding": "chunked"})
        await exchange.chunk(stream_events(["x"], finish=None, done=False)[0])
        while sent < 1_000:
            await exchange.chunk(piece)
            sent += 1

    async with staged(tmp_path, keep_alive="400ms", idle="1s", deadline="60s", reply_limit="999999999") as stage:
        stage.cheap.script(flood)
        _, writer = await send(stage, PATH, stream=True)
        async with asyncio.timeout(30):
            while not stage.cheap.seen or stage.cheap.seen[0].closed is None:  # noqa: ASYNC110  # it has no event yet
                await asyncio.sleep(0.02)

        assert await stage.account() == Account(
            status="client_closed", attempts=("small abandoned",), estimated=True, paid=True
        )
        writer.transport.abort()

    assert 10 < sent < 900
