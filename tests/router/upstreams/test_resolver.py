"""Names are looked up in threads of the resolver's own."""

import asyncio
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from router.upstreams.resolver import NameResolver


async def test_a_name_has_addresses():
    """The loopback name gives the loopback address, with its family."""
    resolver = NameResolver()
    found = await resolver.addresses("localhost", 80, socket.AF_INET)
    resolver.close()
    assert (int(socket.AF_INET), "127.0.0.1") in found


async def test_a_name_without_addresses_is_an_error():
    """A name that does not exist raises OSError."""
    resolver = NameResolver()
    with pytest.raises(OSError, match=r".+"):
        await resolver.addresses("gone.invalid", 80, 0)
    resolver.close()


async def test_look_ups_do_not_wait_for_the_shared_threads():
    """With every shared thread busy a name is still resolved."""
    free, shared, resolver = threading.Event(), ThreadPoolExecutor(1), NameResolver()
    loop = asyncio.get_running_loop()
    loop.set_default_executor(shared)
    busy = loop.run_in_executor(None, free.wait)
    try:
        assert await asyncio.wait_for(resolver.addresses("localhost", 80, 0), 5)
    finally:
        free.set()
        await busy
        resolver.close()


async def test_a_closed_resolver_looks_nothing_up():
    """After close() a look-up is refused."""
    resolver = NameResolver()
    resolver.close()
    with pytest.raises(RuntimeError):
        await resolver.addresses("localhost", 80, 0)
