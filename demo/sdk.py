"""Ask the proxy through the real openai SDK: sync and async, streaming and not, and keep what came back."""

import asyncio
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import openai
from prompts import Row

ROUTE = "auto"
KEY = os.environ.get("TIERWISE_KEY") or "any"
"""On the loopback the proxy asks for no key unless TIERWISE_KEY says so; the SDK always wants one."""

TIMEOUT = 120.0
CONNECTIONS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """How one prompt is sent. `usage` asks for the usage chunk of a stream."""

    asynchronous: bool
    stream: bool
    usage: bool

    @property
    def label(self) -> str:
        """As the table shows it: `sync`, `async stream`, `sync stream+usage` ..."""
        kind = "async" if self.asynchronous else "sync"
        return kind + (" stream" if self.stream else "") + ("+usage" if self.stream and self.usage else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a client saw of one prompt. `cost` is the header's, in USD; None where the header is absent, as in streams.

    `tokens` is (input, output) of the reply's usage; None where it carried none. `error` is set if the SDK raised.
    """

    row: Row
    mode: Mode
    request_id: str = ""
    tier: str = ""
    upstream: str = ""
    reason: str = ""
    cost: Decimal | None = None
    text: str = ""
    tool_calls: int = 0
    finish: str | None = None
    tokens: tuple[int, int] | None = None
    chunks: int = 0
    seconds: float = 0.0
    error: str | None = None


def mode_of(row: Row, index: int) -> Mode:
    """Return how the prompt at `index` is sent: the four ways of a client take turns, whatever streams."""
    return Mode(asynchronous=index // 2 % 2 == 1, stream=row.stream, usage=index // 4 % 2 == 0)


def ask_all(rows: Iterable[Row], base_url: str, connections: int = CONNECTIONS) -> tuple[Answer, ...]:
    """Send every prompt: the sync ones one after the other, the async ones together; return them in order."""
    plan = [(row, mode_of(row, index)) for index, row in enumerate(rows)]
    with openai.OpenAI(base_url=base_url, api_key=KEY, max_retries=0, timeout=TIMEOUT) as client:
        answers = [ask(client, row, mode) for row, mode in plan if not mode.asynchronous]
    together = [(row, mode) for row, mode in plan if mode.asynchronous]
    answers += asyncio.run(_ask_together(together, base_url, connections))
    by_id = {answer.row.id: answer for answer in answers}
    return tuple(by_id[row.id] for row, _ in plan)


async def _ask_together(plan: list[tuple[Row, Mode]], base_url: str, connections: int) -> list[Answer]:
    gate = asyncio.Semaphore(connections)
    async with openai.AsyncOpenAI(base_url=base_url, api_key=KEY, max_retries=0, timeout=TIMEOUT) as client:

        async def one(row: Row, mode: Mode) -> Answer:
            async with gate:
                return await ask_async(client, row, mode)

        return await asyncio.gather(*(one(row, mode) for row, mode in plan))


def ask(client: openai.OpenAI, row: Row, mode: Mode) -> Answer:
    """Send one prompt with the sync client."""
    started = time.perf_counter()
    try:
        raw = client.chat.completions.with_raw_response.create(**_arguments(row, mode))
        reply: Any = raw.parse()
        pieces = list(reply) if mode.stream else [reply]
    except openai.OpenAIError as error:
        return Answer(row=row, mode=mode, error=f"{type(error).__name__}: {error}")
    return _answer(row, mode, raw.headers, pieces, time.perf_counter() - started)


async def ask_async(client: openai.AsyncOpenAI, row: Row, mode: Mode) -> Answer:
    """Send one prompt with the async client."""
    started = time.perf_counter()
    try:
        raw = await client.chat.completions.with_raw_response.create(**_arguments(row, mode))
        reply: Any = raw.parse()
        pieces = [piece async for piece in reply] if mode.stream else [reply]
    except openai.OpenAIError as error:
        return Answer(row=row, mode=mode, error=f"{type(error).__name__}: {error}")
    return _answer(row, mode, raw.headers, pieces, time.perf_counter() - started)


def _arguments(row: Row, mode: Mode) -> dict[str, Any]:
    arguments = {"model": ROUTE, **row.request, "stream": mode.stream}
    if mode.stream and mode.usage:
        arguments["stream_options"] = {"include_usage": True}
    return arguments


def _answer(row: Row, mode: Mode, headers: Mapping[str, str], pieces: list[Any], seconds: float) -> Answer:
    text, calls, finish, tokens = "", 0, None, None
    for piece in pieces:
        for choice in piece.choices:
            part = choice.delta if mode.stream else choice.message
            text += part.content or ""
            calls += len(part.tool_calls or ())
            finish = choice.finish_reason or finish
        if piece.usage is not None:
            tokens = (piece.usage.prompt_tokens, piece.usage.completion_tokens)
    cost = headers.get("x-router-cost-usd")
    return Answer(
        row=row,
        mode=mode,
        request_id=headers.get("x-request-id", ""),
        tier=headers.get("x-router-tier", ""),
        upstream=headers.get("x-router-upstream", ""),
        reason=headers.get("x-router-reason", ""),
        cost=None if cost is None else Decimal(cost),
        text=text,
        tool_calls=calls,
        finish=finish,
        tokens=tokens,
        chunks=len(pieces) if mode.stream else 0,
        seconds=seconds,
    )
