"""The simulated upstream as a server, called by the real OpenAI SDK."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator

import openai
import pytest
from pydantic import BaseModel

from router.simulator.server import Simulator

NAMES = ("sim-small", "sim-medium", "sim-large")
TOOL = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {}}}}


class Person(BaseModel):
    """A form to fill."""

    name: str
    age: int


@pytest.fixture
async def client() -> AsyncIterator[openai.AsyncOpenAI]:
    simulator = Simulator(NAMES)
    port = await simulator.start()
    async with openai.AsyncOpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="none", max_retries=0) as made:
        yield made
    await simulator.stop()


async def test_the_sdk_is_answered(client):
    """A whole answer, with its counts, and without a key."""
    answer = await client.chat.completions.create(model="sim-large", messages=[{"role": "user", "content": "Hi"}])
    assert answer.choices[0].message.content.startswith("[simulated sim-large]")
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens


async def test_the_sdk_streams(client):
    """A stream, with usage at its end."""
    stream = await client.chat.completions.create(
        model="sim-small",
        messages=[{"role": "user", "content": "Hi"}],
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = [chunk async for chunk in stream]
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text.startswith("[simulated sim-small]")
    assert chunks[-1].usage.completion_tokens > 10


async def test_the_sdk_parses_forms_and_tools(client):
    """parse() gets its model, a forced tool is called."""
    asked = [{"role": "user", "content": "Who?"}]
    form = await client.chat.completions.parse(model="sim-small", messages=asked, response_format=Person)
    assert isinstance(form.choices[0].message.parsed, Person)
    call = await client.chat.completions.create(model="sim-small", messages=asked, tools=[TOOL], tool_choice="required")
    assert call.choices[0].message.tool_calls[0].function.name == "get_weather"


async def test_the_sdk_lists_models_and_misses_others(client):
    """Models are listed; another one is NotFoundError."""
    assert [model.id async for model in client.models.list()] == list(NAMES)
    with pytest.raises(openai.NotFoundError) as caught:
        await client.chat.completions.create(model="gpt-9", messages=[{"role": "user", "content": "Hi"}])
    assert caught.value.code == "model_not_found"


async def test_it_starts_once_and_stops_twice():
    """A second start is refused, a second stop is nothing, and the signals are left alone."""
    before = signal.getsignal(signal.SIGINT)
    simulator = Simulator(NAMES)
    port = await simulator.start()
    assert signal.getsignal(signal.SIGINT) is before
    with pytest.raises(RuntimeError, match="running"):
        await simulator.start()
    with pytest.raises(OSError, match="in use"):
        await Simulator(NAMES, port=port).start()
    await simulator.stop()
    await simulator.stop()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
    again = Simulator(NAMES, port=port)
    assert await again.start() == port
    await again.stop()


async def test_stopping_does_not_wait_for_slow_streams():
    """A stream under way is ended within about a second."""
    simulator = Simulator(NAMES, chunk_seconds=0.5)
    port = await simulator.start()
    body = b'{"model":"sim-large","stream":true,"messages":[{"role":"user","content":"Hi"}]}'
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))
    await reader.readuntil(b"\r\n\r\n")
    begun = time.monotonic()
    await simulator.stop()
    assert time.monotonic() - begun < 3
    writer.close()
