"""The pool: which connection is taken, how many there are, and what waits for a place."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from router.upstreams.transport_dial import Address, Dialler
from router.upstreams.transport_hosts import Host, Hosts
from router.upstreams.transport_link import Link


@pytest.fixture
async def address() -> AsyncIterator[Address]:
    """Return where a server answers every request at once."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.read(1000):
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        except ConnectionError:
            pass
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield Address("127.0.0.1", server.sockets[0].getsockname()[1], False)


def a_pool(*, per_host: int | None = None, keepalive: float = 5.0) -> Hosts:
    """Return an empty pool."""
    return Hosts(Dialler(None), per_host=per_host, keepalive=keepalive, body_limit=1000)


async def used(hosts: Hosts, host: Host) -> Link:
    """Return a link on which a request was answered."""
    link = await hosts.opened(host)
    link.begin(b"GET / HTTP/1.1\r\n\r\n", b"", link.now() + 5)
    while not link.complete:
        await link.news()
    return link


async def test_the_connection_used_last_is_taken_first(address):
    """Those that a burst has left over grow old."""
    hosts = a_pool()
    host = hosts.at(address)
    first, second = await used(hosts, host), await used(hosts, host)
    hosts.release(host, second)
    hosts.release(host, first)
    assert hosts.idle(host) is first
    assert hosts.idle(host) is second
    assert hosts.idle(host) is None
    hosts.close()


async def test_an_old_connection_goes_by_itself(address):
    """Nobody has to ask for it."""
    hosts = a_pool(keepalive=0.05)
    host = hosts.at(address)
    link = await used(hosts, host)
    hosts.release(host, link)
    await asyncio.sleep(0.2)
    assert not host.idle
    assert not link.open
    assert hosts.in_use == 0
    hosts.close()


async def test_an_unfinished_answer_takes_its_connection_with_it(address):
    """What may still come must not be taken for another answer."""
    hosts = a_pool()
    host = hosts.at(address)
    link = await hosts.opened(host)
    link.begin(b"GET / HTTP/1.1\r\n\r\n", b"", link.now() + 5)
    hosts.release(host, link)
    assert hosts.idle(host) is None
    assert not link.open
    hosts.close()


async def test_a_limit_makes_wait(address):
    """The next call gets the connection that another gives back, and none more is opened."""
    hosts = a_pool(per_host=1)
    host = hosts.at(address)
    link = await used(hosts, host)
    waiting = asyncio.create_task(hosts.opened(host))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    hosts.release(host, link)
    assert await waiting is link
    hosts.close()


async def test_who_leaves_while_waiting_blocks_nobody(address):
    """A place that was given to a cancelled call goes to the next."""
    hosts = a_pool(per_host=1)
    host = hosts.at(address)
    link = await used(hosts, host)
    leaving, staying = (asyncio.create_task(hosts.opened(host)) for _ in range(2))
    await asyncio.sleep(0.01)
    hosts.release(host, link)
    leaving.cancel()
    assert await asyncio.wait_for(staying, 1) is link
    assert leaving.cancelled() or (await asyncio.gather(leaving, return_exceptions=True))
    hosts.close()


async def test_a_connection_that_cannot_be_opened_takes_no_place():
    """After a refusal the place is free again."""
    hosts = a_pool(per_host=1)
    host = hosts.at(Address("127.0.0.1", 1, False))
    for _ in range(2):
        with pytest.raises(ConnectionRefusedError):
            await asyncio.wait_for(hosts.opened(host), 1)
    assert hosts.in_use == 0
    hosts.close()


async def test_closing_closes_what_is_in_use(address):
    """Nothing outlives the pool; closing twice is safe."""
    hosts = a_pool()
    link = await used(hosts, hosts.at(address))
    hosts.close()
    hosts.close()
    assert not link.open
