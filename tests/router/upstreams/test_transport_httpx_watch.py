"""Only an old connection that died without a byte counts as silent: what is repeated may have been paid for."""

import asyncio

import httpx2
import pytest

from router.upstreams.transport_httpx_watch import Journal, WatchedTransport
from tests.fakes import behaviour
from tests.fakes.upstream import FakeUpstream


@pytest.mark.parametrize(
    ("events", "answered", "silent"),
    [
        ((), False, True),
        (("http11.send_request_headers.started",), False, True),
        ((), True, False),
        (("connection.connect_tcp.started",), False, False),
        (("http2.send_request_headers.started",), False, False),
    ],
)
async def test_silence_is_an_old_connection_without_a_byte(events, answered, silent):
    """Neither a new connection, nor one that is shared, nor one that said anything."""
    journal = Journal()
    for event in events:
        await journal.note(event, {})
    journal.answered = answered
    assert journal.silent is silent


async def _asked(transport: WatchedTransport, url: str) -> Journal:
    """Return what was seen of one call."""
    journal = Journal()
    request = httpx2.Request("POST", url, content=b'{"model":"small"}', extensions={"trace": journal.note})
    response = await transport.handle_async_request(request)
    await response.aread()
    await response.aclose()
    return journal


async def test_each_call_learns_what_came_for_it():
    """Two calls at once read for themselves; the second on a connection opens none."""
    async with FakeUpstream() as upstream:
        upstream.script(behaviour.ok(delay=0.05), behaviour.ok(), behaviour.ok())
        transport, url = WatchedTransport(), f"{upstream.base_url}/chat/completions"
        first, second = await asyncio.gather(_asked(transport, url), _asked(transport, url))
        third = await _asked(transport, url)
        await transport.aclose()
    assert all(journal.answered and not journal.silent for journal in (first, second, third))
    assert (first.connected, second.connected, third.connected) == (True, True, False)
