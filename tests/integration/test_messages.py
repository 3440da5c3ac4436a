"""Anthropic's Messages API over real sockets: the requests and events that its documentation shows."""

import asyncio
import json
from typing import Any

import httpx2
import pytest

from tests.fakes import behaviour
from tests.fakes.completion import DONE, chunk, completion, event, usage
from tests.fakes.proxy import RunningProxy
from tests.fakes.upstream import FakeUpstream

HEADERS = {"x-api-key": "none", "anthropic-version": "2023-06-01", "anthropic-beta": "some-beta-2026-01-01"}
HELLO = {"model": "auto", "max_tokens": 1024, "messages": [{"role": "user", "content": "Hello, Claude"}]}
WEATHER = {
    "name": "get_weather",
    "description": "Get the current weather in a given location",
    "input_schema": {
        "type": "object",
        "properties": {"location": {"type": "string", "description": "The city and state, e.g. San Francisco, CA"}},
        "required": ["location"],
    },
}


async def send(http: httpx2.AsyncClient, path: str = "/v1/messages", **members: Any) -> httpx2.Response:
    """Send HELLO with these members."""
    return await http.post(path, json=HELLO | members, headers=HEADERS)


def told(response: httpx2.Response) -> list[dict[str, Any]]:
    """Return the data of a stream's events."""
    pieces = response.text.split("\n\n")[:-1]
    return [json.loads(piece.split("\ndata: ")[1]) for piece in pieces]


def a_call_in_pieces() -> behaviour.Behaviour:
    """Stream some words, then a call."""

    def piece(arguments: str, **more: Any) -> bytes:
        function = {"arguments": arguments, **({"name": "get_weather"} if more else {})}
        return event(chunk({"tool_calls": [{"index": 0, "function": function, **more}]}))

    return behaviour.events(
        event(chunk({"role": "assistant", "content": ""})),
        event(chunk({"content": "Okay, let's check the weather."})),
        piece("", id="call_1", type="function"),
        piece('{"location":'),
        piece(' "San Francisco, CA"}'),
        event(chunk(finish="tool_calls")),
        event(chunk(choices=[], usage=usage(472, 89))),
        DONE,
    )


async def test_a_basic_request(http: httpx2.AsyncClient, upstream: FakeUpstream, proxy: RunningProxy) -> None:
    """A message comes back, and the ledger has the tokens that it tells."""
    upstream.script(behaviour.ok("Hello!", tokens=usage(12, 6, prompt_tokens_details={"cached_tokens": 4})))

    response = await send(http)

    message = response.json()
    assert response.status_code == 200
    assert message.pop("id").startswith("msg_")
    assert message == {
        "type": "message",
        "role": "assistant",
        "model": upstream.seen[0].model,
        "content": [{"type": "text", "text": "Hello!"}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 8, "cache_read_input_tokens": 4, "output_tokens": 6},
    }
    assert upstream.seen[0].header("x-api-key") is None
    [row] = proxy.rows()
    assert (row["status"], row["input_tokens"], row["output_tokens"]) == ("ok", 12, 6)
    assert row["decision_id"] == response.headers["x-router-decision-id"]


async def test_a_conversation_with_a_tool(http: httpx2.AsyncClient, upstream: FakeUpstream) -> None:
    """The call that came as a stream goes back with its result, and the answer ends the turn."""
    upstream.script(a_call_in_pieces(), behaviour.ok("It is 15 degrees."))
    question = {"role": "user", "content": "What is the weather like in San Francisco?"}

    stream = await send(http, stream=True, tools=[WEATHER], tool_choice={"type": "any"}, messages=[question])

    events = told(stream)
    assert [one["type"].removeprefix("content_block_") for one in events] == (
        ["message_start", "start", "delta", "stop", "start", "delta", "delta", "stop", "message_delta", "message_stop"]
    )
    assert events[4]["content_block"] == {"type": "tool_use", "id": "call_1", "name": "get_weather", "input": {}}
    written = events[5]["delta"]["partial_json"] + events[6]["delta"]["partial_json"]
    assert written == '{"location": "San Francisco, CA"}'
    assert events[8]["delta"] == {"stop_reason": "tool_use", "stop_sequence": None}
    assert events[8]["usage"] == {"input_tokens": 472, "output_tokens": 89}

    content = [{"type": "text", "text": "Okay, let's check the weather."}]
    content.append(events[4]["content_block"] | {"input": json.loads(written)})
    result = {"type": "tool_result", "tool_use_id": "call_1", "content": "15 degrees"}
    conversation = [question, {"role": "assistant", "content": content}, {"role": "user", "content": [result]}]
    answer = await send(http, tools=[WEATHER], messages=conversation)

    assert answer.json()["content"] == [{"type": "text", "text": "It is 15 degrees."}]
    asked, said, found = upstream.seen[1].json["messages"]
    assert asked == question
    assert said["tool_calls"][0]["id"] == found["tool_call_id"] == "call_1"
    assert json.loads(said["tool_calls"][0]["function"]["arguments"]) == {"location": "San Francisco, CA"}
    assert upstream.seen[0].json["tool_choice"] == "required"


async def test_a_picture_goes_to_who_can_see_it(http: httpx2.AsyncClient, upstream: FakeUpstream) -> None:
    """The image reaches the upstream byte for byte."""
    upstream.script(behaviour.ok("An ant."))
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/jpeg", "data": "/9j/4AAQSkZJRg=="}}
    content = [picture, {"type": "text", "text": "What is in the above image?"}]

    response = await send(http, messages=[{"role": "user", "content": content}])

    assert response.status_code == 200
    [part, _] = upstream.seen[0].json["messages"][0]["content"]
    assert part == {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,/9j/4AAQSkZJRg=="}}


async def test_thinking_needs_an_upstream_that_reasons(http: httpx2.AsyncClient, upstream: FakeUpstream) -> None:
    """The budget becomes an effort, the reasoning comes back as a block, and the budget is named as dropped."""
    whole = completion("Yes.", tokens=usage())
    whole["choices"][0]["message"]["reasoning_content"] = "Let me think."
    upstream.script(behaviour.answer(json.dumps(whole).encode()))

    response = await send(http, thinking={"type": "enabled", "budget_tokens": 10_000})

    assert response.json()["content"] == [
        {"type": "thinking", "thinking": "Let me think.", "signature": ""},
        {"type": "text", "text": "Yes."},
    ]
    assert (upstream.seen[0].model, upstream.seen[0].json["reasoning_effort"]) == ("large-1", "medium")
    assert response.headers["x-router-dropped-params"] == "thinking.budget_tokens"


async def test_a_stream_arrives_as_it_is_written(http: httpx2.AsyncClient, upstream: FakeUpstream) -> None:
    """The first words are there long before the last ones are sent."""
    upstream.script(behaviour.stream(["Pa", "ris", "."], delay=0.1))
    loop, times, text = asyncio.get_running_loop(), [], ""

    async with http.stream("POST", "/v1/messages", json=HELLO | {"stream": True}, headers=HEADERS) as response:
        async for part in response.aiter_text():
            times.append(loop.time())
            text += part

    assert times[-1] - times[0] > 0.2
    assert text.count("text_delta") == 3


async def test_a_failure_before_the_first_word_goes_to_the_next_upstream(
    http: httpx2.AsyncClient, upstream: FakeUpstream
) -> None:
    """The client sees one stream, of the upstream that answered."""
    upstream.script(behaviour.status(500), behaviour.stream(["Paris."]))

    response = await send(http, stream=True)

    assert response.headers["x-router-attempts"] == "2"
    assert told(response)[0]["message"]["model"] == upstream.seen[1].model


@pytest.mark.parametrize("broken", [behaviour.error_in_stream(), behaviour.sse_cut(), behaviour.reset_mid_stream()])
async def test_a_stream_that_breaks_says_so(
    http: httpx2.AsyncClient, upstream: FakeUpstream, proxy: RunningProxy, broken: behaviour.Behaviour
) -> None:
    """The last event is an error, and the row says interrupted."""
    upstream.script(broken)

    events = told(await send(http, stream=True))

    assert (events[-1]["type"], events[-1]["error"]["type"]) == ("error", "api_error")
    assert [row["status"] for row in proxy.rows()] == ["interrupted"]


async def test_an_upstreams_refusal_keeps_its_status(http: httpx2.AsyncClient, upstream: FakeUpstream) -> None:
    """A rate limit at every upstream is one in Anthropic's shape, with the time to wait."""
    upstream.script(behaviour.status(429, headers={"retry-after": "7"}))

    response = await send(http)

    assert (response.status_code, response.json()["error"]["type"]) == (429, "rate_limit_error")
    assert 1 <= int(response.headers["retry-after"]) <= 7
    assert response.json()["request_id"] == response.headers["request-id"]


async def test_counting_asks_nobody(http: httpx2.AsyncClient, upstream: FakeUpstream, proxy: RunningProxy) -> None:
    """A tool and a text cost tokens; an upstream and the ledger see nothing of it."""
    messages = HELLO["messages"]

    plain = await http.post("/v1/messages/count_tokens", json={"model": "auto", "messages": messages}, headers=HEADERS)
    tools = await send(http, "/v1/messages/count_tokens", tools=[WEATHER])

    assert 0 < plain.json()["input_tokens"] < tools.json()["input_tokens"]
    assert upstream.seen == []
    assert proxy.rows() == []
