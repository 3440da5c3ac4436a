"""What every transport promises of its connections: reuse, one safe repeat, limits, an end."""

import asyncio

import pytest

from router.errors import Overloaded, UpstreamError, UpstreamUnreachable
from router.failure import outcome_of
from router.policy.outcome import Ending
from router.upstreams.transport_httpx import HttpxTransport
from router.upstreams.transport_native import NativeTransport
from tests.fakes import behaviour
from tests.fakes.transports import KEY, SECRETS, call_to, fetch, shown
from tests.fakes.upstream import Exchange, FakeUpstream


async def test_connections_are_reused(transport, upstream):
    """Ten calls one after another need one connection."""
    upstream.script(behaviour.ok())
    call = call_to(upstream.base_url)
    for _ in range(10):
        await fetch(transport, call)
    assert upstream.connections == 1


async def test_an_idle_connection_expires_before_the_upstream_closes_it(kind, upstream):
    """Past the keep-alive time a new connection is opened."""
    upstream.script(behaviour.ok())
    transport = kind(SECRETS, keepalive_seconds=0.1)
    call = call_to(upstream.base_url)
    await fetch(transport, call)
    await asyncio.sleep(0.25)
    await fetch(transport, call)
    await transport.close()
    assert upstream.connections == 2


@pytest.mark.parametrize("lost", [behaviour.close_before_headers(), behaviour.reset_before_headers()])
async def test_a_stale_connection_is_replaced_once(transport, upstream, lost):
    """A reused connection that dies without a byte costs nothing: the call is repeated on a fresh one."""
    upstream.script(behaviour.ok("first"), lost, behaviour.ok("third"))
    call = call_to(upstream.base_url)
    await fetch(transport, call)
    reply = await transport.send(call)
    assert b"third" in b"".join([chunk async for chunk in reply.chunks()])
    assert reply.repeated
    await reply.close()
    assert [seen.connection for seen in upstream.seen] == [1, 1, 2]


async def test_the_repeat_never_takes_another_old_connection(transport, upstream):
    """With several idle connections gone bad at once, one repeat is enough."""
    upstream.script(behaviour.ok(delay=0.1))
    call = call_to(upstream.base_url)
    await asyncio.gather(*(fetch(transport, call) for _ in range(3)))
    upstream.script(behaviour.close_before_headers(), behaviour.ok("fresh"))
    assert b"fresh" in await fetch(transport, call)
    assert upstream.connections == 4


async def test_the_repeat_is_not_repeated(transport, upstream):
    """When the fresh connection dies as well, the call has failed: it reached the upstream twice, not more."""
    upstream.script(behaviour.ok(), behaviour.close_before_headers())
    call = call_to(upstream.base_url)
    await fetch(transport, call)
    with pytest.raises(UpstreamUnreachable):
        await transport.send(call)
    assert len(upstream.seen) == 3


async def test_an_upstream_that_closes_idle_connections_costs_no_call(transport, upstream):
    """Of 200 calls on connections that the upstream closes just as they are used again, none fails."""

    async def impatient(exchange: Exchange) -> None:
        await behaviour.answer(b"{}")(exchange)
        await asyncio.sleep(0.001)
        exchange.close()

    upstream.script(impatient)
    call = call_to(upstream.base_url)
    for number in range(200):
        assert await fetch(transport, call) == b"{}"
        await asyncio.sleep(number % 5 * 0.0005)


@pytest.mark.parametrize("lost", [behaviour.close_before_headers(), behaviour.reset_before_headers()])
async def test_a_new_connection_that_dies_is_not_retried(transport, upstream, lost):
    """Silence on a first connection is the upstream's failure: it may have begun to work, so nothing is repeated."""
    upstream.script(lost)
    with pytest.raises(UpstreamUnreachable) as caught:
        await transport.send(call_to(upstream.base_url))
    assert len(upstream.seen) == 1
    assert str(upstream.port) not in shown(caught.value)
    assert KEY not in shown(caught.value)


async def test_bytes_that_come_unasked_are_nobodys_answer(transport, upstream):
    """What an upstream sends after its answer is not taken for the answer of the next call."""
    unasked = b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nsecret"

    async def twice(exchange: Exchange) -> None:
        await behaviour.answer(b"one")(exchange)
        await asyncio.sleep(0.05)
        await exchange.send(unasked)

    upstream.script(twice, behaviour.answer(b"two"))
    call = call_to(upstream.base_url)
    assert await fetch(transport, call) == b"one"
    await asyncio.sleep(0.15)
    assert await fetch(transport, call) == b"two"


async def test_a_limit_of_connections_queues_calls(kind, upstream):
    """With a limit of two per host, four calls share two connections."""
    upstream.script(behaviour.ok(delay=0.05))
    transport = kind(SECRETS, connections_per_host=2)
    await asyncio.gather(*(fetch(transport, call_to(upstream.base_url)) for _ in range(4)))
    await transport.close()
    assert upstream.connections == 2


@pytest.mark.parametrize("kind", [NativeTransport, HttpxTransport], ids=lambda kind: kind.__name__)
async def test_a_call_that_finds_no_connection_free_blames_nobody(kind, upstream):
    """It is told that there is no room and when to come back; aiohttp does not say which wait was too long."""
    upstream.script(behaviour.ok(delay=0.5))
    transport = kind(SECRETS, connections_per_host=1)
    first = asyncio.create_task(fetch(transport, call_to(upstream.base_url)))
    await upstream.wait_for(1)
    with pytest.raises(Overloaded, match="was in use") as refused:
        await transport.send(call_to(upstream.base_url, connect=0.05))
    await first
    await transport.close()

    assert refused.value.retry_after == 1.0
    assert outcome_of(refused.value).ending is Ending.UNREACHABLE
    assert not outcome_of(refused.value).counts


async def test_a_closed_transport_refuses_calls(transport, upstream):
    """After close() a call is refused as unreachable; closing twice is safe."""
    upstream.script(behaviour.ok())
    await fetch(transport, call_to(upstream.base_url))
    await transport.close()
    await transport.close()
    with pytest.raises(UpstreamUnreachable):
        await transport.send(call_to(upstream.base_url))


@pytest.mark.parametrize("begun", [b"HTTP/1.1 20", b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx-req"])
@pytest.mark.parametrize("then", ["close", "reset"])
async def test_a_reused_connection_that_began_to_answer_is_not_retried(transport, upstream, then, begun):
    """Half a head is an answer that began, and may be paid for: the call is not repeated."""
    upstream.script(behaviour.ok(), behaviour.raw(begun, then=then), behaviour.ok())
    call = call_to(upstream.base_url)
    await fetch(transport, call)
    with pytest.raises(UpstreamError):
        await transport.send(call)
    assert len(upstream.seen) == 2


async def test_one_host_that_hangs_holds_up_no_other(transport, upstream):
    """While 50 calls wait for a silent upstream, another answers at once."""
    upstream.script(behaviour.hang_before_headers())
    async with FakeUpstream() as lively:
        lively.script(behaviour.ok())
        waiting = [asyncio.create_task(transport.send(call_to(upstream.base_url))) for _ in range(50)]
        await upstream.wait_for(50)
        async with asyncio.timeout(1):
            await fetch(transport, call_to(lively.base_url, name="azure"))
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
