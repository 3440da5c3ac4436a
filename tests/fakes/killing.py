"""kill -9 under load, again and again, and what client, ledger and upstream say of it afterwards.

    found = await kills(10, tmp_path, random.Random(7))
    assert found.wrong == []

Three journals that know nothing of each other are joined: the client's (every byte it saw), the upstream's (every
request that reached it) and the ledger. A request is known by its number: in its x-request-id, in its prompt, and in
the tokens that the upstream bills for it.
"""

import asyncio
import contextlib
import re
import signal
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from tests.fakes import behaviour
from tests.fakes.caller import Answer, ask
from tests.fakes.completion import usage
from tests.fakes.process import Process, rows_of, served
from tests.fakes.proxy import CONFIG
from tests.fakes.upstream import Exchange, FakeUpstream

WHOLE_AT_ONCE = 20
STREAMS_AT_ONCE = 40
LONGEST_ROUND_SECONDS = 1.5

_NUMBER = re.compile(rb"number (\d+)\.")
_FAILS_EVERY = 17
"""Each so many-th request meets a failing upstream first, so that some rows have two attempts."""


@dataclass(slots=True)
class Found:
    """The figures of all rounds; `wrong` has one line for each broken promise."""

    kills: int = 0
    answers: int = 0
    complete: int = 0
    broken_off: int = 0
    calls: int = 0
    rows: Counter[str] = field(default_factory=Counter)
    recovered: int = 0
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        ended = ", ".join(f"{status} {count:,}" for status, count in sorted(self.rows.items()))
        return (
            f"{self.kills} kills: {self.answers:,} answers begun, {self.complete:,} complete, "
            f"{self.broken_off:,} broken off; {self.calls:,} calls seen upstream; rows: {ended} "
            f"({self.recovered:,} recovered); {len(self.wrong)} wrong"
        )


def billed(number: int) -> tuple[int, int]:
    """Return the tokens that the upstream bills for a request: input, output."""
    return 10 + number % 997, 3 + number % 101


async def _reply(exchange: Exchange) -> None:
    """Answer as the request's number says: after a moment, whole or streamed, or with a failure at the first call."""
    number = number_of(exchange.seen.body)
    if number % _FAILS_EVERY == 0 and exchange.seen.model == "small-1":
        await behaviour.status(500)(exchange)
    elif exchange.seen.json.get("stream"):
        await behaviour.stream(5, tokens=usage(*billed(number)), delay=0.002 * (number % 20))(exchange)
    else:
        await behaviour.ok(tokens=usage(*billed(number)), delay=0.001 * (number % 50))(exchange)


def number_of(body: bytes) -> int:
    """Return the number in a request's prompt."""
    found = _NUMBER.search(body)
    assert found is not None
    return int(found[1])


async def kills(count: int, folder: Path, random: Random) -> Found:
    """Serve under load and kill, `count` times on one ledger; then start and end once more, and join the journals."""
    found, answers = Found(), []
    async with FakeUpstream() as upstream:
        upstream.script(_reply)
        config = CONFIG.format(base_url=upstream.base_url)
        for _ in range(count):
            async with served(config, folder) as process:
                _compare_calls(upstream, folder, found)
                answers += await _until_killed(process, len(answers), random)
            found.kills += 1
        async with served(config, folder) as process:
            process.signal(signal.SIGTERM)
            if await process.ended() != 0:
                found.wrong.append("the last end was not clean")
        _compare_calls(upstream, folder, found)
        found.calls = len(upstream.seen)
    _compare_journals(folder, found)
    _compare_answers(answers, folder, found)
    return found


async def _until_killed(process: Process, first: int, random: Random) -> list[Answer]:
    """Keep up the load until the process is killed, at a random time; return what the clients saw."""
    answers: list[Answer] = []
    numbers = iter(range(first + 1, first + 1_000_000))
    over = False

    async def call(*, stream: bool) -> None:
        while not over:
            number = next(numbers)
            answer = await ask(
                process.port, "tier/easy", stream=stream, number=number, headers={"x-request-id": f"n-{number}"}
            )
            answers.append(answer)

    callers = [
        asyncio.create_task(call(stream=number >= WHOLE_AT_ONCE)) for number in range(WHOLE_AT_ONCE + STREAMS_AT_ONCE)
    ]
    await asyncio.sleep(random.uniform(0.05, LONGEST_ROUND_SECONDS))
    process.signal(signal.SIGKILL)
    over = True
    await process.ended()
    await asyncio.gather(*callers)
    return answers


def _compare_calls(upstream: FakeUpstream, folder: Path, found: Found) -> None:
    """See that whatever the upstream was asked has exactly one row, and that its attempts are all there."""
    if not (folder / "ledger.db").exists():
        return
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in rows_of(folder / "ledger.db"):
        rows.setdefault(row["request_id"], []).append(row)
    for number, calls in Counter(number_of(seen.body) for seen in tuple(upstream.seen)).items():
        kept = rows.get(f"n-{number}", [])
        if len(kept) != 1 or len(kept[0]["attempts"]) < calls:
            found.wrong.append(f"request {number}: {calls} calls seen, rows: {kept}")


def _compare_journals(folder: Path, found: Found) -> None:
    """See that nothing stays sent."""
    found.wrong += [f"a journal is left: {path.name}" for path in folder.glob("*.sent-*")]


def _compare_answers(answers: list[Answer], folder: Path, found: Found) -> None:
    """See that every answer that a client saw complete has its row, once, with its tokens and cost."""
    rows = rows_of(folder / "ledger.db")
    found.rows = Counter(row["status"] for row in rows)
    found.recovered = sum(row["error_code"] == "process_died" for row in rows)
    found.answers = sum(bool(answer.status) for answer in answers)
    by_id: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_id.setdefault(row["decision_id"], []).append(row)
    for answer in answers:
        if answer.status == 200 and answer.complete and (b"data:" not in answer.body or answer.done):
            found.complete += 1
            with contextlib.suppress(StopIteration):
                found.wrong.append(next(_faults(answer, by_id.get(str(answer.decision), []))))
        else:
            found.broken_off += bool(answer.raw)


def _faults(answer: Answer, rows: list[dict[str, Any]]) -> Any:
    """Yield what is wrong with the rows of a complete answer."""
    if len(rows) != 1:
        yield f"request {answer.number}: {len(rows)} rows"
        return
    [row] = rows
    tokens = billed(answer.number)
    price = (Decimal("0.1"), Decimal("0.4")) if row["model"] == "small-1" else (Decimal("0.5"), Decimal(2))
    cost = sum(count * each for count, each in zip(tokens, price, strict=True)) * 10**6
    if row["status"] != "ok" or (row["input_tokens"], row["output_tokens"]) != tokens or row["cost_pico"] != cost:
        yield f"request {answer.number}: billed {tokens} for {cost}, row: {row}"
    told = answer.headers.get("x-router-cost-usd")
    if told is not None and Decimal(told).scaleb(12) != row["cost_pico"]:
        yield f"request {answer.number}: told {told}, row: {row}"
