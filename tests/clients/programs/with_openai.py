"""The openai SDK with its own retries, cancelled streams and exceptions, in the version that other clients pin."""

import asyncio
import time

import openai
from scenarios import BASE_URL, KEY, caught, run

HELLO = [{"role": "user", "content": "What is the capital of France?"}]
ONCE = openai.OpenAI(base_url=BASE_URL, api_key=KEY, max_retries=0, timeout=30)
PATIENT = openai.OpenAI(base_url=BASE_URL, api_key=KEY, max_retries=3, timeout=30)


def ask(model, client=ONCE, **more):
    return client.chat.completions.create(model=model, messages=HELLO, **more)


def an_answer():
    raw = ONCE.chat.completions.with_raw_response.create(model="talks", messages=HELLO)
    answer = raw.parse()
    same = answer.model == raw.headers["x-router-model"]
    return [answer.choices[0].message.content, answer.choices[0].finish_reason, answer.usage.total_tokens, same]


def a_busy_upstream_is_tried_again():
    started = time.monotonic()
    text = ask("busy", PATIENT).choices[0].message.content
    return [text, time.monotonic() - started > 0.5]


def errors():
    keyless = openai.OpenAI(base_url=BASE_URL, api_key="not-the-key", max_retries=0)
    return [
        caught(lambda: ask("limited"), openai.RateLimitError),
        caught(lambda: ask("nothing-of-this-name"), openai.NotFoundError),
        caught(lambda: ask("refuses"), openai.BadRequestError),
        caught(lambda: ask("broken"), openai.InternalServerError),
        caught(lambda: ask("talks", keyless), openai.AuthenticationError),
    ]


def a_stream_that_breaks():
    words = []
    try:
        words.extend(chunk.choices[0].delta.content or "" for chunk in ask("cut", stream=True))
    except openai.APIError as error:
        return ["".join(words), type(error).__name__]
    return ["".join(words), "nothing was raised"]


def a_stream_that_the_client_leaves():
    words = []
    with ask("endless", stream=True) as stream:
        for chunk in stream:
            words.append(chunk.choices[0].delta.content or "")
            if len(words) == 3:
                break
    return "".join(words)


async def many_at_once():
    async with openai.AsyncOpenAI(base_url=BASE_URL, api_key=KEY, max_retries=0, timeout=30) as client:
        calls = [client.chat.completions.create(model="talks", messages=HELLO, stream=n % 2 == 0) for n in range(20)]
        answers = await asyncio.gather(*calls)
        texts = set()
        for answer in answers:
            if hasattr(answer, "choices"):
                texts.add(answer.choices[0].message.content)
            else:
                texts.add("".join([chunk.choices[0].delta.content or "" async for chunk in answer]))
        return sorted(texts)


run(
    an_answer,
    a_busy_upstream_is_tried_again,
    errors,
    a_stream_that_breaks,
    a_stream_that_the_client_leaves,
    many_at_once,
)
