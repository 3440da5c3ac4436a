"""What the aiohttp transport does beyond the contract of every transport."""

from router.upstreams.transport_aiohttp import AiohttpTransport
from tests.fakes.transports import SECRETS


async def test_a_transport_that_was_never_used_closes():
    """It opens nothing before the first call, not even an event loop is needed to make it."""
    await AiohttpTransport({}).close()


def test_a_transport_is_made_outside_of_an_event_loop():
    """The composition root may build it before anything runs."""
    assert "AiohttpTransport" in repr(AiohttpTransport(SECRETS))
