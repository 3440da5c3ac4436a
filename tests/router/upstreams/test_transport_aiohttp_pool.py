"""The attempt's one timer, and the pool's resolver."""

import asyncio
import socket

import pytest

from router.upstreams.transport_aiohttp_pool import Attempt, Resolver


async def test_an_attempt_is_late_when_its_headers_do_not_come():
    """Past `first_byte` the attempt is late, not before."""
    attempt = Attempt(0.05, 10.0)
    await asyncio.sleep(0.01)
    assert not attempt.late
    await asyncio.sleep(0.1)
    assert attempt.late
    attempt.stop()


async def test_headers_may_take_longer_than_a_pause_in_the_body():
    """An idle time below the header time does not cut the wait for headers."""
    attempt = Attempt(0.3, 0.05)
    await asyncio.sleep(0.15)
    assert not attempt.late
    await asyncio.sleep(0.25)
    assert attempt.late
    attempt.stop()


async def test_only_waiting_counts():
    """Between two pieces, while the reader is busy, no time runs; each new wait begins anew."""
    attempt = Attempt(10.0, 0.1)
    attempt.expires = None
    await asyncio.sleep(0.25)
    assert not attempt.late
    attempt.wait()
    await asyncio.sleep(0.05)
    attempt.wait()
    await asyncio.sleep(0.07)
    assert not attempt.late
    await asyncio.sleep(0.2)
    assert attempt.late
    attempt.stop()


async def test_a_stopped_attempt_is_never_late():
    """stop() disarms the timer."""
    attempt = Attempt(0.02, 0.02)
    attempt.stop()
    await asyncio.sleep(0.06)
    assert not attempt.late


async def test_an_attempt_without_a_connection_is_not_stale():
    """What never reached a connection is not repeated as if one had gone stale."""
    attempt = Attempt(1.0, 1.0)
    assert not attempt.was_stale()
    attempt.stop()


async def test_the_resolver_answers_in_the_pools_form():
    """Each address with its port and family."""
    resolver = Resolver()
    found = await resolver.resolve("localhost", 8080, socket.AF_INET)
    assert {(one["host"], one["port"], one["family"]) for one in found} == {("127.0.0.1", 8080, socket.AF_INET)}
    await resolver.close()
    with pytest.raises(RuntimeError):
        await resolver.resolve("localhost")
