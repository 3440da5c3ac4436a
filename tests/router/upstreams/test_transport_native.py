"""What the native transport does beyond the contract of every transport."""

import asyncio

import pytest

from router.errors import UpstreamError
from router.upstreams.transport_native import NativeTransport
from tests.fakes import behaviour
from tests.fakes.transports import SECRETS, call_to, fetch
from tests.fakes.upstream import FakeUpstream


async def test_a_transport_that_was_never_used_closes():
    """It opens nothing before the first call, not even an event loop is needed to make it."""
    await NativeTransport({}).close()


def test_a_transport_is_made_outside_of_an_event_loop():
    """The composition root may build it before anything runs."""
    assert "NativeTransport" in repr(NativeTransport(SECRETS))


@pytest.mark.parametrize("value", ["a\r\nx-evil: 1", "a\nb", "a\0b"])
async def test_a_header_is_one_line(value):
    """A line break in a header is refused before anything is sent, and the connection is kept."""
    transport = NativeTransport(SECRETS)
    async with FakeUpstream() as upstream:
        upstream.script(behaviour.ok())
        with pytest.raises(UpstreamError, match="header"):
            await transport.send(call_to(upstream.base_url, headers=(("x-a", value),)))
        await fetch(transport, call_to(upstream.base_url))
        assert len(upstream.seen) == 1
    await transport.close()


async def test_what_came_before_a_failure_is_given_out():
    """Bytes that the network delivered with the end of a broken answer are not lost."""
    transport = NativeTransport(SECRETS)
    async with FakeUpstream() as upstream:
        upstream.script(behaviour.raw(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc", then="close"))
        reply = await transport.send(call_to(upstream.base_url))
        await asyncio.sleep(0.1)
        stream = reply.chunks()
        assert await anext(stream) == b"abc"
        with pytest.raises(UpstreamError, match="cut short"):
            await anext(stream)
    await transport.close()
