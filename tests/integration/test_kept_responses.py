"""Conversations that the proxy keeps, through the real openai SDK, over real sockets."""

import asyncio
import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest

from tests.fakes import behaviour
from tests.fakes.completion import DONE, chunk, completion, event, usage
from tests.fakes.proxy import CONFIG, RunningProxy, running
from tests.fakes.upstream import FakeUpstream

QUESTION = "What is the capital of France?"
WEATHER: Any = {"type": "function", "name": "weather", "parameters": {"type": "object"}}
KEEPING = CONFIG.replace("routes:", "responses: {{store: true, keep: 1h}}\nroutes:")
PATIENT = KEEPING.replace("5s", "60s").replace(": 1s", ": 20s")


@pytest.fixture
def configuration() -> str:
    """Return the configuration of a proxy that keeps responses."""
    return PATIENT


def kept(proxy: RunningProxy) -> int:
    """Return how many responses the file has."""
    with contextlib.closing(sqlite3.connect(f"file:{proxy.ledger}?mode=ro", uri=True)) as connection:
        return connection.execute("SELECT count(*) FROM response").fetchone()[0]


def said(upstream: FakeUpstream, call: int = -1) -> list[tuple[str, Any]]:
    """Return role and content of what the upstream was sent."""
    return [(message["role"], message["content"]) for message in upstream.seen[call].json["messages"]]


async def ask(sdk: openai.AsyncOpenAI, text: Any, *, stream: bool = False, **more: Any) -> Any:
    """Return the whole response to a question, streamed or not."""
    if not stream:
        return await sdk.responses.create(model="auto", input=text, **more)
    async with sdk.responses.stream(model="auto", input=text, **more) as events:
        return await events.get_final_response()


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_a_conversation_goes_on_by_its_id(
    sdk: openai.AsyncOpenAI, upstream: FakeUpstream, proxy: RunningProxy, stream: bool
) -> None:
    """Three turns: each sends the new input only, the upstream sees everything, instructions are the newest alone."""
    answers = ["Paris.", "Two million.", "Yes."]
    upstream.script(*(behaviour.stream([text]) if stream else behaviour.ok(text) for text in answers))

    first = await ask(sdk, QUESTION, stream=stream, instructions="Be brief.")
    second = await ask(sdk, "How many live there?", stream=stream, previous_response_id=first.id)
    third = await ask(sdk, "Many?", stream=stream, previous_response_id=second.id, instructions="Be kind.", store=True)

    assert said(upstream) == [
        ("system", "Be kind."),
        ("user", QUESTION),
        ("assistant", "Paris."),
        ("user", "How many live there?"),
        ("assistant", "Two million."),
        ("user", "Many?"),
    ]
    assert (third.output_text, third.previous_response_id, third.store) == ("Yes.", second.id, True)
    again = await sdk.responses.retrieve(third.id)
    assert (again.id, again.output_text, again.usage) == (third.id, third.output_text, third.usage)
    assert (await sdk.responses.retrieve(first.id)).output_text == "Paris."
    assert (kept(proxy), len(proxy.rows())) == (3, 3)


async def test_tools_and_thoughts_go_on_too(sdk: openai.AsyncOpenAI, upstream: FakeUpstream) -> None:
    """An output alone answers the call of the turn before; what was thought goes back to who can read it."""
    function = {"name": "weather", "arguments": "{}"}
    call = {"index": 0, "id": "call_1", "type": "function", "function": function}
    deltas = [{"reasoning_content": "Hm."}, {"tool_calls": [call]}]
    events = [event(chunk(delta)) for delta in deltas]
    upstream.script(
        behaviour.events(*events, event(chunk(finish="tool_calls")), DONE),
        behaviour.ok("Four degrees."),
        behaviour.ok("Cold."),
    )

    first = await ask(sdk, "How is the weather?", stream=True, tools=[WEATHER])
    output: Any = [{"type": "function_call_output", "call_id": first.output[1].call_id, "output": "4"}]
    second = await ask(sdk, output, previous_response_id=first.id, tools=[WEATHER])
    await ask(sdk, "So?", previous_response_id=second.id)

    assert [item.type for item in first.output] == ["reasoning", "function_call"]
    _, called, answered, told, _ = upstream.seen[2].json["messages"]
    assert (called["reasoning"], called["tool_calls"][0]["function"]) == ("Hm.", function)
    assert (answered["role"], answered["content"]) == ("tool", "4")
    assert answered["tool_call_id"] == called["tool_calls"][0]["id"]
    assert told["content"] == "Four degrees."


async def test_input_items_are_listed(sdk: openai.AsyncOpenAI, upstream: FakeUpstream) -> None:
    """All that led to a response, page by page, in either order."""
    upstream.script(behaviour.ok("Paris."), behaviour.ok("Yes."))
    first = await ask(sdk, QUESTION)
    second = await ask(sdk, [{"role": "user", "content": "Sure?"}], previous_response_id=first.id)

    own = await sdk.responses.input_items.list(first.id)
    everything = [item async for item in sdk.responses.input_items.list(second.id, order="asc", limit=2)]

    assert [item.content[0].text for item in own.data] == [QUESTION]
    assert [item.content[0].text for item in everything] == [QUESTION, "Paris.", "Sure?"]


async def test_what_is_deleted_is_gone(sdk: openai.AsyncOpenAI, upstream: FakeUpstream) -> None:
    """It is not found, not continued, and not deleted twice."""
    upstream.script(behaviour.ok("Paris."))
    first = await ask(sdk, QUESTION)

    await sdk.responses.delete(first.id)

    with pytest.raises(openai.NotFoundError) as missing:
        await sdk.responses.retrieve(first.id)
    with pytest.raises(openai.NotFoundError):
        await sdk.responses.delete(first.id)
    with pytest.raises(openai.NotFoundError):
        await sdk.responses.input_items.list(first.id)
    with pytest.raises(openai.BadRequestError) as broken:
        await ask(sdk, "And?", previous_response_id=first.id)
    assert missing.value.code == "response_not_found"
    assert (broken.value.code, broken.value.param) == ("previous_response_not_found", "previous_response_id")
    assert len(upstream.seen) == 1


async def test_nobody_keeps_what_is_not_to_be_kept(
    sdk: openai.AsyncOpenAI, upstream: FakeUpstream, proxy: RunningProxy
) -> None:
    """`store: false` leaves nothing; neither does an answer that broke off."""
    upstream.script(behaviour.ok("Paris."), behaviour.error_in_stream())

    quiet = await ask(sdk, QUESTION, store=False)
    broken = [one async for one in await sdk.responses.create(model="auto", input=QUESTION, stream=True)]

    assert quiet.store is False
    assert broken[-1].type == "response.failed"
    assert kept(proxy) == 0
    with pytest.raises(openai.NotFoundError):
        await sdk.responses.retrieve(quiet.id)


async def test_callers_have_their_own(upstream: FakeUpstream, tmp_path: Path) -> None:
    """Another key finds nothing under the same id."""
    config = PATIENT + "server: {{auth: {{keys: {{me: $ME, you: $YOU}}}}}}\n"
    keys = {"ME": "key-of-mine-1", "YOU": "key-of-yours-1"}
    upstream.script(behaviour.ok("Paris."))
    async with running(config.format(base_url=upstream.base_url), tmp_path, keys) as proxy:
        mine, yours = (
            openai.AsyncOpenAI(base_url=proxy.base_url, api_key=key, max_retries=0, timeout=30) for key in keys.values()
        )
        first = await ask(mine, QUESTION)

        with pytest.raises(openai.NotFoundError):
            await yours.responses.retrieve(first.id)
        with pytest.raises(openai.BadRequestError, match="previous_response_id"):
            await ask(yours, "And?", previous_response_id=first.id)
        with pytest.raises(openai.NotFoundError):
            await yours.responses.delete(first.id)
        assert (await mine.responses.retrieve(first.id)).id == first.id
        await mine.close()
        await yours.close()


async def test_without_the_setting_nothing_is_remembered(upstream: FakeUpstream, tmp_path: Path) -> None:
    """The refusals name it."""
    async with running(CONFIG.format(base_url=upstream.base_url), tmp_path) as proxy, httpx2.AsyncClient() as http:
        body = {"model": "auto", "input": "hi", "previous_response_id": "resp_1"}
        refused = await http.post(f"{proxy.base_url}/responses", json=body)
        missing = await http.get(f"{proxy.base_url}/responses/resp_1")

    assert (refused.status_code, missing.status_code) == (400, 404)
    for answer in (refused, missing):
        assert "responses.store" in answer.json()["error"]["message"]


async def test_a_response_survives_kill_9(upstream: FakeUpstream, tmp_path: Path) -> None:
    """What the client has read is there after the process was killed and another one was started."""
    config = tmp_path / "tierwise.yaml"
    config.write_text(PATIENT.format(base_url=upstream.base_url))
    upstream.script(behaviour.ok("Paris."), behaviour.ok("Yes."))
    environ = os.environ | {"TIERWISE_LEDGER": str(tmp_path / "ledger.db")}
    command = [sys.executable, "-m", "router", "serve", "--config", str(config), "--listen", "127.0.0.1:0"]
    first = None
    for question in (QUESTION, "Sure?"):
        with subprocess.Popen(  # noqa: ASYNC220  # nothing else waits
            command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as process:
            try:
                port = next(
                    int(part.rsplit(b":", 1)[1].split(b"/")[0])
                    for line in process.stdout
                    for part in line.split()
                    if part.startswith(b"http://127.0.0.1:")
                )
                async with openai.AsyncOpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="x", timeout=60) as sdk:
                    first = await ask(sdk, question, previous_response_id=first and first.id)
            finally:
                process.send_signal(signal.SIGKILL)

    assert [content for _, content in said(upstream)] == [QUESTION, "Paris.", "Sure?"]


async def test_many_at_once_and_none_is_lost(
    http: httpx2.AsyncClient, upstream: FakeUpstream, proxy: RunningProxy
) -> None:
    """Each answer that went out is kept, and says itself."""
    upstream.script(
        *(behaviour.answer(json.dumps(completion(f"answer {n}", tokens=usage())).encode()) for n in range(40))
    )
    body = {"model": "auto", "input": QUESTION}
    answers = await asyncio.gather(*(http.post("/v1/responses", json=body) for _ in range(40)))
    found = await asyncio.gather(*(http.get(f"/v1/responses/{answer.json()['id']}") for answer in answers))

    assert [answer.content for answer in answers] == [answer.content for answer in found]
    assert kept(proxy) == 40
