"""An upstream that fails before a byte of its answer went out: another one answers, and alone it is told honestly."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from tests.fakes import behaviour, bombs
from tests.fakes.faults import ANSWER, PATIENT, Account, staged
from tests.fakes.upstream import Behaviour


def in_a_while(seconds: int = 40) -> str:
    """Return a time in HTTP's form."""
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """`ending` of the attempt in the ledger, `status` and `code` for a client with nobody else to be asked.

    `streams` says for which of the two kinds of request the fault exists. `at` changes the upstream's address.
    """

    number: str
    fault: str
    play: Callable[[], Behaviour]
    ending: str
    status: int
    code: str
    retry_after: tuple[int, int] | None = None
    streams: tuple[bool, ...] = (False, True)
    at: Callable[[str], str] = str


AWAY = {"ending": "unreachable", "status": 503, "code": "upstream_unavailable", "retry_after": (5, 5)}
SLOW = {"ending": "timeout", "status": 504, "code": "upstream_timeout"}
FAILED = {"ending": "broken", "status": 502, "code": "upstream_broken"}
LIMITED = {"ending": "rate_limited", "status": 429, "code": "rate_limit_exceeded"}

CASES = (
    Case(number="F1", fault="connection refused", play=behaviour.ok, at=lambda _: "http://127.0.0.1:9/v1", **AWAY),
    Case(number="F1", fault="name not found", play=behaviour.ok, at=lambda _: "http://nobody.invalid/v1", **AWAY),
    Case(
        number="F1",
        fault="TLS that is none",
        play=behaviour.ok,
        at=lambda url: url.replace("http:", "https:"),
        **AWAY,
    ),
    Case(number="F2", fault="reset before headers", play=behaviour.reset_before_headers, **AWAY),
    Case(number="F2", fault="closed before headers", play=behaviour.close_before_headers, **AWAY),
    Case(
        number="F3",
        fault="429, Retry-After in seconds",
        play=lambda: behaviour.status(429, headers={"retry-after": "40"}),
        retry_after=(39, 40),
        **LIMITED,
    ),
    Case(
        number="F3",
        fault="429, Retry-After as a date",
        play=lambda: behaviour.status(429, headers={"retry-after": in_a_while()}),
        retry_after=(35, 40),
        **LIMITED,
    ),
    Case(number="F3", fault="429 without a time", play=lambda: behaviour.status(429), retry_after=(5, 5), **LIMITED),
    Case(number="F4", fault="500", play=lambda: behaviour.status(500), **FAILED),
    Case(number="F4", fault="502", play=lambda: behaviour.status(502, b"<html>bad gateway</html>"), **FAILED),
    Case(
        number="F4",
        fault="503, Retry-After",
        play=lambda: behaviour.status(503, headers={"retry-after": "40"}),
        retry_after=(39, 40),
        **FAILED,
    ),
    Case(number="F4", fault="504", play=lambda: behaviour.status(504), **SLOW),
    Case(number="F5", fault="silence before headers", play=behaviour.hang_before_headers, **SLOW),
    Case(
        number="F5",
        fault="headers, then silence",
        play=lambda: behaviour.events(then="hang"),
        streams=(True,),
        **SLOW,
    ),
    Case(
        number="F5",
        fault="an empty role chunk, then silence",
        play=lambda: behaviour.events(bombs.ROLE_ONLY, then="hang"),
        streams=(True,),
        **SLOW,
    ),
    Case(number="F6", fault="body shorter than promised", play=behaviour.short_body, streams=(False,), **FAILED),
    Case(number="F7", fault="error inside a 200", play=behaviour.error_in_200, **FAILED),
    Case(
        number="F7",
        fault="error as the first event",
        play=lambda: behaviour.events(bombs.ERROR_EVENT),
        streams=(True,),
        **FAILED,
    ),
    Case(number="F14", fault="a web page with 200", play=behaviour.html_200, **FAILED),
    Case(number="F14", fault="an empty 200", play=behaviour.empty_200, **FAILED),
    Case(number="F14", fault="JSON that breaks off", play=behaviour.malformed_json, **FAILED),
    Case(number="F14", fault="events that are not JSON", play=behaviour.malformed_sse, streams=(True,), **FAILED),
    Case(
        number="F14",
        fault="a stream where none was asked for",
        play=behaviour.stream,
        streams=(False,),
        **FAILED,
    ),
    Case(
        number="F14",
        fault="one JSON body for a stream",
        play=behaviour.ok,
        streams=(True,),
        **FAILED,
    ),
    Case(number="F14", fault="a redirect", play=behaviour.redirect, **FAILED),
    Case(number="F14", fault="gzip bomb", play=bombs.gzip_bomb, **FAILED),
    Case(number="F14", fault="deflate bomb in a stream", play=bombs.stream_bomb, streams=(True,), **FAILED),
    Case(number="F14", fault="body above the limit", play=bombs.large_body, streams=(False,), **FAILED),
    Case(number="F14", fault="event above the limit", play=bombs.large_event, streams=(True,), **FAILED),
    Case(number="F14", fault="8 MiB in one chunk", play=bombs.large_chunk, **FAILED),
    Case(number="F14", fault="not HTTP", play=lambda: behaviour.raw(b"SSH-2.0-OpenSSH_9.2\r\n"), **FAILED),
)


def row_of(case: Case) -> pytest.MarkDecorator:
    """Return what the matrix shows of a case."""
    alone = f"{case.status} `{case.code}`" + (" with Retry-After" if case.retry_after else "")
    return pytest.mark.fault(
        case.number,
        case.fault,
        client=f"200 by the next upstream; nobody else: {alone}",
        ledger=f"attempts: {case.ending}, answered; nobody else: failed, no cost",
    )


PLAYS = [
    pytest.param(case, stream, marks=row_of(case), id=f"{case.fault}-{('whole', 'stream')[stream]}")
    for case in CASES
    for stream in case.streams
]


@pytest.mark.parametrize(("case", "stream"), PLAYS)
async def test_before_the_first_byte(tmp_path: Path, case: Case, stream: bool) -> None:
    """The next upstream answers in full; with nobody else the client gets one clear error; each has its one row."""
    async with staged(tmp_path, case.at, **({} if case.number == "F5" else PATIENT)) as stage:
        stage.cheap.script(case.play())
        stage.dear.script(stage.well(stream=stream))

        alone = await stage.ask(stream=stream, model="small")
        first = await stage.account(1)
        told = await stage.ask(stream=stream)

        assert (alone.status, alone.code, alone.text, alone.done) == (case.status, case.code, "", False)
        assert_wait(alone.headers.get("retry-after"), case.retry_after)
        assert first == Account(status="failed", code=case.code, attempts=(f"small {case.ending}",))
        assert (told.status, told.text, told.done, told.code) == (200, ANSWER, stream, None)
        attempts = ("middle answered",) if case.retry_after == (39, 40) or case.ending == "rate_limited" else None
        attempts = attempts or (f"small {case.ending}", "middle answered")
        assert await stage.account(2) == Account(status="ok", attempts=attempts, estimated=False, paid=True)


def assert_wait(header: str | None, wait: tuple[int, int] | None) -> None:
    """Check the Retry-After that a client was told."""
    if wait is None:
        assert header is None
    else:
        assert header is not None
        assert wait[0] <= int(header) <= wait[1]
