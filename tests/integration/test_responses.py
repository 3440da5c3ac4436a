"""The Responses API through the real openai SDK, over real sockets."""

import asyncio
import json
from typing import Any

import httpx2
import openai
import pydantic
import pytest

from tests.fakes import behaviour
from tests.fakes.completion import DONE, chunk, completion, event, usage
from tests.fakes.proxy import RunningProxy
from tests.fakes.responses import LAST, events_of, kinds, response_of
from tests.fakes.upstream import FakeUpstream

QUESTION = "What is the capital of France?"
WEATHER: Any = {
    "type": "function",
    "name": "weather",
    "description": "Tells the weather.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
    "strict": True,
}
ARGUMENTS = '{"city": "Zürich \\"old town\\""}'


class Capital(pydantic.BaseModel):
    """What a structured answer holds."""

    city: str


def calling(arguments: str = ARGUMENTS) -> dict:
    """Return a whole completion that calls the tool."""
    function = {"name": "weather", "arguments": arguments}
    message = {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "call_1", "type": "function", "function": function}],
    }
    return completion(choices=[{"index": 0, "message": message, "finish_reason": "tool_calls"}], tokens=usage())


def calling_events() -> list[bytes]:
    """Return a stream that calls the tool, its arguments in pieces of three characters."""
    pieces = [ARGUMENTS[at : at + 3] for at in range(0, len(ARGUMENTS), 3)]
    first = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "weather", "arguments": ""}}
    deltas = [first, *({"index": 0, "function": {"arguments": piece}} for piece in pieces)]
    chunks = [chunk({"tool_calls": [delta]}) for delta in deltas]
    return [*map(event, chunks), event(chunk(finish="tool_calls")), event(chunk(choices=[], usage=usage())), DONE]


async def test_a_whole_answer_with_its_receipt(
    sdk: openai.AsyncOpenAI, upstream: FakeUpstream, proxy: RunningProxy
) -> None:
    """The answer, its usage, the headers and the ledger are those of a completion."""
    upstream.script(behaviour.ok("Paris."))

    raw = await sdk.responses.with_raw_response.create(
        model="auto", input=QUESTION, instructions="Be brief.", max_output_tokens=50, store=False
    )
    response = raw.parse()

    assert response.output_text == "Paris."
    assert (response.status, response.error, response.incomplete_details) == ("completed", None, None)
    assert response.usage is not None
    assert (response.usage.input_tokens, response.usage.output_tokens, response.usage.total_tokens) == (12, 7, 19)
    assert response.id == f"resp_{raw.headers['x-router-decision-id']}"
    assert response.model == raw.headers["x-router-model"] == upstream.seen[0].model
    assert raw.headers["x-router-dropped-params"] == "store"
    assert upstream.seen[0].path == "/v1/chat/completions"
    assert upstream.seen[0].json == {
        "model": upstream.seen[0].model,
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": QUESTION}],
        "max_completion_tokens": 50,
    }
    [row] = proxy.rows()
    assert (row["status"], row["input_tokens"], row["output_tokens"]) == ("ok", 12, 7)


async def test_a_stream_arrives_as_it_is_written(
    sdk: openai.AsyncOpenAI, upstream: FakeUpstream, proxy: RunningProxy
) -> None:
    """Events come in the API's order, the first long before the last, with the usage at the end."""
    upstream.script(behaviour.stream(["Pa", "ris", "."], delay=0.1))

    loop, times, events = asyncio.get_running_loop(), [], []
    async for one in await sdk.responses.create(model="auto", input=QUESTION, stream=True):
        times.append(loop.time())
        events.append(one)

    assert [one.sequence_number for one in events] == list(range(len(events)))
    assert kinds([{"type": one.type} for one in events]) == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]
    assert "".join(one.delta for one in events if one.type == "response.output_text.delta") == "Paris."
    last = events[-1].response
    assert (last.output_text, last.usage.input_tokens, last.usage.output_tokens) == ("Paris.", 12, 3)
    assert times[-1] - times[0] > 0.2
    [row] = proxy.rows()
    assert (row["input_tokens"], row["output_tokens"], row["cost_source"]) == (12, 3, "computed")


async def test_every_event_on_the_wire_is_as_the_api_has_it(http: httpx2.AsyncClient, upstream: FakeUpstream) -> None:
    """Held against the SDK's types strictly, and no [DONE] follows the last event."""
    upstream.script(behaviour.events(event(chunk({"reasoning_content": "Hm."})), *calling_events()))
    body = {"model": "auto", "input": QUESTION, "stream": True, "tools": [WEATHER]}

    answer = await http.post("/v1/responses", json=body)

    events = events_of(answer.content)
    assert [item["type"] for item in events[-1]["response"]["output"]] == ["reasoning", "function_call"]
    assert [one["type"] for one in events if one["type"] in LAST] == ["response.completed"]


async def test_a_whole_response_on_the_wire_is_as_the_api_has_it(
    http: httpx2.AsyncClient, upstream: FakeUpstream
) -> None:
    """The response object is valid, with its tools and settings repeated."""
    upstream.script(behaviour.answer(json.dumps(calling()).encode()))
    body = {"model": "auto", "input": QUESTION, "tools": [WEATHER], "metadata": {"a": "b"}, "temperature": 0}

    answer = await http.post("/v1/responses", json=body)

    response = response_of(answer.content)
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert (response["tools"], response["metadata"], response["temperature"]) == ([WEATHER], {"a": "b"}, 0)


async def test_the_stream_helper_collects_text_and_structure(sdk: openai.AsyncOpenAI, upstream: FakeUpstream) -> None:
    """The SDK's own accumulator accepts every event, and parses the answer."""
    upstream.script(behaviour.stream(['{"city":', ' "Paris"}']))

    async with sdk.responses.stream(model="auto", input=QUESTION, text_format=Capital) as stream:
        snapshots = [one.snapshot async for one in stream if one.type == "response.output_text.delta"]
        final = await stream.get_final_response()

    assert snapshots == ['{"city":', '{"city": "Paris"}']
    assert final.output_parsed == Capital(city="Paris")
    assert upstream.seen[0].json["response_format"]["json_schema"]["name"] == "Capital"


async def test_structure_without_a_stream(sdk: openai.AsyncOpenAI, upstream: FakeUpstream) -> None:
    """`parse` asks for the schema and reads the answer."""
    upstream.script(behaviour.ok('{"city": "Paris"}'))

    parsed = await sdk.responses.parse(model="auto", input=QUESTION, text_format=Capital)

    assert parsed.output_parsed == Capital(city="Paris")


@pytest.mark.parametrize("streamed", [True, False])
async def test_a_conversation_with_a_tool(sdk: openai.AsyncOpenAI, upstream: FakeUpstream, streamed: bool) -> None:
    """A call goes out, its output comes back, and the upstream sees one whole conversation."""
    calls = behaviour.events(*calling_events()) if streamed else behaviour.answer(json.dumps(calling()).encode())
    upstream.script(calls, behaviour.ok("It is 4 degrees."))
    items: list[Any] = [{"role": "user", "content": "What is the weather in Zürich?"}]

    if streamed:
        async with sdk.responses.stream(model="auto", input=items, tools=[WEATHER]) as stream:
            first: Any = await stream.get_final_response()
    else:
        first = await sdk.responses.create(model="auto", input=items, tools=[WEATHER], tool_choice="required")
    [call] = first.output
    items += [call.model_dump(exclude={"parsed_arguments"}, exclude_none=True)]
    items += [{"type": "function_call_output", "call_id": call.call_id, "output": '{"degrees": 4}'}]
    second = await sdk.responses.create(model="auto", input=items, tools=[WEATHER])

    assert (call.type, call.name, call.arguments) == ("function_call", "weather", ARGUMENTS)
    assert second.output_text == "It is 4 degrees."
    _, assistant, tool = upstream.seen[1].json["messages"]
    assert assistant["tool_calls"][0]["function"] == {"name": "weather", "arguments": ARGUMENTS}
    assert tool == {"role": "tool", "tool_call_id": assistant["tool_calls"][0]["id"], "content": '{"degrees": 4}'}


async def test_an_answer_goes_back_as_it_came(sdk: openai.AsyncOpenAI, upstream: FakeUpstream) -> None:
    """The output of one turn is input of the next, the thought under the name that this kind of host reads it by."""
    message = {"role": "assistant", "reasoning_content": "Hm.", "content": "Paris."}
    whole = completion(choices=[{"index": 0, "message": message, "finish_reason": "stop"}], tokens=usage())
    upstream.script(behaviour.answer(json.dumps(whole).encode()), behaviour.ok("About two million."))

    first = await sdk.responses.create(model="auto", input=QUESTION)
    items: Any = [
        {"role": "user", "content": QUESTION},
        *first.output,
        {"role": "user", "content": "How many people live there?"},
    ]
    await sdk.responses.create(model="auto", input=items)

    assert upstream.seen[1].json["messages"][1] == {"role": "assistant", "reasoning": "Hm.", "content": "Paris."}


async def test_the_synchronous_sdk(proxy: RunningProxy, upstream: FakeUpstream) -> None:
    """Whole, streamed and with the helper, from another thread."""
    upstream.script(behaviour.ok("Paris."), behaviour.stream(["Pa", "ris."]), behaviour.stream(["Pa", "ris."]))

    def ask() -> list[str]:
        with openai.OpenAI(base_url=proxy.base_url, api_key="none", max_retries=0, timeout=20) as client:
            whole = client.responses.create(model="auto", input=QUESTION).output_text
            events = client.responses.create(model="auto", input=QUESTION, stream=True)
            text = "".join(one.delta for one in events if one.type == "response.output_text.delta")
            with client.responses.stream(model="auto", input=QUESTION) as stream:
                return [whole, text, stream.get_final_response().output_text]

    assert await asyncio.to_thread(ask) == ["Paris."] * 3


async def test_an_answer_that_was_cut_off_is_incomplete(sdk: openai.AsyncOpenAI, upstream: FakeUpstream) -> None:
    """Streamed or not, the status and the reason say that tokens ran out."""
    upstream.script(
        behaviour.stream(["Pa"], finish="length"),
        behaviour.answer(json.dumps(completion("Pa", finish="length", tokens=usage())).encode()),
    )

    events = [one async for one in await sdk.responses.create(model="auto", input=QUESTION, stream=True)]
    whole = await sdk.responses.create(model="auto", input=QUESTION)

    assert events[-1].type == "response.incomplete"
    for response in (events[-1].response, whole):
        assert (response.status, response.incomplete_details.reason) == ("incomplete", "max_output_tokens")
        assert response.output_text == "Pa"


@pytest.mark.parametrize(
    "breaks", [behaviour.reset_mid_stream(), behaviour.error_in_stream(), behaviour.stream_without_finish()]
)
async def test_a_stream_that_breaks_has_failed_and_is_not_completed(
    sdk: openai.AsyncOpenAI, upstream: FakeUpstream, proxy: RunningProxy, breaks: Any
) -> None:
    """The last event is response.failed with an error; what was said before it stands."""
    upstream.script(breaks)

    events = [one async for one in await sdk.responses.create(model="auto", input=QUESTION, stream=True)]

    assert [one.type for one in events if one.type in LAST] == [events[-1].type] == ["response.failed"]
    assert events[-1].response.error.code == "server_error"
    assert events[-1].response.output_text.startswith("word0 ")
    assert [row["status"] for row in proxy.rows()] == ["interrupted"]


async def test_a_broken_upstream_is_followed_by_another(sdk: openai.AsyncOpenAI, upstream: FakeUpstream) -> None:
    """Before the first byte, a failure is not the client's business."""
    upstream.script(behaviour.status(500), behaviour.stream(["Paris."]))

    async with sdk.responses.stream(model="auto", input=QUESTION) as stream:
        assert (await stream.get_final_response()).output_text == "Paris."

    assert len(upstream.seen) == 2


@pytest.mark.parametrize(
    ("members", "param"),
    [
        ({"previous_response_id": "resp_1"}, "previous_response_id"),
        ({"background": True}, "background"),
        ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
        ({"tools": [{"type": "mcp", "server_label": "s", "server_url": "u"}]}, "tools[0].type"),
        ({"temperature": "hot"}, "temperature"),
    ],
)
async def test_what_cannot_be_kept_is_refused(
    sdk: openai.AsyncOpenAI, upstream: FakeUpstream, proxy: RunningProxy, members: Any, param: str
) -> None:
    """A clear 400 names the field; no upstream is asked, nothing is booked."""
    with pytest.raises(openai.BadRequestError) as caught:
        await sdk.responses.create(model="auto", input=QUESTION, **members)

    assert caught.value.param == param
    assert param in caught.value.message
    assert upstream.seen == []
    assert proxy.rows() == []


async def test_an_upstreams_error_is_told_in_openais_shape(sdk: openai.AsyncOpenAI, upstream: FakeUpstream) -> None:
    """What the upstream blames the request for reaches the SDK as its own error."""
    upstream.script(behaviour.status(400, {"error": {"message": "no such thing", "code": "bad", "param": "input"}}))

    with pytest.raises(openai.BadRequestError) as caught:
        await sdk.responses.create(model="auto", input=QUESTION, stream=True)

    assert (caught.value.code, caught.value.param) == ("bad", "input")
