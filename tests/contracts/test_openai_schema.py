"""Every body and every event of ours is as OpenAI's published schemas have it.

The schemas lie beside the project and are no part of it; where they are absent, the types of the openai package are
what the other tests hold answers against.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.fakes import behaviour
from tests.fakes.completion import DONE, chunk, completion, event, stream_events, usage
from tests.fakes.openai_schema import ABSENT, ABSENT_BECAUSE, events, violations
from tests.fakes.proxy import CONFIG, running
from tests.fakes.upstream import FakeUpstream

pytestmark = pytest.mark.skipif(ABSENT, reason=ABSENT_BECAUSE)

CHAT, RESPONSES = "/v1/chat/completions", "/v1/responses"
WHOLE = {CHAT: "CreateChatCompletionResponse", RESPONSES: "Response"}
STREAMED = {CHAT: "CreateChatCompletionStreamResponse", RESPONSES: "ResponseStreamEvent"}
QUESTION: dict[str, Any] = {CHAT: {"messages": [{"role": "user", "content": "hi"}]}, RESPONSES: {"input": "hi"}}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
TOOLS: dict[str, Any] = {
    CHAT: [{"type": "function", "function": {"name": "weather", "parameters": SCHEMA}}],
    RESPONSES: [{"type": "function", "name": "weather", "parameters": SCHEMA}, {"type": "function", "name": "now"}],
}
CONFIGURED = CONFIG.replace("routes:", "responses: {{store: true}}\nroutes:").replace(": 1s", ": 20s")


def calling(**more: Any) -> dict[str, Any]:
    """Return what calls a tool, in a message or a delta."""
    function = {"name": "weather", "arguments": '{"city": "Paris"}'}
    return {"tool_calls": [{"id": "call_1", "type": "function", "function": function, **more}]}


def answered(message: dict[str, Any], finish: str = "stop") -> bytes:
    """Return a whole answer of this message."""
    said = {"role": "assistant", "content": None, "refusal": None, **message}
    choice = {"index": 0, "message": said, "finish_reason": finish, "logprobs": None}
    return json.dumps(completion(choices=[choice], tokens=usage())).encode()


def streamed(*deltas: dict[str, Any], finish: str = "stop") -> tuple[bytes, ...]:
    """Return a stream of these deltas."""
    return (*(event(chunk(delta)) for delta in deltas), event(chunk(finish=finish)), DONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What an upstream answers, whole and streamed, and what is asked besides, by path."""

    id: str
    message: dict[str, Any]
    deltas: tuple[dict[str, Any], ...]
    finish: str = "stop"
    asked: dict[str, dict[str, Any]] = field(default_factory=dict)
    paths: tuple[str, ...] = (CHAT, RESPONSES)


CASES = (
    Case(
        id="text", message={"content": "Paris."}, deltas=({"role": "assistant", "content": "Pa"}, {"content": "ris."})
    ),
    Case(
        id="a call",
        message=calling(),
        deltas=(calling(index=0),),
        finish="tool_calls",
        asked={path: {"tools": tools} for path, tools in TOOLS.items()},
    ),
    Case(
        id="a thought, text and a call",
        message={"reasoning_content": "Hm.", "content": "Well.", **calling()},
        deltas=({"reasoning_content": "Hm."}, {"content": "Well."}, calling(index=0)),
        finish="tool_calls",
        asked={RESPONSES: {"tools": TOOLS[RESPONSES], "tool_choice": "auto", "reasoning": {"effort": "low"}}},
        paths=(RESPONSES,),
    ),
    Case(id="cut off", message={"content": "Pa"}, deltas=({"content": "Pa"},), finish="length"),
    Case(id="filtered", message={"content": "Pa"}, deltas=({"content": "Pa"},), finish="content_filter"),
    Case(id="a refusal", message={"refusal": "No."}, deltas=({"refusal": "No."},)),
    Case(
        id="structure",
        message={"content": "{}"},
        deltas=({"content": "{}"},),
        asked={
            CHAT: {"response_format": {"type": "json_schema", "json_schema": {"name": "s", "schema": SCHEMA}}},
            RESPONSES: {
                "text": {"format": {"type": "json_schema", "name": "s", "schema": SCHEMA, "strict": True}},
                "instructions": "Be brief.",
                "metadata": {"a": "b"},
                "max_output_tokens": 9,
                "temperature": 0,
                "top_p": 1,
                "user": "u",
                "parallel_tool_calls": False,
                "prompt_cache_key": "k",
            },
        },
    ),
)
EACH = [pytest.param(case, path, id=f"{case.id} {path}") for case in CASES for path in case.paths]


@pytest.fixture
def configuration() -> str:
    """Return the configuration of a proxy that keeps responses."""
    return CONFIGURED


@pytest.mark.parametrize(("case", "path"), EACH)
async def test_whole_answers(http: httpx2.AsyncClient, upstream: FakeUpstream, case: Case, path: str) -> None:
    """A whole answer, and what is kept of it."""
    upstream.script(behaviour.answer(answered(case.message, case.finish)))

    answer = await http.post(path, json={"model": "auto", **QUESTION[path], **case.asked.get(path, {})})

    assert answer.status_code == 200
    assert violations(WHOLE[path], answer.json()) == []
    if path == RESPONSES:
        name = answer.json()["id"]
        again = await http.get(f"{path}/{name}")
        assert violations("Response", again.json()) == []


@pytest.mark.parametrize(("case", "path"), EACH)
async def test_streams(http: httpx2.AsyncClient, upstream: FakeUpstream, case: Case, path: str) -> None:
    """Every event of a stream."""
    upstream.script(behaviour.events(*streamed(*case.deltas, finish=case.finish)))

    answer = await http.post(path, json={"model": "auto", "stream": True, **QUESTION[path], **case.asked.get(path, {})})

    told = events(answer.content)
    assert len(told) > 1
    assert [wrong for one in told for wrong in violations(STREAMED[path], one)] == []


async def test_a_response_that_fails(http: httpx2.AsyncClient, upstream: FakeUpstream) -> None:
    """The events of a stream that breaks off."""
    upstream.script(behaviour.error_in_stream())

    answer = await http.post(RESPONSES, json={"model": "auto", "stream": True, "input": "hi"})

    told = events(answer.content)
    assert told[-1]["type"] == "response.failed"
    assert [wrong for one in told for wrong in violations("ResponseStreamEvent", one)] == []


async def test_models(http: httpx2.AsyncClient) -> None:
    """The list, and each entry by its name."""
    listed = (await http.get("/v1/models")).json()

    assert violations("ListModelsResponse", listed) == []
    for model in listed["data"]:
        assert violations("Model", (await http.get(f"/v1/models/{model['id']}")).json()) == []


async def test_errors(http: httpx2.AsyncClient, upstream: FakeUpstream) -> None:
    """Whoever is to blame, on the hot paths and beside them."""
    upstream.script(*[behaviour.status(code) for code in (400, 429, 500, 500, 500)])
    asked = {"model": "auto", **QUESTION[CHAT]}
    answers = [
        await http.post(CHAT, json=asked),
        await http.post(CHAT, json=asked),
        await http.post(CHAT, content=b"no JSON"),
        await http.post(CHAT, json={**asked, "model": "nobody"}),
        await http.post(CHAT, json={**asked, "max_tokens": 10**9}),
        await http.post(RESPONSES, json={"model": "auto"}),
        await http.get(CHAT),
        await http.get("/v1/models/nobody"),
        await http.get("/v1/responses/nobody"),
        await http.get("/v1/nothing"),
    ]

    assert all(answer.status_code >= 400 for answer in answers)
    assert [violations("ErrorResponse", answer.json()) for answer in answers] == [[]] * len(answers)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("path", [CHAT, RESPONSES])
@pytest.mark.parametrize("tools", [False, True], ids=["text", "tools"])
async def test_simulated_answers(tmp_path: Path, path: str, stream: bool, tools: bool) -> None:
    """What the simulator writes is OpenAI's form too."""
    more = {"tools": TOOLS[path], "tool_choice": "required"} if tools else {}
    config = CONFIG.format(base_url="http://127.0.0.1:9/v1")
    async with running(config, tmp_path, simulate="always") as proxy, httpx2.AsyncClient(timeout=60) as client:
        url = f"http://127.0.0.1:{proxy.port}{path}"
        answer = await client.post(url, json={"model": "auto", "stream": stream, **QUESTION[path], **more})

    told = events(answer.content) if stream else [answer.json()]
    assert answer.status_code == 200
    assert [wrong for one in told for wrong in violations((STREAMED if stream else WHOLE)[path], one)] == []


def test_violations_are_found() -> None:
    """A member that lacks, or has another type, is one."""
    assert violations("ErrorResponse", {"error": {"message": "x"}}) != []
    assert violations("ResponseStreamEvent", {"type": "response.created"}) != []
    assert len(stream_events(["a"])) > 1
