"""A stream that breaks off after its first byte went out: what came is kept, then an error event, and never [DONE]."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fakes import behaviour, bombs
from tests.fakes.completion import DONE, event, stream_events
from tests.fakes.faults import PATIENT, Account, staged
from tests.fakes.upstream import Behaviour

PART = stream_events(["word0 ", "word1 "], finish=None, done=False)
CUT, TOLD = "upstream_stream_interrupted", "upstream_stream_error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    number: str
    fault: str
    play: Callable[[], Behaviour]
    ending: str = "broken"
    code: str = CUT


CASES = (
    Case(number="F6", fault="reset mid-stream", play=behaviour.reset_mid_stream),
    Case(number="F6", fault="closed within an event", play=behaviour.sse_cut),
    Case(number="F6", fault="a chunk cut short", play=lambda: behaviour.events(*PART, then="close")),
    Case(number="F6", fault="a clean end without a finish", play=behaviour.stream_without_finish),
    Case(number="F6", fault="silence mid-stream", play=behaviour.hang_mid_stream, ending="timeout"),
    Case(number="F7", fault="error event mid-stream", play=behaviour.error_in_stream, code=TOLD),
    Case(
        number="F14",
        fault="an event that is not JSON, mid-stream",
        play=lambda: behaviour.events(*PART, b"data: {not json}\n\n"),
    ),
    Case(
        number="F14",
        fault="an event above the limit, mid-stream",
        play=lambda: behaviour.events(*PART, b"data: ", *[b"A" * (bombs.MIB // 16)] * 32),
    ),
    Case(
        number="F14",
        fault="8 MiB in one chunk, mid-stream",
        play=lambda: behaviour.events(*PART, b"data: " + b"A" * (8 * bombs.MIB)),
    ),
)

PLAYS = [
    pytest.param(
        case,
        id=case.fault,
        marks=pytest.mark.fault(
            case.number,
            case.fault,
            client=f"what came, then an error event `{case.code}`; no [DONE], nobody else is asked",
            ledger=f"interrupted, partial tokens, estimated; attempt: {case.ending}",
        ),
    )
    for case in CASES
]


@pytest.mark.parametrize("case", PLAYS)
async def test_after_the_first_byte(tmp_path: Path, case: Case) -> None:
    """The client has what came and knows that it is not all; the row says interrupted, with what it cost so far."""
    async with staged(tmp_path, **({} if case.ending == "timeout" else PATIENT)) as stage:
        stage.cheap.script(case.play())

        told = await stage.ask(stream=True)

        assert (told.status, told.text, told.code, told.done) == (200, "word0 word1 ", case.code, False)
        assert await stage.account() == Account(
            status="interrupted", code=case.code, attempts=(f"small {case.ending}",), estimated=True, paid=True
        )
        [row] = stage.proxy.rows()
        assert row["output_tokens"] > 0
        assert stage.dear.seen == []


TEXT = "Par\u2028is\U0001f5fc"
SAID = [{"role": "assistant", "content": "Pa"}, {"content": "r\u2028is\U0001f5fc"}, {}]
EVENTS = [
    event({"choices": [{"index": 0, "delta": delta, "finish_reason": None if delta else "stop"}]}) for delta in SAID
]
WHOLE = b"".join([*EVENTS, DONE])


@pytest.mark.fault(
    "F6",
    "cut at any byte",
    client="a 502, or what came and an error event, or the whole answer and [DONE]; never a part that looks whole",
    ledger="failed, interrupted or ok: the same as the client saw; one row each",
)
async def test_cut_at_any_byte(tmp_path: Path) -> None:
    """Wherever a stream ends, nobody takes a part of the answer for all of it, and the ledger agrees."""
    seen = []
    async with staged(tmp_path, **PATIENT) as stage:
        for length in range(len(WHOLE) + 1):
            stage.cheap.script(behaviour.events(WHOLE[:length], then="close"))
            told = await stage.ask(stream=True, model="small")
            seen.append("ok" if told.done else "interrupted" if told.status == 200 else "failed")
            assert told.text == TEXT if told.done else TEXT.startswith(told.text)
            assert told.code == (None if told.done else CUT if told.status == 200 else "upstream_broken")
        rows = await stage.rows(len(seen))

    assert [row["status"] for row in rows] == seen
    assert set(seen) == {"failed", "interrupted", "ok"}
