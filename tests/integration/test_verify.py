"""Verified answers through the running proxy: the real judge, every surface, one ledger."""

from decimal import Decimal
from typing import Any

import httpx2
import openai
import pytest

from router.judge.judge import LIBRARY
from router.usage import Usage
from tests.fakes import behaviour
from tests.fakes.proxy import CONFIG, RunningProxy
from tests.fakes.upstream import FakeUpstream
from tests.fakes.values import price_of

pytest.importorskip(LIBRARY)

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
USER: Any = [{"role": "user", "content": "What is the capital of France?"}]
CHAT = {
    "messages": USER,
    "response_format": {"type": "json_schema", "json_schema": {"name": "c", "schema": SCHEMA}},
}
RESPONSES = {"input": USER, "text": {"format": {"type": "json_schema", "name": "c", "schema": SCHEMA}}}
MESSAGES = {
    "messages": USER,
    "max_tokens": 50,
    "output_config": {"format": {"type": "json_schema", "schema": SCHEMA}},
}
GOOD, BAD = '{"city": "Paris"}', '{"town": "Paris"}'


@pytest.fixture
def configuration() -> str:
    """Return the configuration of a proxy with routes that verify everything."""
    return CONFIG.replace("1s", "20s").replace("5s", "60s") + "verify: [json_schema, tool_args]\n"


def calling(arguments: str) -> dict[str, Any]:
    """Return the choices of an answer that calls a tool."""
    function = {"name": "weather", "arguments": arguments}
    message = {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "c1", "type": "function", "function": function}],
    }
    return {"choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}]}


SURFACES = {"/v1/chat/completions": CHAT, "/v1/responses": RESPONSES, "/v1/messages": MESSAGES}
COURSES = {(GOOD,): "ok", (BAD, GOOD): "escalated", (BAD, BAD): "failed"}


@pytest.mark.parametrize("path", SURFACES)
@pytest.mark.parametrize("texts", COURSES, ids=COURSES.values())
async def test_every_surface_verifies(
    http: httpx2.AsyncClient, upstream: FakeUpstream, proxy: RunningProxy, path: str, texts: tuple[str, ...]
) -> None:
    """The last answer goes out, the header says what it is, and the row has every attempt with its cost."""
    upstream.script(*(behaviour.ok(text) for text in texts))

    answer = await http.post(path, json={"model": "auto:cheap", **SURFACES[path]})

    assert (answer.status_code, answer.headers["x-router-verified"]) == (200, COURSES[texts])
    assert texts[-1].replace('"', '\\"') in answer.text
    assert [seen.model for seen in upstream.seen] == ["small-1", "middle-1"][: len(texts)]
    [row] = proxy.rows()
    assert [bool(attempt["paid"]) for attempt in row["attempts"]] == [len(texts) > 1] * len(texts)
    for paid in [attempt["paid"] for attempt in row["attempts"] if attempt["paid"]]:
        assert price_of(paid["rates"]).cost(Usage(input=12, output=7)) == Decimal(paid["cost"])
    assert price_of(row["rates"]).input == (Decimal("0.1") if len(texts) == 1 else Decimal("0.5"))
    assert row["cost_pico"] == sum(
        (12 * rate + 7 * out) for rate, out in ((100_000, 400_000), (500_000, 2_000_000))[: len(texts)]
    )


async def test_arguments_are_verified(sdk: openai.AsyncOpenAI, upstream: FakeUpstream) -> None:
    """A call whose arguments do not fit the tool is asked for again; the SDK sees the good one only."""
    tool: Any = {"type": "function", "function": {"name": "weather", "parameters": SCHEMA}}
    upstream.script(behaviour.ok(**calling(BAD)), behaviour.ok(**calling(GOOD)))

    raw = await sdk.chat.completions.with_raw_response.create(model="auto:cheap", messages=USER, tools=[tool])

    assert raw.headers["x-router-verified"] == "escalated"
    assert raw.headers["x-router-reason"] == "escalated_answer"
    assert raw.parse().choices[0].message.tool_calls[0].function.arguments == GOOD


async def test_a_hostile_schema_holds_nobody_up(http: httpx2.AsyncClient, upstream: FakeUpstream) -> None:
    """A schema of 2 ** 60 steps ends as unknown; so does one that refers to another server."""
    doubled: dict[str, Any] = {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(60)}
    hostile = ({"$defs": doubled | {"d60": {}}, "$ref": "#/$defs/d0"}, {"$ref": f"{upstream.base_url}/schema.json"})
    for schema in hostile:
        upstream.script(behaviour.ok(GOOD))
        form = {"type": "json_schema", "json_schema": {"name": "c", "schema": schema}}
        body = {"model": "auto:cheap", "messages": USER, "response_format": form}

        answer = await http.post("/v1/chat/completions", json=body)

        assert (answer.status_code, answer.headers["x-router-verified"]) == (200, "unknown")
    assert [seen.path for seen in upstream.seen] == ["/v1/chat/completions"] * 2


async def test_a_stream_passes_as_it_is(http: httpx2.AsyncClient, upstream: FakeUpstream) -> None:
    """No header, no second attempt."""
    upstream.script(behaviour.stream([BAD]))

    answer = await http.post("/v1/chat/completions", json={"model": "auto", "stream": True, **CHAT})

    assert "x-router-verified" not in answer.headers
    assert len(upstream.seen) == 1
