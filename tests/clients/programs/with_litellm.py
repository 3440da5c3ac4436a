"""LiteLLM's SDK as a client of chat completions, the Messages API and the Responses API, and its exceptions."""

import litellm
from pydantic import BaseModel
from scenarios import BASE_URL, KEY, caught, run

HELLO = [{"role": "user", "content": "What is the capital of France?"}]
TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Tell the weather of a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
litellm.telemetry = False


class Capital(BaseModel):
    city: str
    population: int


def ask(model="openai/talks", **more):
    base = BASE_URL.removesuffix("/v1") if model.startswith("anthropic/") else BASE_URL
    settings = {"api_base": base, "api_key": KEY, "messages": HELLO, "num_retries": 0, "timeout": 30}
    return litellm.completion(model=model, **settings | more)


def an_answer():
    answer = ask()
    return [answer.choices[0].message.content, answer.choices[0].finish_reason, answer.usage.total_tokens]


def a_stream():
    chunks = list(ask(stream=True, stream_options={"include_usage": True}))
    whole = litellm.stream_chunk_builder(chunks, messages=HELLO)
    return [whole.choices[0].message.content, whole.usage.completion_tokens]


async def an_asynchronous_stream():
    chunks = await litellm.acompletion(
        model="openai/reasons", api_base=BASE_URL, api_key=KEY, messages=HELLO, stream=True, timeout=30
    )
    deltas = [chunk.choices[0].delta async for chunk in chunks]
    thought = "".join(getattr(delta, "reasoning_content", None) or "" for delta in deltas)
    return [thought, "".join(delta.content or "" for delta in deltas)]


def a_tool_and_its_result():
    called = ask(tools=[TOOL]).choices[0].message
    [call] = called.tool_calls
    result = {"role": "tool", "tool_call_id": call.id, "content": "20 degrees"}
    answer = ask(messages=[*HELLO, called.model_dump(exclude_none=True), result], tools=[TOOL])
    return [call.function.name, call.function.arguments, answer.choices[0].message.content]


def structured():
    return Capital.model_validate_json(ask(response_format=Capital).choices[0].message.content).model_dump()


def through_the_messages_api():
    answer = ask("anthropic/talks", max_tokens=64)
    called = ask("anthropic/talks", max_tokens=64, tools=[TOOL]).choices[0]
    streamed = "".join(
        chunk.choices[0].delta.content or "" for chunk in ask("anthropic/talks", max_tokens=64, stream=True)
    )
    arguments = called.message.tool_calls[0].function.arguments
    return [answer.choices[0].message.content, answer.usage.total_tokens, streamed, called.finish_reason, arguments]


def through_the_responses_api():
    answer = litellm.responses(
        model="openai/talks", input="What is the capital of France?", api_base=BASE_URL, api_key=KEY, timeout=30
    )
    return [answer.output[-1].content[0].text, answer.usage.output_tokens]


def errors():
    return [
        caught(lambda: ask("openai/limited"), litellm.RateLimitError),
        caught(lambda: ask("openai/nothing-of-this-name"), litellm.NotFoundError),
        caught(lambda: ask("openai/refuses"), litellm.BadRequestError),
        caught(lambda: ask(api_key="not-the-key"), litellm.AuthenticationError),
        caught(lambda: ask("anthropic/limited", max_tokens=64), litellm.RateLimitError),
    ]


run(
    an_answer,
    a_stream,
    an_asynchronous_stream,
    a_tool_and_its_result,
    structured,
    through_the_messages_api,
    through_the_responses_api,
    errors,
)
