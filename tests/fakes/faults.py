"""A stage for faults: a proxy, its two upstreams at two faulty servers, and what a client and the ledger see.

async with staged(tmp_path) as stage:
stage.cheap.script(behaviour.status(500))
stage.dear.script(stage.well(stream=True))
told = await stage.ask(stream=True)
assert (told.status, told.text, told.done) == (200, "Paris", True)
assert stage.account() == Account(status="ok", attempts=("small broken", "middle answered"), ...)
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from tests.fakes import behaviour
from tests.fakes.proxy import RunningProxy, running
from tests.fakes.upstream import Behaviour, FakeUpstream

CONFIG = """
version: 1
providers:
  one: {{kind: vllm, base_url: "{cheap}"}}
  two: {{kind: vllm, base_url: "{dear}"}}
upstreams:
  small: {{provider: one, model: small-1, tier: easy, window: 128000, capabilities: [tools, json_schema, vision],
    price: {{input: 0.1, output: 0.4, as_of: 2026-11-01}}}}
  middle: {{provider: two, model: middle-1, tier: medium, window: 128000, capabilities: [tools, json_schema, vision],
    price: {{input: 0.5, output: 2, as_of: 2026-11-01}}}}
routes: {{auto: {{}}}}
delivery: {{deadline: {deadline}, first_byte_timeout: {first_byte}, idle_timeout: {idle}, connect_timeout: {connect},
  keep_alive: {keep_alive}, cooldown: {cooldown}, event_limit_bytes: 1048576, reply_limit_bytes: {reply_limit}}}
baseline: middle
"""
"""Two upstreams, the cheaper one first; limits are small, so that faults show soon."""

PACE = {
    "deadline": "4s",
    "connect": "500ms",
    "first_byte": "400ms",
    "idle": "400ms",
    "keep_alive": "15s",
    "cooldown": "30s",
    "reply_limit": "4194304",
}
PATIENT = {"connect": "10s", "first_byte": "20s", "idle": "20s", "deadline": "30s"}
"""For tests of what is not a time-out, also on a machine that is busy."""

_THIRD = """\
  large: {provider: three, model: large-1, tier: hard, window: 128000, price: {input: 2, output: 9}}
"""

HELLO = [{"role": "user", "content": "What is the capital of France?"}]
ANSWER = "Paris"
PATH = "/v1/chat/completions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a client saw: status, the text that it got, the code of an error, whether a stream said [DONE]."""

    status: int
    text: str
    code: str | None
    done: bool
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What the ledger says of a request: its end, "upstream ending" of each attempt, whether tokens are an estimate.

    `estimated` None: there are no tokens. `paid` says whether there is a cost.
    """

    status: str
    code: str | None = None
    attempts: tuple[str, ...]
    estimated: bool | None = None
    paid: bool = False


class Stage:
    """A running proxy, its upstreams, and a client."""

    def __init__(self, proxy: RunningProxy, cheap: FakeUpstream, dear: FakeUpstream, http: httpx2.AsyncClient) -> None:
        self.proxy = proxy
        self.cheap = cheap
        self.dear = dear
        self.http = http

    @staticmethod
    def well(*, stream: bool) -> Behaviour:
        """Return a proper answer, which says ANSWER."""
        return behaviour.stream([ANSWER[:2], ANSWER[2:]]) if stream else behaviour.ok(ANSWER)

    async def ask(self, *, stream: bool = False, model: str = "tier/easy", **more: Any) -> Told:
        """Send one chat completion and return what came."""
        body = {"model": model, "messages": HELLO, "stream": stream, **more}
        return told(await self.http.post(PATH, json=body))

    async def rows(self, count: int) -> list[dict[str, Any]]:
        """Return the ledger's rows once there are `count` of them; TimeoutError after 5 seconds."""
        async with asyncio.timeout(5):
            while len(found := self.proxy.rows()) < count:  # noqa: ASYNC110  # a file has no event to wait for
                await asyncio.sleep(0.01)
        return found

    async def account(self, count: int = 1) -> Account:
        """Return what the last of `count` rows says."""
        rows = await self.rows(count)
        assert len(rows) == count
        return account_of(rows[-1])


def account_of(row: Mapping[str, Any]) -> Account:
    """Return what a row of the ledger says."""
    return Account(
        status=row["status"],
        code=row["error_code"],
        attempts=tuple(f"{attempt['upstream']} {attempt['ending']}" for attempt in row["attempts"]),
        estimated=None if row["output_tokens"] is None else bool(row["estimated"]),
        paid=row["cost_pico"] is not None,
    )


def told(response: httpx2.Response) -> Told:
    """Return what a response to a chat completion says, streamed or not."""
    if response.headers["content-type"].startswith("text/event-stream"):
        lines = [line[6:] for line in response.text.split("\n") if line.startswith("data: ")]
        events = [json.loads(line) for line in lines if line != "[DONE]"]
    else:
        lines, events = [], [response.json()]
    choices = [choice for event in events for choice in event.get("choices", ())]
    said = [choice.get("delta") or choice.get("message") or {} for choice in choices]
    return Told(
        status=response.status_code,
        text="".join(part.get("content") or "" for part in said),
        code=next((event["error"]["code"] for event in events if "error" in event), None),
        done=lines[-1:] == ["[DONE]"],
        headers=response.headers,
    )


@contextlib.asynccontextmanager
async def staged(
    folder: Path, at: Callable[[str], str] = str, more: str | None = None, **pace: str
) -> AsyncIterator[Stage]:
    """Set the stage; `at` changes the cheap upstream's address, `pace` what PACE says.

    `more` is the address of a third upstream, dearer than the others.
    """
    async with FakeUpstream() as cheap, FakeUpstream() as dear:
        config = CONFIG.format(cheap=at(cheap.base_url), dear=dear.base_url, **{**PACE, **pace})
        if more is not None:
            config = config.replace(
                "upstreams:\n", f'  three: {{kind: vllm, base_url: "{more}"}}\nupstreams:\n{_THIRD}'
            )
        async with (
            running(config, folder) as proxy,
            httpx2.AsyncClient(base_url=f"http://127.0.0.1:{proxy.port}", timeout=30) as http,
        ):
            yield Stage(proxy, cheap, dear, http)
