"""What the real openai SDK retries by itself does not multiply what tierwise tries."""

from collections.abc import AsyncIterator
from pathlib import Path

import openai
import pytest

from tests.fakes import behaviour
from tests.fakes.proxy import CONFIG, RunningProxy, running
from tests.fakes.upstream import Behaviour, FakeUpstream

HELLO = [{"role": "user", "content": "What is the capital of France?"}]


@pytest.fixture
async def retrying(proxy: RunningProxy) -> AsyncIterator[openai.AsyncOpenAI]:
    """Return the SDK with the two retries that it has by default."""
    async with openai.AsyncOpenAI(base_url=proxy.base_url, api_key="none", timeout=20) as client:
        yield client


@pytest.mark.parametrize(
    ("failing", "error"),
    [
        (behaviour.status(500), openai.InternalServerError),
        (behaviour.reset_before_headers(), openai.InternalServerError),
        (behaviour.status(429), openai.RateLimitError),
        (behaviour.status(401), openai.InternalServerError),
    ],
    ids=["500", "reset", "429", "401"],
)
async def test_what_everybody_failed_at_is_not_sent_again(
    retrying: openai.AsyncOpenAI, upstream: FakeUpstream, proxy: RunningProxy, failing: Behaviour, error: type
) -> None:
    """Three upstreams are called once each, not three times three."""
    upstream.script(failing)

    with pytest.raises(error):
        await retrying.chat.completions.create(model="tier/easy", messages=HELLO)

    assert [seen.model for seen in upstream.seen] == ["small-1", "middle-1", "large-1"]
    assert [len(row["attempts"]) for row in proxy.rows()] == [3]


async def test_what_was_tried_once_is_sent_again_and_served(
    retrying: openai.AsyncOpenAI, upstream: FakeUpstream, proxy: RunningProxy
) -> None:
    """With nobody to fall back to, the SDK's own retry is what makes a short failure good."""
    upstream.script(behaviour.status(503), behaviour.ok("Paris"))

    answer = await retrying.chat.completions.create(model="small", messages=HELLO)

    assert answer.choices[0].message.content == "Paris"
    assert [row["status"] for row in proxy.rows()] == ["failed", "ok"]


async def test_the_sdk_ends_where_the_attempts_end(
    retrying: openai.AsyncOpenAI, upstream: FakeUpstream, proxy: RunningProxy
) -> None:
    """One upstream that fails for good is called as often as the SDK retries, no more."""
    upstream.script(behaviour.status(500))

    with pytest.raises(openai.InternalServerError):
        await retrying.chat.completions.create(model="small", messages=HELLO)

    assert len(upstream.seen) == 3
    assert [len(row["attempts"]) for row in proxy.rows()] == [1, 1, 1]


async def test_a_pause_that_was_asked_for_is_kept_and_told(
    retrying: openai.AsyncOpenAI, upstream: FakeUpstream, proxy: RunningProxy
) -> None:
    """The SDK waits for the Retry-After that is handed on; the upstream is not called before."""
    upstream.script(behaviour.status(429, headers={"retry-after": "1"}), behaviour.ok("Paris"))

    answer = await retrying.chat.completions.create(model="small", messages=HELLO)

    assert answer.choices[0].message.content == "Paris"
    assert upstream.seen[1].arrived - upstream.seen[0].arrived >= 0.95
    assert len(proxy.rows()) == 2


async def test_nobody_is_called_before_its_time(upstream: FakeUpstream, tmp_path: Path) -> None:
    """Asked again while every upstream wants to be left alone, tierwise says so itself."""
    upstream.script(behaviour.status(429, headers={"retry-after": "60"}))
    async with (
        running(CONFIG.format(base_url=upstream.base_url), tmp_path) as proxy,
        openai.AsyncOpenAI(base_url=proxy.base_url, api_key="none", max_retries=0) as client,
    ):
        for _ in range(3):
            with pytest.raises(openai.RateLimitError) as caught:
                await client.chat.completions.create(model="tier/easy", messages=HELLO)

        assert len(upstream.seen) == 3
        assert 50 <= int(caught.value.response.headers["retry-after"]) <= 60
        assert [(row["http_status"], len(row["attempts"])) for row in proxy.rows()] == [(429, 3), (429, 0), (429, 0)]
