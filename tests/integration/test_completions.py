"""OpenAI's older completions through the real SDK, over real sockets."""

import asyncio

import openai
import pytest

from tests.fakes import behaviour
from tests.fakes.proxy import RunningProxy
from tests.fakes.upstream import FakeUpstream

PROMPT = "The capital of France is"


async def test_a_whole_completion_with_its_receipt(
    sdk: openai.AsyncOpenAI, upstream: FakeUpstream, proxy: RunningProxy
) -> None:
    """Text, reason and usage are those of the chat completion; headers and row as everywhere."""
    upstream.script(behaviour.ok("Paris."))

    raw = await sdk.completions.with_raw_response.create(model="auto", prompt=PROMPT, max_tokens=5, best_of=2)

    answer = raw.parse()
    assert answer.choices[0].text == "Paris."
    assert (answer.object, answer.choices[0].finish_reason, answer.choices[0].logprobs) == (
        "text_completion",
        "stop",
        None,
    )
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (12, 7)
    assert raw.headers["x-router-dropped-params"] == "best_of"
    [seen] = upstream.seen
    assert seen.path == "/v1/chat/completions"
    assert seen.json["messages"] == [{"role": "user", "content": PROMPT}]
    [row] = proxy.rows()
    assert (row["status"], row["input_tokens"], row["output_tokens"]) == ("ok", 12, 7)


async def test_a_stream_arrives_as_it_is_written(sdk: openai.AsyncOpenAI, upstream: FakeUpstream) -> None:
    """Piece by piece, the first long before the last; usage comes where it is asked for."""
    upstream.script(behaviour.stream(["Pa", "ris", "."], delay=0.1))

    loop, times, chunks = asyncio.get_running_loop(), [], []
    stream = await sdk.completions.create(
        model="auto", prompt=PROMPT, stream=True, stream_options={"include_usage": True}
    )
    async for one in stream:
        times.append(loop.time())
        chunks.append(one)

    *told, last = chunks
    assert [one.choices[0].text for one in told] == ["Pa", "ris", ".", ""]
    assert told[-1].choices[0].finish_reason == "stop"
    assert (last.choices, last.usage.prompt_tokens) == ([], 12)
    assert times[-1] - times[0] > 0.15


async def test_the_synchronous_sdk(proxy: RunningProxy, upstream: FakeUpstream) -> None:
    """Whole and streamed, from another thread."""
    upstream.script(behaviour.ok("Paris."), behaviour.stream(["Pa", "ris."]))

    def ask() -> list[str]:
        with openai.OpenAI(base_url=proxy.base_url, api_key="none", max_retries=0, timeout=20) as client:
            whole = client.completions.create(model="auto", prompt=[PROMPT])
            stream = client.completions.create(model="auto", prompt=PROMPT, stream=True)
            return [whole.choices[0].text, "".join(one.choices[0].text for one in stream)]

    assert await asyncio.to_thread(ask) == ["Paris."] * 2


async def test_a_stream_that_breaks_off_is_an_error(sdk: openai.AsyncOpenAI, upstream: FakeUpstream) -> None:
    """The SDK raises what the stream says."""
    upstream.script(behaviour.error_in_stream())

    with pytest.raises(openai.APIError):
        async for _ in await sdk.completions.create(model="auto", prompt=PROMPT, stream=True):
            pass


async def test_a_long_prompt_is_answered_like_a_short_one(sdk: openai.AsyncOpenAI, upstream: FakeUpstream) -> None:
    """It is read beside the loop."""
    prompt = "word " * 40_000
    upstream.script(behaviour.ok("Yes."))

    answer = await sdk.completions.create(model="large", prompt=prompt)

    assert answer.choices[0].text == "Yes."
    assert upstream.seen[0].json["messages"][0]["content"] == prompt


@pytest.mark.parametrize(("surface", "asked"), [("completions", "prompt"), ("responses", "input")])
async def test_what_is_too_long_is_told_in_the_surfaces_own_words(
    sdk: openai.AsyncOpenAI, upstream: FakeUpstream, surface: str, asked: str
) -> None:
    """The upstream blames `messages`, which the client has not written."""
    error = {"message": "maximum context length is 8192 tokens", "code": "context_length_exceeded", "param": "messages"}
    upstream.script(behaviour.status(400, {"error": error}))

    with pytest.raises(openai.BadRequestError) as caught:
        await sdk.post(f"/{surface}", body={"model": "auto", asked: PROMPT}, cast_to=object)

    assert (caught.value.code, caught.value.param) == ("context_length_exceeded", asked)


async def test_several_prompts_are_refused(sdk: openai.AsyncOpenAI, upstream: FakeUpstream) -> None:
    """The error says how to send them."""
    with pytest.raises(openai.BadRequestError, match="one request each") as caught:
        await sdk.completions.create(model="auto", prompt=["one", "two"])

    assert caught.value.param == "prompt"
    assert upstream.seen == []
