"""What the aiohttp transport does beyond the contract of every transport."""

import asyncio

import pytest

from router.errors import UpstreamError
from router.upstreams.transport_aiohttp import AiohttpTransport
from tests.fakes import behaviour
from tests.fakes.transports import SECRETS, call_to, fetch
from tests.fakes.upstream import FakeUpstream


@pytest.mark.parametrize("then", ["close", "reset"])
async def test_a_reused_connection_that_began_to_answer_is_not_retried(then):
    """Half a status line is an answer that began: the call is not repeated."""
    transport = AiohttpTransport(SECRETS)
    async with FakeUpstream() as upstream:
        upstream.script(behaviour.ok(), behaviour.raw(b"HTTP/1.1 20", then=then), behaviour.ok())
        call = call_to(upstream.base_url)
        await fetch(transport, call)
        with pytest.raises(UpstreamError):
            await transport.send(call)
        assert len(upstream.seen) == 2
    await transport.close()


async def test_a_provider_whose_key_changed_is_shown_the_new_one():
    """Two providers of one name and address are told apart: nothing cached of the first is used for the second."""
    transport = AiohttpTransport(SECRETS)
    async with FakeUpstream() as upstream:
        upstream.script(behaviour.ok())
        await fetch(transport, call_to(upstream.base_url))
        await fetch(transport, call_to(upstream.base_url, kind="azure"))
        assert upstream.seen[0].header("api-key") is None
        assert upstream.seen[1].header("api-key") == SECRETS["alpha"].reveal()
        assert upstream.seen[1].header("authorization") is None
    await transport.close()


async def test_one_host_that_hangs_holds_up_no_other():
    """While 50 calls wait for a silent upstream, another answers at once."""
    transport = AiohttpTransport(SECRETS)
    async with FakeUpstream() as silent, FakeUpstream() as lively:
        silent.script(behaviour.hang_before_headers())
        lively.script(behaviour.ok())
        waiting = [asyncio.create_task(transport.send(call_to(silent.base_url))) for _ in range(50)]
        await silent.wait_for(50)
        async with asyncio.timeout(1):
            await fetch(transport, call_to(lively.base_url, name="azure"))
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    await transport.close()


async def test_a_transport_that_was_never_used_closes():
    """It opens nothing before the first call, not even an event loop is needed to make it."""
    await AiohttpTransport({}).close()


def test_a_transport_is_made_outside_of_an_event_loop():
    """The composition root may build it before anything runs."""
    assert "AiohttpTransport" in repr(AiohttpTransport(SECRETS))
