"""The main job through the real openai SDK, over real sockets."""

import asyncio
import json
from decimal import Decimal

import httpx2
import openai
import pydantic
import pytest

from tests.fakes import behaviour
from tests.fakes.proxy import RunningProxy
from tests.fakes.upstream import FakeUpstream

HELLO = [{"role": "user", "content": "What is the capital of France?"}]
PROOF = [{"role": "user", "content": "Prove that every finite group of odd order is solvable, in full detail."}]


async def test_a_whole_answer_with_its_receipt(
    sdk: openai.AsyncOpenAI, upstream: FakeUpstream, proxy: RunningProxy
) -> None:
    """The answer is the upstream's own; headers and ledger say who, why and for how much."""
    upstream.script(behaviour.ok("Paris."))

    raw = await sdk.chat.completions.with_raw_response.create(model="auto", messages=HELLO)
    answer = raw.parse()

    assert answer.choices[0].message.content == "Paris."
    assert answer.model == raw.headers["x-router-model"] == upstream.seen[0].model
    assert raw.headers["x-router-tier"] in {"easy", "medium", "hard", "needs_info"}
    assert raw.headers["x-router-reason"] in {"classified", "low_confidence", "needs_info"}
    assert raw.headers["x-router-attempts"] == "1"
    assert 0 <= float(raw.headers["x-router-confidence"]) <= 1
    assert float(raw.headers["x-router-overhead-ms"]) >= 0
    [row] = proxy.rows()
    assert row["decision_id"] == raw.headers["x-router-decision-id"]
    assert row["request_id"] == raw.headers["x-request-id"]
    assert Decimal(row["cost_pico"]) / 10**12 == Decimal(raw.headers["x-router-cost-usd"])
    assert (row["status"], row["input_tokens"], row["output_tokens"]) == ("ok", 12, 7)


async def test_a_stream_arrives_as_it_is_written(sdk: openai.AsyncOpenAI, upstream: FakeUpstream) -> None:
    """The first chunk is there long before the last one is sent."""
    upstream.script(behaviour.stream(["Pa", "ris", "."], delay=0.1))

    stream = await sdk.chat.completions.create(model="auto", messages=HELLO, stream=True)
    loop, times, text = asyncio.get_running_loop(), [], ""
    async for chunk in stream:
        times.append(loop.time())
        text += chunk.choices[0].delta.content or ""

    assert text == "Paris."
    assert times[-1] - times[0] > 0.2


@pytest.mark.parametrize("asked", [True, False])
async def test_usage_is_asked_for_and_shown_only_on_request(
    sdk: openai.AsyncOpenAI, upstream: FakeUpstream, proxy: RunningProxy, asked: bool
) -> None:
    """The ledger has reported tokens either way; the client sees the usage chunk only if it asked."""
    upstream.script(behaviour.stream(3))
    options = {"stream_options": {"include_usage": True}} if asked else {}

    stream = await sdk.chat.completions.create(model="auto", messages=HELLO, stream=True, **options)
    usages = [chunk.usage async for chunk in stream if chunk.usage is not None]

    assert upstream.seen[0].json["stream_options"] == {"include_usage": True}
    assert len(usages) == int(asked)
    [row] = proxy.rows()
    assert (row["input_tokens"], row["output_tokens"], row["cost_source"]) == (12, 3, "computed")


async def test_a_stream_without_usage_is_estimated_and_says_so(
    sdk: openai.AsyncOpenAI, upstream: FakeUpstream, proxy: RunningProxy
) -> None:
    """No usage from the upstream: the row is marked estimated, its cost is not zero."""
    upstream.script(behaviour.missing_usage(40))

    stream = await sdk.chat.completions.create(model="auto", messages=HELLO, stream=True)
    async for _ in stream:
        pass

    [row] = proxy.rows()
    assert row["cost_source"] == "estimated"
    assert row["estimated"] == 1
    assert 20 <= row["output_tokens"] <= 120
    assert row["cost_pico"] > 0


async def test_unknown_fields_tools_and_schema_survive_byte_for_byte(
    http: httpx2.AsyncClient, upstream: FakeUpstream
) -> None:
    """Everything but the model reaches the upstream exactly as it was sent."""
    upstream.script(behaviour.ok())
    sent = (
        '{ "temperature":1e0,"model" :"auto", "x_future":{"model":"nested","n":[1.50,null]},'
        '"tools":[{"type":"function","function":{"name":"f","parameters":'
        '{"type":"object","properties":{"model":{"type":"string"}}}}}],'
        '"response_format":{"type":"json_schema","json_schema":{"name":"s","schema":{"type":"object"},"strict":true}},'
        '"messages":[{"role":"user","content":"caf\\u00e9 \\ud83d\\ude00 \u2028 \U0001f600","name":"bob"}]'
        ',"seed":7,"reasoning_effort":null}'
    )

    response = await http.post(
        "/v1/chat/completions", content=sent.encode(), headers={"content-type": "application/json"}
    )

    assert response.status_code == 200
    got = upstream.seen[0].body.decode()
    assert got == sent.replace('"model" :"auto"', f'"model" :"{upstream.seen[0].model}"')


async def test_tools_parse_and_structured_output(sdk: openai.AsyncOpenAI, upstream: FakeUpstream) -> None:
    """The SDK's tool calls and .parse() work through the proxy."""

    class Capital(pydantic.BaseModel):
        city: str

    upstream.script(behaviour.ok('{"city": "Paris"}'))
    parsed = await sdk.chat.completions.parse(model="auto", messages=HELLO, response_format=Capital)
    assert parsed.choices[0].message.parsed == Capital(city="Paris")
    assert upstream.seen[0].json["response_format"]["type"] == "json_schema"


@pytest.mark.parametrize(
    ("model", "wire"),
    [
        ("tier/easy", "small-1"),
        ("tier/medium", "middle-1"),
        ("tier/hard", "large-1"),
        ("middle", "middle-1"),
        ("one/large-1", "large-1"),
    ],
)
async def test_names_that_fix_the_tier_or_the_upstream(
    sdk: openai.AsyncOpenAI, upstream: FakeUpstream, model: str, wire: str
) -> None:
    """A fixed tier goes to the cheapest of it; a named upstream is never re-routed."""
    upstream.script(behaviour.ok())

    raw = await sdk.chat.completions.with_raw_response.create(model=model, messages=HELLO)

    assert upstream.seen[0].model == wire
    assert raw.headers["x-router-reason"] in {"override", "explicit"}


async def test_easy_is_cheap_and_hard_is_not(sdk: openai.AsyncOpenAI, upstream: FakeUpstream) -> None:
    """A capital costs less than a proof."""
    upstream.script(behaviour.ok())

    easy = await sdk.chat.completions.with_raw_response.create(model="auto", messages=HELLO)
    hard = await sdk.chat.completions.with_raw_response.create(model="auto:quality", messages=PROOF)

    assert easy.headers["x-router-upstream"] == "small"
    assert hard.headers["x-router-upstream"] in {"middle", "large"}


async def test_the_minimum_tier_header(sdk: openai.AsyncOpenAI, upstream: FakeUpstream) -> None:
    """x-router-min-tier raises and the reason says so; a word that is no tier is a 400."""
    upstream.script(behaviour.ok())

    raised = await sdk.chat.completions.with_raw_response.create(
        model="auto", messages=HELLO, extra_headers={"x-router-min-tier": "hard"}
    )
    assert (upstream.seen[0].model, raised.headers["x-router-reason"]) == ("large-1", "override")
    with pytest.raises(openai.BadRequestError):
        await sdk.chat.completions.create(model="auto", messages=HELLO, extra_headers={"x-router-min-tier": "huge"})


async def test_a_request_id_is_echoed_and_used_twice_keeps_two_rows(
    sdk: openai.AsyncOpenAI, upstream: FakeUpstream, proxy: RunningProxy
) -> None:
    """A client's own id is kept; a retry under the same id loses no row."""
    upstream.script(behaviour.ok())

    for _ in range(2):
        raw = await sdk.chat.completions.with_raw_response.create(
            model="auto", messages=HELLO, extra_headers={"x-request-id": "mine-1"}
        )
        assert raw.headers["x-request-id"] == "mine-1"
    assert [row["request_id"] for row in proxy.rows()] == ["mine-1", "mine-1"]


async def test_the_model_list_through_the_sdk(sdk: openai.AsyncOpenAI) -> None:
    """models.list() names the routes, the tiers and the upstreams."""
    names = [model.id async for model in sdk.models.list()]

    assert {"auto", "auto:cheap", "tier/hard", "small", "large"} <= set(names)


async def test_an_unknown_model_is_openais_404_with_the_nearest_name(
    sdk: openai.AsyncOpenAI, proxy: RunningProxy
) -> None:
    """model_not_found names what was meant, and the ledger keeps the refusal."""
    with pytest.raises(openai.NotFoundError) as caught:
        await sdk.chat.completions.create(model="smal", messages=HELLO)

    assert caught.value.body["code"] == "model_not_found"
    assert "'small'" in caught.value.body["message"]
    assert [row["status"] for row in proxy.rows()] == ["rejected"]


async def test_nothing_eligible_lists_every_upstream(http: httpx2.AsyncClient, upstream: FakeUpstream) -> None:
    """A request for more room than any window has is a 422 that says how much each has."""
    body = {"model": "auto", "messages": HELLO, "max_tokens": 999_999}

    response = await http.post("/v1/chat/completions", json=body)

    assert response.status_code == 422
    message = response.json()["error"]["message"]
    assert all(name in message for name in ("small", "middle", "large"))
    assert "999,999" in message
    assert upstream.seen == []


async def test_nothing_of_the_upstream_reaches_the_client_but_its_answer(
    http: httpx2.AsyncClient, upstream: FakeUpstream
) -> None:
    """Cookies, organisations and addresses of the upstream stay behind; the client's key stays here."""
    secret = {
        "set-cookie": "a=b",
        "openai-organization": "org-1",
        "server": "up/1",
        "x-amzn-requestid": "1",
        "connection": "keep-alive, x-hop",
        "x-hop": "1",
    }
    upstream.script(
        behaviour.answer(json.dumps(behaviour.completion(tokens=behaviour.usage())).encode(), headers=secret)
    )

    response = await http.post(
        "/v1/chat/completions",
        json={"model": "auto", "messages": HELLO},
        headers={"authorization": "Bearer client-key", "cookie": "c=1"},
    )

    assert response.status_code == 200
    assert not {"set-cookie", "openai-organization", "server", "x-amzn-requestid", "x-hop"} & set(response.headers)
    assert upstream.seen[0].header("authorization") is None
    assert upstream.seen[0].header("cookie") is None
