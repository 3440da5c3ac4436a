"""Embeddings, completions, kept responses, models of every kind and every surface's errors, by OpenAI's schemas."""

import json
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.fakes import behaviour
from tests.fakes.openai_schema import ABSENT, ABSENT_BECAUSE, events, violations
from tests.fakes.proxy import CONFIG, running
from tests.fakes.upstream import FakeUpstream

pytestmark = pytest.mark.skipif(ABSENT, reason=ABSENT_BECAUSE)

MORE = """
  here: {{provider: one, model: bge-1, serves: embeddings, family: bge, dimensions: 3, window: 512,
    price: {{input: 0.02}}}}
routes: {{auto: {{}}}}
embeddings: {{docs: [here]}}
aliases: {{"gpt-*": auto, "my-own": large}}
responses: {{store: true}}
"""
CONFIGURED = CONFIG.replace("routes: {{auto: {{}}}}\n", MORE.lstrip("\n")).replace(": 1s", ": 20s")
CHAT, COMPLETIONS, EMBEDDINGS, RESPONSES = (
    f"/v1/{name}" for name in ("chat/completions", "completions", "embeddings", "responses")
)
ASKED: dict[str, dict[str, Any]] = {
    CHAT: {"model": "auto", "messages": [{"role": "user", "content": "hi"}]},
    COMPLETIONS: {"model": "auto", "prompt": "hi"},
    EMBEDDINGS: {"model": "docs", "input": "hi"},
    RESPONSES: {"model": "auto", "input": "hi"},
}
ROUTING = ("/v1/router/classify", "/v1/router/multimodel", "/v1/router/raw", "/v1/router/explain")
WEATHER = {"type": "function", "name": "weather", "parameters": {"type": "object", "properties": {}}}


@pytest.fixture
def configuration() -> str:
    """Return the configuration of a proxy with every kind of name, that keeps responses."""
    return CONFIGURED


def vectors(count: int) -> behaviour.Behaviour:
    """Answer so many vectors of three numbers."""
    data = [{"object": "embedding", "index": place, "embedding": [0.5, 0.25, 1.0]} for place in range(count)]
    tokens = {"prompt_tokens": 9, "total_tokens": 9}
    return behaviour.answer(json.dumps({"object": "list", "data": data, "model": "m", "usage": tokens}).encode())


@pytest.mark.parametrize("asked", ["one", ["one", "two"], [1, 2, 3], [[1], [2, 3]]], ids=str)
async def test_embeddings(http: httpx2.AsyncClient, upstream: FakeUpstream, asked: Any) -> None:
    """A list of vectors, as numbers."""
    upstream.script(vectors(2 if isinstance(asked, list) and len(asked) == 2 else 1))

    answer = await http.post(EMBEDDINGS, json={"model": "docs", "input": asked, "encoding_format": "float"})

    assert answer.status_code == 200
    assert violations("CreateEmbeddingResponse", answer.json()) == []


async def test_embeddings_of_a_host_that_leaves_members_out(http: httpx2.AsyncClient, upstream: FakeUpstream) -> None:
    """What the API requires is there whatever the host writes."""
    upstream.script(behaviour.answer(b'{"data": [{"embedding": [0.5, 1, 2]}, {"embedding": [1, 2, 3]}]}'))

    answer = await http.post(EMBEDDINGS, json={"model": "docs", "input": ["one", "two"], "encoding_format": "float"})

    assert violations("CreateEmbeddingResponse", answer.json()) == []
    assert [item["index"] for item in answer.json()["data"]] == [0, 1]


@pytest.mark.parametrize("finish", ["stop", "length", "content_filter", "tool_calls"])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_completions(http: httpx2.AsyncClient, upstream: FakeUpstream, finish: str, stream: bool) -> None:
    """A text, however it ends; a stream's pieces name no end before the last, where the schema knows of none."""
    upstream.script(
        behaviour.stream(["Pa", "ris."], finish=finish) if stream else behaviour.ok("Paris.", finish=finish)
    )

    answer = await http.post(COMPLETIONS, json={**ASKED[COMPLETIONS], "stream": stream})

    told = events(answer.content) if stream else [answer.json()]
    assert answer.status_code == 200
    assert len(told) == (3 if stream else 1)
    assert [wrong for one in told for wrong in violations("CreateCompletionResponse", _ended(one))] == []


def _ended(piece: dict[str, Any]) -> dict[str, Any]:
    """Return a piece of a stream with an end where it names none."""
    choices = [{**choice, "finish_reason": choice["finish_reason"] or "stop"} for choice in piece["choices"]]
    return {**piece, "choices": choices}


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_what_is_kept_of_a_conversation(http: httpx2.AsyncClient, upstream: FakeUpstream, stream: bool) -> None:
    """Both turns, read again, and each of the items that led to the second: text, thought, call, output, picture."""
    call = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
    message = {"role": "assistant", "content": "Well.", "reasoning_content": "Hm.", "tool_calls": [call]}
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
    upstream.script(behaviour.ok(choices=[choice]), *[behaviour.stream(["4."]) if stream else behaviour.ok("4.")])
    picture = {"type": "input_image", "image_url": "data:image/png;base64,aGk=", "detail": "low"}
    shown = {"role": "user", "content": [{"type": "input_text", "text": "Weather?"}, picture]}
    before = [{"role": "developer", "content": "Be brief."}, {"role": "assistant", "content": "Yes?"}, shown]
    first = (await http.post(RESPONSES, json={"model": "auto", "input": before, "tools": [WEATHER]})).json()
    output = {"type": "function_call_output", "call_id": "call_1", "output": "4"}
    asked = {"model": "auto", "previous_response_id": first["id"], "input": [output], "tools": [WEATHER]}

    second = await http.post(RESPONSES, json={**asked, "stream": stream})

    name = events(second.content)[-1]["response"]["id"] if stream else second.json()["id"]
    for kept in (first["id"], name):
        assert violations("Response", (await http.get(f"{RESPONSES}/{kept}")).json()) == []
    listed = (await http.get(f"{RESPONSES}/{name}/input_items?limit=100&order=asc")).json()
    kinds = [item["type"] for item in listed["data"]]
    assert kinds == [*["message"] * 3, "reasoning", "message", "function_call", "function_call_output"]
    assert [wrong for item in listed["data"] for wrong in violations("Item", item)] == []
    assert (await http.delete(f"{RESPONSES}/{name}")).json() == {"id": name, "object": "response", "deleted": True}


async def test_every_kind_of_model(http: httpx2.AsyncClient) -> None:
    """Routes, dials, tiers, upstreams, embeddings and aliases, listed or asked for by their names."""
    listed = (await http.get("/v1/models")).json()

    names = [model["id"] for model in listed["data"]]
    more = ["auto:cheap", "tier/easy", "tier/hard", "one/small-1", "gpt-5", "docs", "my-own", "here"]
    described = [(await http.get(f"/v1/models/{name}")).json() for name in (*names, *more)]
    assert {"auto", "small", "docs", "my-own", "here"} <= set(names)
    assert violations("ListModelsResponse", listed) == []
    assert [wrong for one in described for wrong in violations("Model", one)] == []


@pytest.mark.parametrize("path", ASKED)
async def test_errors_of_each_surface(http: httpx2.AsyncClient, upstream: FakeUpstream, path: str) -> None:
    """The client's, the upstream's, and this proxy's own; whatever an upstream wrote, the four fields are there."""
    asked = ASKED[path]
    bodies = [b"", b"no JSON", b"[]", b'{"model": 1}', b'{"model": "auto", "model": "auto"}', b'{"a":"\xff"}']
    answers = [await http.post(path, content=body) for body in bodies]
    answers += [await http.post(path, json={**asked, **wrong}) for wrong in ({"model": "nobody"}, {"model": "small "})]
    answers += [await http.request(method, path) for method in ("GET", "PUT", "DELETE", "OPTIONS")]
    answers.append(await http.post(path, json=asked, headers={"content-encoding": "gzip"}))
    for wrote in (b"", b"<html>", b'{"error": "text"}', b'{"detail": [{"msg": 1}]}', b'[{"error": {"code": 7}}]'):
        upstream.script(*[behaviour.status(code, wrote) for code in (400, 422, 401, 429, 500)])
        answers += [await http.post(path, json=asked) for _ in range(3)]

    assert {answer.status_code >= 400 for answer in answers} == {True}
    assert [violations("ErrorResponse", answer.json()) for answer in answers] == [[]] * len(answers)


@pytest.mark.parametrize("path", [CHAT, COMPLETIONS, RESPONSES])
async def test_errors_in_a_stream(http: httpx2.AsyncClient, upstream: FakeUpstream, path: str) -> None:
    """A stream that breaks off after it began ends in an error of the surface's own shape."""
    upstream.script(behaviour.error_in_stream())

    told = events((await http.post(path, json={**ASKED[path], "stream": True})).content)

    assert violations("ResponseStreamEvent" if path == RESPONSES else "ErrorResponse", told[-1]) == []


@pytest.mark.parametrize("path", [*ROUTING, "/v1/responses/none/input_items", "/v1/models/", "/v1/none", "/none"])
async def test_errors_beside_the_surfaces(http: httpx2.AsyncClient, path: str) -> None:
    """The routing endpoints, what is not kept, and what is not there."""
    bodies = (b"", b"no JSON", b"{}", b'{"input": 1, "model": "nobody"}', b'{"input": "a", "model": "nobody"}')
    answers = [await http.post(path, content=body) for body in bodies]
    answers += [await http.request(method, path) for method in ("GET", "PATCH")]

    assert [answer.status_code < 400 or violations("ErrorResponse", answer.json()) for answer in answers] == [
        answer.status_code < 400 or [] for answer in answers
    ]
    assert {answer.status_code >= 400 for answer in answers} == {True}


async def test_simulated_answers(tmp_path: Path) -> None:
    """What the simulator embeds and completes is OpenAI's form too."""
    config = CONFIGURED.format(base_url="http://127.0.0.1:9/v1")
    async with running(config, tmp_path, simulate="always") as proxy, httpx2.AsyncClient(timeout=60) as client:
        url = f"http://127.0.0.1:{proxy.port}"
        listed = (await client.get(f"{url}/v1/models")).json()["data"]
        [name, *_] = [model["id"] for model in listed if model["architecture"]["output_modalities"] == ["embeddings"]]
        asked = {"model": name, "input": "hi", "encoding_format": "float"}
        vector = await client.post(f"{url}{EMBEDDINGS}", json=asked)
        text = await client.post(f"{url}{COMPLETIONS}", json=ASKED[COMPLETIONS])

    assert (vector.status_code, text.status_code) == (200, 200)
    assert violations("CreateEmbeddingResponse", vector.json()) == []
    assert violations("CreateCompletionResponse", text.json()) == []
