"""The real anthropic SDK against the running proxy, where it is installed."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pydantic
import pytest

from tests.fakes import behaviour
from tests.fakes.completion import DONE, chunk, completion, event, usage
from tests.fakes.proxy import RunningProxy
from tests.fakes.upstream import FakeUpstream

anthropic = pytest.importorskip("anthropic")

HELLO = [{"role": "user", "content": "What is the capital of France?"}]
TOOL = {
    "name": "get_weather",
    "description": "Tell the weather of a city",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


def a_call(index: int, city: str) -> dict[str, Any]:
    """Return a call as an upstream writes it."""
    function = {"name": "get_weather", "arguments": json.dumps({"city": city})}
    return {"index": index, "id": f"call_{index}", "type": "function", "function": function}


@pytest.fixture
async def claude(proxy: RunningProxy) -> AsyncIterator[Any]:
    """Return the asynchronous SDK without retries of its own."""
    base_url = f"http://127.0.0.1:{proxy.port}"
    async with anthropic.AsyncAnthropic(base_url=base_url, api_key="none", max_retries=0, timeout=20) as client:
        yield client


async def test_a_message(claude: Any, upstream: FakeUpstream) -> None:
    """create() returns a message with usage and the request's id."""
    upstream.script(behaviour.ok("Paris."))

    raw = await claude.messages.with_raw_response.create(model="auto", max_tokens=64, messages=HELLO)
    message = await raw.parse()

    assert (message.content[0].text, message.stop_reason) == ("Paris.", "end_turn")
    assert (message.usage.input_tokens, message.usage.output_tokens) == (12, 7)
    assert message._request_id == raw.headers["x-request-id"]


async def test_a_stream_with_thinking_and_parallel_calls_and_back(claude: Any, upstream: FakeUpstream) -> None:
    """stream() puts the blocks together; what it returns can be sent back with the results."""
    pieces = (
        chunk({"role": "assistant", "reasoning_content": "Two cities."}),
        chunk({"content": "Let me see."}),
        chunk({"tool_calls": [a_call(0, "Paris")]}),
        chunk({"tool_calls": [a_call(1, "Rome")]}),
        chunk(finish="tool_calls"),
        chunk(choices=[], usage=usage(50, 9)),
    )
    upstream.script(behaviour.events(*map(event, pieces), DONE), behaviour.ok("20 and 25."))

    async with claude.messages.stream(model="auto", max_tokens=64, messages=HELLO, tools=[TOOL]) as stream:
        kinds = [one.type async for one in stream]
        message = await stream.get_final_message()

    assert [block.type for block in message.content] == ["thinking", "text", "tool_use", "tool_use"]
    assert [block.input for block in message.content[2:]] == [{"city": "Paris"}, {"city": "Rome"}]
    assert (message.stop_reason, message.usage.output_tokens, kinds[-1]) == ("tool_use", 9, "message_stop")
    results = [
        {"type": "tool_result", "tool_use_id": block.id, "content": [{"type": "text", "text": "20"}]}
        for block in message.content[2:]
    ]
    said = {"role": "assistant", "content": [block.to_dict() for block in message.content]}
    back = [*HELLO, said, {"role": "user", "content": results}]
    answer = await claude.messages.create(model="auto", max_tokens=64, messages=back, tools=[TOOL])

    assert answer.content[0].text == "20 and 25."
    assert upstream.seen[1].json["messages"][1]["reasoning_content"] == "Two cities."


async def test_the_synchronous_stream(proxy: RunningProxy, upstream: FakeUpstream) -> None:
    """text_stream yields the words."""
    upstream.script(behaviour.stream(["Pa", "ris \U0001f600"]))

    def words() -> str:
        client = anthropic.Anthropic(base_url=f"http://127.0.0.1:{proxy.port}", api_key="none", max_retries=0)
        with client, client.messages.stream(model="auto", max_tokens=64, messages=HELLO) as stream:
            return "".join(stream.text_stream)

    assert await asyncio.to_thread(words) == "Paris \U0001f600"


async def test_parsed_output(claude: Any, upstream: FakeUpstream) -> None:
    """parse() asks for a schema and gets what fits it."""

    class Capital(pydantic.BaseModel):
        city: str

    upstream.script(behaviour.ok('{"city": "Paris"}'))
    parsed = await claude.messages.parse(model="auto", max_tokens=64, messages=HELLO, output_format=Capital)

    assert parsed.parsed_output == Capital(city="Paris")
    assert upstream.seen[0].json["response_format"]["type"] == "json_schema"


async def test_counting(claude: Any, upstream: FakeUpstream) -> None:
    """count_tokens() asks no upstream."""
    counted = await claude.messages.count_tokens(model="auto", messages=HELLO, tools=[TOOL], system="Be brief.")

    assert counted.input_tokens > 20
    assert upstream.seen == []


async def test_errors_are_the_sdks_own(claude: Any, upstream: FakeUpstream) -> None:
    """Each status is the exception that its users catch; a broken stream is one as well."""
    with pytest.raises(anthropic.NotFoundError) as unknown:
        await claude.messages.create(model="claude-x", max_tokens=64, messages=HELLO)
    assert unknown.value.request_id == unknown.value.body["request_id"]
    tools = [{"type": "web_search_20250305", "name": "web_search"}]
    with pytest.raises(anthropic.BadRequestError, match="web_search"):
        await claude.messages.create(model="auto", max_tokens=64, messages=HELLO, tools=tools)
    upstream.script(behaviour.status(500))
    with pytest.raises(anthropic.InternalServerError):
        await claude.messages.create(model="auto", max_tokens=64, messages=HELLO)


async def test_a_broken_stream_raises(claude: Any, upstream: FakeUpstream) -> None:
    """What came before it was delivered; what was not delivered is not passed over."""
    upstream.script(behaviour.error_in_stream())

    async with claude.messages.stream(model="auto", max_tokens=64, messages=HELLO) as stream:
        with pytest.raises(anthropic.APIStatusError) as caught:
            await stream.until_done()
    assert caught.value.body["error"]["type"] == "api_error"


async def test_a_whole_answer_validates_strictly(claude: Any, upstream: FakeUpstream) -> None:
    """The message is a Message without leniency, its usage the SDK's own."""
    whole = completion("Paris.", tokens=usage(12, 7, prompt_tokens_details={"cached_tokens": 2}))
    upstream.script(behaviour.answer(json.dumps(whole).encode()))

    raw = await claude.messages.with_raw_response.create(model="auto", max_tokens=64, messages=HELLO)

    message = anthropic.types.Message.model_validate(json.loads(await raw.text()))
    assert message.usage.cache_read_input_tokens == 2


async def test_every_event_validates_strictly(http: httpx2.AsyncClient, upstream: FakeUpstream) -> None:
    """Each event of a stream is one of the SDK's own, without leniency."""
    pieces = (
        chunk({"reasoning_content": "Hm."}),
        chunk({"content": "Let me see."}),
        chunk({"tool_calls": [a_call(0, "Paris")]}),
        chunk(finish="tool_calls"),
        chunk(choices=[], usage=usage(50, 9, prompt_tokens_details={"cached_tokens": 2, "cache_write_tokens": 3})),
    )
    upstream.script(behaviour.events(*map(event, pieces), DONE))
    asked = {"model": "auto", "max_tokens": 64, "messages": HELLO, "stream": True, "tools": [TOOL]}

    response = await http.post("/v1/messages", json=asked)

    kinds = pydantic.TypeAdapter(anthropic.types.RawMessageStreamEvent)
    events = [kinds.validate_json(piece.split("\ndata: ")[1]) for piece in response.text.split("\n\n")[:-1]]
    assert len(events) == 12
    assert events[-2].usage.cache_creation_input_tokens == 3
