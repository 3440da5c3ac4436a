"""The faulty upstream is itself sound: it plays its script, keeps its journal and breaks where it says it does."""

import asyncio
import json

import aiohttp
import pytest

from tests.fakes import behaviour
from tests.fakes.upstream import FakeUpstream


@pytest.fixture
async def upstream():
    async with FakeUpstream() as server:
        yield server


@pytest.fixture
async def session():
    async with aiohttp.ClientSession(auto_decompress=False, timeout=aiohttp.ClientTimeout(total=5)) as client:
        yield client


async def post(session, upstream, **body):
    async with session.post(f"{upstream.base_url}/chat/completions", json=body, allow_redirects=False) as reply:
        return reply.status, reply.headers, await reply.read()


async def test_plays_a_queue_in_order_and_repeats_its_last_behaviour(upstream, session):
    """Behaviours are played in order; the last one stays."""
    upstream.script(behaviour.status(503), behaviour.ok("Hi"))
    assert [(await post(session, upstream, model="m"))[0] for _ in range(3)] == [503, 200, 200]


async def test_a_model_of_its_own_script_does_not_use_the_queue(upstream, session):
    """A script for one model leaves the others alone."""
    upstream.script(behaviour.ok("queue"))
    upstream.script(behaviour.status(429, headers={"retry-after": "7"}), model="busy")
    status, headers, _ = await post(session, upstream, model="busy")
    assert (status, headers["retry-after"]) == (429, "7")
    _, _, body = await post(session, upstream, model="idle")
    assert json.loads(body)["choices"][0]["message"]["content"] == "queue"
    assert json.loads(body)["model"] == "idle"


async def test_keeps_a_journal_of_what_it_was_asked(upstream, session):
    """Headers, body and connection of each request are kept, and keep-alive is honoured."""
    upstream.script(behaviour.ok())
    for number in range(2):
        await post(session, upstream, model=f"m{number}", text="é")
    first, second = upstream.seen
    assert first.json == {"model": "m0", "text": "é"}
    assert (first.method, first.path, first.header("Content-Type")) == (
        "POST",
        "/v1/chat/completions",
        "application/json",
    )
    assert first.connection == second.connection == upstream.connections == 1


async def test_streams_one_http_chunk_an_event_with_usage_only_when_asked(upstream, session):
    """A stream carries usage where include_usage was sent."""
    upstream.script(behaviour.stream(2))
    _, headers, plain = await post(session, upstream, model="m", stream=True)
    _, _, counted = await post(session, upstream, model="m", stream=True, stream_options={"include_usage": True})
    assert headers["content-type"].startswith("text/event-stream")
    assert plain.count(b"data: ") == 5
    assert b'"usage"' not in plain
    assert counted.count(b"data: ") == 6
    assert b'"completion_tokens": 2' in counted
    assert counted.endswith(b"data: [DONE]\n\n")


@pytest.mark.parametrize(
    "broken",
    [
        behaviour.reset_before_headers,
        behaviour.close_before_headers,
        behaviour.reset_mid_stream,
        behaviour.sse_cut,
        behaviour.short_body,
    ],
)
async def test_breaks_the_connection(upstream, session, broken):
    """What should break off does so in the client's hands."""
    upstream.script(broken())
    with pytest.raises(aiohttp.ClientError):
        await post(session, upstream, model="m")


@pytest.mark.parametrize(
    ("behave", "status", "starts"),
    [
        (behaviour.html_200, 200, b"<!doctype"),
        (behaviour.empty_200, 200, b""),
        (behaviour.malformed_json, 200, b"{"),
        (behaviour.malformed_sse, 200, b"data: {not"),
        (behaviour.error_in_200, 200, b'{"error"'),
        (behaviour.redirect, 307, b""),
        (behaviour.gzipped, 200, b"\x1f\x8b"),
        (behaviour.wrong_content_type, 200, b'{"id"'),
    ],
)
async def test_answers_what_nobody_asked_for(upstream, session, behave, status, starts):
    """Complete but useless answers arrive complete."""
    upstream.script(behave())
    seen_status, _, body = await post(session, upstream, model="m")
    assert seen_status == status
    assert body.startswith(starts)


@pytest.mark.parametrize("behave", [behaviour.hang_before_headers, behaviour.hang_mid_stream])
async def test_notes_when_a_client_gives_up(upstream, session, behave):
    """A client that leaves a hanging upstream is seen leaving."""
    upstream.script(behave())
    asking = asyncio.create_task(post(session, upstream, model="m"))
    await upstream.wait_for(1)
    await asyncio.sleep(0.05)
    assert upstream.seen[0].closed is None
    asking.cancel()
    await asyncio.wait_for(upstream.seen[0].gone.wait(), 1)
    assert upstream.seen[0].closed is not None


async def test_refuses_connections_and_comes_back_on_the_same_port(upstream):
    """After refuse() nobody gets in; listen() opens the same port again."""
    upstream.script(behaviour.ok())
    port = upstream.port
    await upstream.refuse()
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorError):
            await post(session, upstream, model="m")
        await upstream.listen()
        assert upstream.port == port
        assert (await post(session, upstream, model="m"))[0] == 200


async def test_reads_chunked_requests(upstream, session):
    """A chunked request body is read whole."""
    upstream.script(behaviour.ok())

    async def body():
        yield b'{"model": '
        yield b'"parts"}'

    async with session.post(f"{upstream.base_url}/chat/completions", data=body()) as reply:
        assert reply.status == 200
    assert upstream.seen[0].model == "parts"
