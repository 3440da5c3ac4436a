"""Embeddings through the real openai SDK, over real sockets."""

import asyncio
import base64
import json
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import openai
import pytest

from tests.fakes import behaviour
from tests.fakes.proxy import RunningProxy, running
from tests.fakes.upstream import FakeUpstream

EMBEDDING = """
version: 1
providers:
  one: {{kind: vllm, base_url: "{base_url}"}}
  two: {{kind: openrouter, api_key: $KEY, base_url: "{base_url}"}}
upstreams:
  chat: {{provider: one, model: chat-1, tier: hard, window: 128000, price: {{input: 2, output: 10}}}}
  here: {{provider: one, model: bge-1, serves: embeddings, family: bge, dimensions: 3, window: 512,
    price: {{input: 0.02}}}}
  there: {{provider: two, model: baai/bge, serves: embeddings, family: bge, dimensions: 3, window: 512,
    price: {{input: 0.01}}}}
routes: {{auto: {{}}}}
embeddings: {{docs: [here, there]}}
"""
NUMBERS = [0.5, -0.25, 0.125]
OTHERS = [0.75, 0.5, 1.0]


def packed(numbers: list[float]) -> str:
    """Return numbers as the API writes them in base64."""
    return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()


def vectors(*found: Any) -> behaviour.Behaviour:
    """Answer with these vectors, as numbers or as text."""
    data = [{"object": "embedding", "index": place, "embedding": vector} for place, vector in enumerate(found)]
    usage = {"prompt_tokens": 9, "total_tokens": 9}
    return behaviour.answer(json.dumps({"object": "list", "data": data, "model": "m", "usage": usage}).encode())


@pytest.fixture
async def embedder(upstream: FakeUpstream, tmp_path: Path) -> AsyncIterator[RunningProxy]:
    """Serve a group of two embedding upstreams, both at the scripted one."""
    config = EMBEDDING.format(base_url=upstream.base_url)
    async with running(config, tmp_path, {"KEY": "k"}) as serving:
        yield serving


@pytest.fixture
async def client(embedder: RunningProxy) -> AsyncIterator[openai.AsyncOpenAI]:
    """Return the asynchronous SDK without retries of its own."""
    async with openai.AsyncOpenAI(base_url=embedder.base_url, api_key="none", max_retries=0, timeout=20) as sdk:
        yield sdk


async def test_the_sdk_gets_numbers_whatever_the_host_writes(
    client: openai.AsyncOpenAI, upstream: FakeUpstream, embedder: RunningProxy
) -> None:
    """It asks for base64 by default; this host writes numbers, and it reads what it wanted, with receipt and row."""
    upstream.script(vectors(NUMBERS, OTHERS))

    raw = await client.embeddings.with_raw_response.create(model="docs", input=["one", "two"])

    parsed = raw.parse()
    assert [item.embedding for item in parsed.data] == [NUMBERS, OTHERS]
    assert [item["embedding"] for item in json.loads(raw.content)["data"]] == [packed(NUMBERS), packed(OTHERS)]
    assert parsed.usage.prompt_tokens == 9
    assert (raw.headers["x-router-upstream"], raw.headers["x-router-reason"]) == ("there", "cheapest")
    assert raw.headers["x-router-cost-usd"] == "0.00000009"
    [seen] = upstream.seen
    assert (seen.path, seen.model, seen.json["encoding_format"]) == ("/v1/embeddings", "baai/bge", "float")
    [row] = embedder.rows()
    assert (row["status"], row["route"], row["upstream"], row["input_tokens"]) == ("ok", "docs", "there", 9)
    assert (row["cost_pico"], row["cost_source"], row["baseline_cost_pico"]) == (90_000, "computed", None)


async def test_base64_of_a_host_reaches_the_sdk_untouched(client: openai.AsyncOpenAI, upstream: FakeUpstream) -> None:
    """A host that writes base64 is asked for it; nothing is turned."""
    upstream.script(vectors(packed(NUMBERS)))

    answer = await client.embeddings.create(model="here", input="one", dimensions=3)

    assert answer.data[0].embedding == NUMBERS
    assert upstream.seen[0].json == {"model": "bge-1", "input": "one", "dimensions": 3, "encoding_format": "base64"}


async def test_who_asks_for_numbers_gets_numbers(client: openai.AsyncOpenAI, upstream: FakeUpstream) -> None:
    """Also from a host that writes base64 whatever it is asked."""
    upstream.script(vectors(packed(NUMBERS)))

    answer = await client.embeddings.create(model="docs", input="one", encoding_format="float")

    assert answer.data[0].embedding == NUMBERS


@pytest.mark.parametrize("given", [[1, 2, 3], [[1, 2, 3]]])
async def test_token_ids_are_passed_on(client: openai.AsyncOpenAI, upstream: FakeUpstream, given: Any) -> None:
    """One list is one text, a list of lists is several."""
    upstream.script(vectors(NUMBERS))

    await client.embeddings.create(model="docs", input=given)

    assert upstream.seen[0].json["input"] == given


async def test_a_large_input_is_embedded_like_a_small_one(client: openai.AsyncOpenAI, upstream: FakeUpstream) -> None:
    """It is read beside the loop, and forwarded whole."""
    texts = ["word " * 400] * 200
    upstream.script(vectors(*[NUMBERS] * 200))

    answer = await client.embeddings.create(model="docs", input=texts)

    assert len(answer.data) == 200
    assert upstream.seen[0].json["input"] == texts


async def test_a_failing_host_is_followed_by_one_of_the_same_model(
    client: openai.AsyncOpenAI, upstream: FakeUpstream, embedder: RunningProxy
) -> None:
    """The fallback stays in the group."""
    upstream.script(behaviour.status(500), model="baai/bge")
    upstream.script(vectors(NUMBERS), model="bge-1")

    answer = await client.embeddings.create(model="docs", input="one")

    assert answer.data[0].embedding == NUMBERS
    assert [seen.model for seen in upstream.seen] == ["baai/bge", "bge-1"]
    assert [attempt["upstream"] for attempt in embedder.rows()[0]["attempts"]] == ["there", "here"]


async def test_all_hosts_of_a_model_failing_is_an_error(
    client: openai.AsyncOpenAI, upstream: FakeUpstream, embedder: RunningProxy
) -> None:
    """No other model is asked in their place."""
    upstream.script(behaviour.status(500))

    with pytest.raises(openai.InternalServerError):
        await client.embeddings.create(model="docs", input="one")

    assert {seen.model for seen in upstream.seen} == {"baai/bge", "bge-1"}
    assert [row["status"] for row in embedder.rows()] == ["failed"]


async def test_chat_and_embeddings_do_not_mix(client: openai.AsyncOpenAI, upstream: FakeUpstream) -> None:
    """Each path refuses the other's names, and says where to go."""
    with pytest.raises(openai.NotFoundError, match="answers chat completions and embeds nothing"):
        await client.embeddings.create(model="auto", input="one")
    with pytest.raises(openai.NotFoundError, match="POST /v1/embeddings"):
        await client.chat.completions.create(model="docs", messages=[{"role": "user", "content": "hi"}])

    assert upstream.seen == []


async def test_the_list_of_models_says_what_embeds(client: openai.AsyncOpenAI) -> None:
    """Groups and upstreams are listed with what comes out, their longest text and the length of their vectors."""
    rows = {row.id: row.model_dump() for row in (await client.models.list()).data}
    one = (await client.models.retrieve("docs")).model_dump()

    for name in ("docs", "here", "there"):
        assert rows[name]["architecture"] == {"input_modalities": ["text"], "output_modalities": ["embeddings"]}
        assert (rows[name]["context_length"], rows[name]["dimensions"]) == (512, 3)
    assert one == rows["docs"]
    assert rows["auto"]["architecture"]["output_modalities"] == ["text"]


async def test_a_start_without_keys_embeds(tmp_path: Path) -> None:
    """The simulated upstreams serve embeddings as well, to the synchronous SDK, in either encoding."""
    shipped = Path(__file__).parents[2] / "config" / "simulated.yaml"

    def ask(base_url: str) -> list[list[float]]:
        with openai.OpenAI(base_url=base_url, api_key="none", max_retries=0, timeout=20) as sdk:
            packed_ones = sdk.embeddings.create(model="auto", input=["the cat", "a dog"])
            plain = sdk.embeddings.create(model="sim-embed", input="the cat", encoding_format="float")
            return [item.embedding for item in (*packed_ones.data, *plain.data)]

    async with running(shipped.read_text(encoding="utf-8"), tmp_path) as proxy:
        cat, dog, again = await asyncio.to_thread(ask, proxy.base_url)
        rows = proxy.rows()

    assert cat == again != dog
    assert len(cat) == 256
    assert [(row["model_asked"], row["upstream"]) for row in rows] == [
        ("auto", "sim-embed"),
        ("sim-embed", "sim-embed"),
    ]


async def test_answers_over_the_limit_let_nobody_rest(upstream: FakeUpstream, tmp_path: Path) -> None:
    """What cannot fit is a 400 that nobody was asked for; what does not fit all the same is a 502, each time anew."""
    limit = "delivery: {reply_limit_bytes: 100}\n"
    config = EMBEDDING.format(base_url=upstream.base_url).replace("docs: [here, there]", "docs: [here]") + limit
    upstream.script(*[vectors(NUMBERS, [0.1234567890123456] * 3) for _ in range(7)])

    async with (
        running(config, tmp_path, {"KEY": "k"}) as serving,
        openai.AsyncOpenAI(base_url=serving.base_url, api_key="none", max_retries=0, timeout=20) as sdk,
    ):
        with pytest.raises(openai.BadRequestError, match="Send at most 2 of them"):
            await sdk.embeddings.create(model="docs", input=["text"] * 3, encoding_format="float")
        asked = len(upstream.seen)
        for _ in range(7):
            with pytest.raises(openai.InternalServerError) as failure:
                await sdk.embeddings.create(model="docs", input=["a", "b"], encoding_format="float")
            assert failure.value.status_code == 502

    assert (asked, len(upstream.seen)) == (0, 7)
