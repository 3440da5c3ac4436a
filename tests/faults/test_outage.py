"""Upstreams that fail for a while: who is left alone, how many calls an outage makes, and the way back."""

import asyncio
import itertools
import os
import random
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.fakes import behaviour
from tests.fakes.faults import ANSWER, PATIENT, Account, Stage, staged
from tests.fakes.upstream import Behaviour, Exchange, FakeUpstream

FULL = os.environ.get("TIERWISE_FAULTS") == "full"
"""`make faults` sets it: then it takes minutes."""


async def crowd(stage: Stage, requests: int, at_once: int, *, stream: bool = False) -> Counter[int]:
    """Send so many requests, so many at once; return how often each status came."""
    statuses: Counter[int] = Counter()
    turns = itertools.count()

    async def ask() -> None:
        while next(turns) < requests:
            statuses[(await stage.ask(stream=stream)).status] += 1

    await asyncio.gather(*(ask() for _ in range(at_once)))
    return statuses


@pytest.mark.fault(
    "F4",
    "everybody fails, for long",
    client="502 at once, each with one clear error",
    ledger="failed, one row a request; with many callers 1.2 calls a request at most once the outage is known",
)
async def test_an_outage_is_not_multiplied(tmp_path: Path) -> None:
    """When all upstreams are down, further attempts stay within a fifth of the requests, but for those under way."""
    async with staged(tmp_path, **PATIENT) as stage:
        stage.cheap.script(behaviour.status(500))
        stage.dear.script(behaviour.status(500))

        statuses = await crowd(stage, 800, 60)

        calls = len(stage.cheap.seen) + len(stage.dear.seen)
        assert statuses == {502: 800}
        assert 800 < calls <= 60 + 1.2 * 800
        assert sum(len(row["attempts"]) for row in await stage.rows(800)) == calls


@pytest.mark.fault(
    "F25",
    "one upstream fails half of its calls",
    client="200, all of them; the flapping one is left alone within seconds",
    ledger="ok, all of them; the first attempt broken where there were two",
)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_a_flapping_upstream(tmp_path: Path, stream: bool) -> None:
    """Clients notice nothing: what fails is made good by the other, and soon nobody calls the one that flaps."""
    dice = random.Random(7)  # which half fails does not matter
    fails, serves = behaviour.status(500), Stage.well(stream=stream)

    async def flap(exchange: Exchange) -> None:
        await (fails if dice.random() < 0.5 else serves)(exchange)

    async with staged(tmp_path, **PATIENT) as stage:
        stage.cheap.script(flap)
        stage.dear.script(serves)
        begun = time.monotonic()

        statuses = await crowd(stage, 1_000, 20, stream=stream)

        assert statuses == {200: 1_000}
        assert stage.cheap.seen[-1].arrived - begun < 10
        assert len(stage.cheap.seen) < 200
        assert len(stage.cheap.seen) + len(stage.dear.seen) <= 1_100


@pytest.mark.fault(
    "F25",
    "one of three upstreams fails half of its calls, and is tried again every second",
    client="99.9 % of the answers at least are 200 (20,000 requests, measured)",
    ledger="ok, all that the client saw as such",
)
@pytest.mark.timeout(900)
async def test_one_of_three_flaps_for_long(tmp_path: Path) -> None:
    """It comes back and falls out again and again; clients hardly notice."""
    dice = random.Random(11)  # which half fails does not matter
    fails, serves = behaviour.status(500), Stage.well(stream=False)
    requests = 20_000 if FULL else 600

    async def flap(exchange: Exchange) -> None:
        await (fails if dice.random() < 0.5 else serves)(exchange)

    async with FakeUpstream() as third, staged(tmp_path, more=third.base_url, cooldown="1s", **PATIENT) as stage:
        stage.cheap.script(flap)
        stage.dear.script(serves)
        third.script(serves)

        statuses = await crowd(stage, requests, 20)

        print(f"\n{dict(statuses)}, {len(stage.cheap.seen)} calls of the one that flaps")  # noqa: T201  # of `make faults`
        assert statuses[200] >= 0.999 * requests
        assert len(stage.cheap.seen) >= 5
        assert sum(row["status"] == "ok" for row in await stage.rows(requests)) == statuses[200]


@pytest.mark.fault(
    "F25",
    "the way back",
    client="200 throughout; after the rest one request tries the upstream, then all go there again",
    ledger="ok; one attempt at a time at the upstream that rested",
)
async def test_the_way_back(tmp_path: Path) -> None:
    """Half open, one of many simultaneous requests tries, and nobody else meanwhile; then all come back."""
    at_once = most = 0

    async def slowly(exchange: Exchange) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.3)
        at_once -= 1
        await Stage.well(stream=False)(exchange)

    async with staged(tmp_path, cooldown="1s") as stage:
        stage.cheap.script(behaviour.status(500))
        stage.dear.script(stage.well(stream=False))
        for _ in range(6):
            await stage.ask()
        assert len(stage.cheap.seen) == 5
        stage.cheap.script(slowly)
        await asyncio.sleep(1.1)

        statuses = await crowd(stage, 10, 10)
        tried = len(stage.cheap.seen) - 5
        again = await crowd(stage, 10, 10)

        assert (statuses, again) == ({200: 10}, {200: 10})
        assert tried == 1
        assert most == 10
        assert len(stage.cheap.seen) == 16


@pytest.mark.fault(
    "F25",
    "the last one rests",
    client="it is tried all the same: 200 as soon as it is well",
    ledger="failed while it fails, ok after",
)
async def test_the_last_one_is_never_given_up(tmp_path: Path) -> None:
    """With nobody else to ask, a request is tried at an upstream that rests rather than refused."""
    async with staged(tmp_path) as stage:
        stage.cheap.script(behaviour.status(500))
        stage.dear.script(behaviour.status(500))
        failed = [await stage.ask() for _ in range(12)]
        assert {told.status for told in failed} == {502}
        stage.cheap.script(stage.well(stream=False))
        stage.dear.script(stage.well(stream=False))

        told = await stage.ask()

        assert told.text == ANSWER
        assert (await stage.account(13)).status == "ok"


PAUSED: dict[str, tuple[Behaviour, int, str]] = {
    "429": (behaviour.status(429, headers={"retry-after": "40"}), 429, "rate_limit_exceeded"),
    "503": (behaviour.status(503, headers={"retry-after": "40"}), 503, "upstream_unavailable"),
}


@pytest.mark.fault(
    "F3",
    "everybody asks for a pause",
    client="429 (503) with the smallest wait, at once",
    ledger="failed, no attempt: nobody is called before its time",
)
@pytest.mark.parametrize("kind", PAUSED)
async def test_a_pause_is_kept(tmp_path: Path, kind: str) -> None:
    """The second request is told what is left of the pause without a call."""
    play, status, code = PAUSED[kind]
    async with staged(tmp_path) as stage:
        stage.cheap.script(play)
        stage.dear.script(play)
        await stage.ask()

        told = await stage.ask()

        assert (told.status, told.code) == (status, code)
        assert 30 <= int(told.headers["retry-after"]) <= 40
        assert told.headers["x-should-retry"] == "true"
        assert await stage.account(2) == Account(status="failed", code=code, attempts=())
        assert (len(stage.cheap.seen), len(stage.dear.seen)) == (1, 1)


@pytest.mark.fault(
    "F5",
    "everybody is silent",
    client="504 at the deadline, within 100 ms and what a busy machine takes",
    ledger="failed, each attempt a time-out or abandoned",
)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_the_deadline_is_one_for_all(tmp_path: Path, stream: bool) -> None:
    """However many are silent, the client hears of it at the deadline."""
    async with staged(tmp_path, deadline="1s", first_byte="700ms") as stage:
        stage.cheap.script(behaviour.hang_before_headers())
        stage.dear.script(behaviour.hang_before_headers())
        begun = time.monotonic()

        told = await stage.ask(stream=stream)

        assert (told.status, told.code) == (504, "upstream_timeout")
        assert 0.9 < time.monotonic() - begun < 3
        assert await stage.account() == Account(
            status="failed", code="upstream_timeout", attempts=("small timeout", "middle abandoned")
        )
