"""Upstreams that are odd but answer: the client notices nothing, and the ledger counts right."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fakes import behaviour, bombs
from tests.fakes.completion import stream_events, usage
from tests.fakes.faults import ANSWER, HELLO, PATH, PATIENT, Account, staged
from tests.fakes.upstream import Behaviour

SPLIT = [ANSWER[:2], ANSWER[2:]]
EVENTS = b"".join(stream_events(SPLIT, tokens=usage(12, 2)))


def slow_drip() -> Behaviour:
    """Send a stream byte by byte."""
    return behaviour.events(*[EVENTS[at : at + 1] for at in range(len(EVENTS))], delay=0.0005)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    number: str
    fault: str
    whole: Callable[[], Behaviour] | None = None
    stream: Callable[[], Behaviour] | None = None
    tokens: tuple[int, int] | None = None
    estimated: bool = False


CASES = (
    Case(
        number="F8",
        fault="no usage",
        whole=lambda: behaviour.ok(ANSWER, tokens=None),
        stream=lambda: behaviour.stream(SPLIT, tokens=None),
        estimated=True,
    ),
    Case(
        number="F9",
        fault="usage of 0 tokens",
        whole=lambda: behaviour.ok(ANSWER, tokens=usage(0, 0)),
        stream=lambda: behaviour.stream(SPLIT, tokens=usage(0, 0)),
        tokens=(0, 0),
    ),
    Case(number="F8", fault="no [DONE] after a finish", stream=lambda: behaviour.stream(SPLIT, done=False)),
    Case(number="F6", fault="slow drip, byte by byte", stream=slow_drip, tokens=(12, 2)),
    Case(
        number="F14",
        fault="compressed without being asked",
        whole=lambda: bombs.packed(ANSWER),
        stream=lambda: bombs.packed(ANSWER),
    ),
    Case(
        number="F14",
        fault="a stream of another content type",
        stream=lambda: behaviour.answer(EVENTS, content_type="text/plain"),
        tokens=(12, 2),
    ),
    Case(
        number="F14",
        fault="lines that end in CRLF, all events in one chunk",
        stream=lambda: behaviour.events(EVENTS.replace(b"\n", b"\r\n")),
        tokens=(12, 2),
    ),
)


def row_of(case: Case) -> pytest.MarkDecorator:
    """Return what the matrix shows of a case."""
    counted = "tokens counted here, estimated" if case.estimated else "tokens as reported, not estimated"
    return pytest.mark.fault(case.number, case.fault, client="the answer, whole", ledger=f"ok, {counted}")


PLAYS = [
    pytest.param(case, kind == "stream", id=f"{case.fault}-{kind}", marks=row_of(case))
    for case in CASES
    for kind in ("whole", "stream")
    if getattr(case, kind) is not None
]


@pytest.mark.parametrize(("case", "stream"), PLAYS)
async def test_odd_answers(tmp_path: Path, case: Case, stream: bool) -> None:
    """The whole answer reaches the client, and the row says ok with the tokens and whose count they are."""
    async with staged(tmp_path, **PATIENT) as stage:
        play = case.stream if stream else case.whole
        stage.cheap.script(play())

        told = await stage.ask(stream=stream)

        assert (told.status, told.text, told.code, told.done) == (200, ANSWER, None, stream)
        assert await stage.account() == Account(
            status="ok", attempts=("small answered",), estimated=case.estimated, paid=True
        )
        [row] = stage.proxy.rows()
        if case.tokens is not None:
            assert (row["input_tokens"], row["output_tokens"]) == case.tokens
        assert "usage" not in told.headers


@pytest.mark.fault(
    "F2",
    "idle connection closed under us",
    client="200, by one retry on a fresh connection; 0 errors of 100",
    ledger="ok, one attempt, flagged ambiguous: the request may have been read",
)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_idle_connections_closed_under_us(tmp_path: Path, stream: bool) -> None:
    """A connection that had served and is lost without a byte is no failure: the call is sent once more."""
    async with staged(tmp_path, **PATIENT) as stage:
        serve = stage.well(stream=stream)
        for turn in range(50):
            stage.cheap.script(serve, behaviour.close_before_headers(), serve)
            first, second = await stage.ask(stream=stream), await stage.ask(stream=stream)
            assert (first.text, second.text, second.code) == (ANSWER, ANSWER, None), turn

        rows = await stage.rows(100)

    assert {row["status"] for row in rows} == {"ok"}
    assert [len(row["attempts"]) for row in rows] == [1] * 100
    assert [row["attempts"][0]["ambiguous"] for row in rows] == [False, True] * 50


@pytest.mark.fault(
    "F6",
    "silence mid-stream, shorter than the time-out",
    client="`: keep-alive` comments between events, then the rest; never within an event",
    ledger="ok",
)
async def test_comments_in_silence(tmp_path: Path) -> None:
    """What stands between client and proxy sees that the stream lives."""
    first, *rest = stream_events(SPLIT, tokens=None)

    async def pausing(exchange: object) -> None:
        await exchange.head(200, {"content-type": "text/event-stream", "transfer-encoding": "chunked"})
        for piece in (first, rest[0][:20], rest[0][20:], *rest[1:]):
            await exchange.chunk(piece)
            await asyncio.sleep(0.5)
        await exchange.chunk(b"")

    async with staged(tmp_path, **PATIENT, keep_alive="200ms") as stage:
        stage.cheap.script(pausing)
        response = await stage.http.post(PATH, json={"model": "tier/easy", "messages": HELLO, "stream": True})
        assert (await stage.account()).status == "ok"

    pieces = response.text.split("\n\n")
    events = [piece for piece in pieces if piece != ": keep-alive"]
    assert events[-2:] == ["data: [DONE]", ""]
    assert 2 <= pieces.count(": keep-alive") <= 12
    assert all(event.startswith("data: {") and event.endswith("}") for event in events[:-2])
