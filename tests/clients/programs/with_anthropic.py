"""The anthropic SDK: messages, streams, tools, parsed output, counting, exceptions, and its types held strictly."""

import anthropic
import httpx2
import pydantic
from scenarios import BASE_URL, KEY, caught, run

ROOT = BASE_URL.removesuffix("/v1")
HELLO = [{"role": "user", "content": "What is the capital of France?"}]
BOTH = [{"role": "user", "content": "Call all of them"}]
TOOLS = [
    {
        "name": name,
        "description": "Tell something of a city",
        "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    }
    for name in ("get_weather", "get_time")
]
CLIENT = anthropic.Anthropic(base_url=ROOT, api_key=KEY, max_retries=0, timeout=30)


class Capital(pydantic.BaseModel):
    city: str


def ask(model="talks", messages=HELLO, client=CLIENT, **more):
    return client.messages.create(model=model, max_tokens=64, messages=messages, **more)


def a_message():
    raw = CLIENT.messages.with_raw_response.create(model="auto", max_tokens=64, messages=HELLO)
    message = raw.parse()
    same = message._request_id == raw.headers["x-request-id"]
    used = [message.usage.input_tokens, message.usage.output_tokens]
    return [message.content[0].text, message.stop_reason, used, same]


async def an_asynchronous_stream():
    async with (
        anthropic.AsyncAnthropic(base_url=ROOT, api_key=KEY, max_retries=0, timeout=30) as client,
        client.messages.stream(model="talks", max_tokens=64, messages=HELLO) as stream,
    ):
        return "".join([text async for text in stream.text_stream])


def thinking_then_both_tools_and_back():
    with CLIENT.messages.stream(model="reasons", max_tokens=64, messages=BOTH, tools=TOOLS) as stream:
        last = [event.type for event in stream][-1]
        message = stream.get_final_message()
    calls = [block for block in message.content if block.type == "tool_use"]
    results = [{"type": "tool_result", "tool_use_id": call.id, "content": f"{call.name} 20"} for call in calls]
    said = {"role": "assistant", "content": [block.to_dict() for block in message.content]}
    answer = ask("reasons", [*BOTH, said, {"role": "user", "content": results}], tools=TOOLS)
    return {
        "blocks": [block.type for block in message.content],
        "thought": message.content[0].thinking,
        "inputs": [call.input for call in calls],
        "stop": [message.stop_reason, message.usage.output_tokens, last],
        "told": answer.content[-1].text,
    }


def parsed_output():
    parsed = CLIENT.messages.parse(model="talks", max_tokens=64, messages=HELLO, output_format=Capital)
    return parsed.parsed_output.city


def counting():
    counted = CLIENT.messages.count_tokens(model="talks", messages=HELLO, tools=TOOLS, system="Be brief.")
    return counted.input_tokens > 20


def errors():
    keyless = anthropic.Anthropic(base_url=ROOT, api_key="not-the-key", max_retries=0)
    search = [{"type": "web_search_20250305", "name": "web_search"}]
    return [
        caught(lambda: ask("limited"), anthropic.RateLimitError),
        caught(lambda: ask("claude-x"), anthropic.NotFoundError),
        caught(lambda: ask("refuses"), anthropic.BadRequestError),
        caught(lambda: ask(tools=search), anthropic.BadRequestError),
        caught(lambda: ask("broken"), anthropic.InternalServerError),
        caught(lambda: ask(client=keyless), anthropic.AuthenticationError),
    ]


def an_error_names_the_request():
    try:
        ask("claude-x")
    except anthropic.NotFoundError as error:
        return error.request_id == error.body["request_id"]
    return "nothing was raised"


def a_busy_upstream_is_tried_again():
    return ask("busy", client=CLIENT.with_options(max_retries=3)).content[0].text


def a_stream_that_breaks():
    words = []
    try:
        with CLIENT.messages.stream(model="cut", max_tokens=64, messages=HELLO) as stream:
            words.extend(stream.text_stream)
    except anthropic.APIStatusError as error:
        return ["".join(words), error.body["error"]["type"]]
    return ["".join(words), "nothing was raised"]


def a_stream_that_the_client_leaves():
    with CLIENT.messages.stream(model="endless", max_tokens=64, messages=HELLO) as stream:
        return next(iter(stream.text_stream))


def strictly_valid():
    """Hold what is on the wire against the SDK's types without the leniency of its own reading."""
    asked = {"model": "reasons", "max_tokens": 64, "messages": BOTH, "tools": TOOLS}
    headers = {"x-api-key": KEY, "anthropic-version": "2023-06-01"}
    whole = httpx2.post(f"{BASE_URL}/messages", json=asked, headers=headers)
    anthropic.types.Message.model_validate_json(whole.content)
    streamed = httpx2.post(f"{BASE_URL}/messages", json=asked | {"stream": True}, headers=headers)
    kinds = pydantic.TypeAdapter(anthropic.types.RawMessageStreamEvent)
    events = [kinds.validate_json(piece.split("\ndata: ")[1]) for piece in streamed.text.split("\n\n")[:-1]]
    return [type(event).__name__ for event in events if event.type.startswith("message")]


run(
    a_message,
    an_asynchronous_stream,
    thinking_then_both_tools_and_back,
    parsed_output,
    counting,
    errors,
    an_error_names_the_request,
    a_busy_upstream_is_tried_again,
    a_stream_that_breaks,
    a_stream_that_the_client_leaves,
    strictly_valid,
)
