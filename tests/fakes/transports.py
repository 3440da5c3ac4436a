"""Calls to try a transport with, and what to look at afterwards."""

from collections.abc import AsyncIterator
from typing import Any

from router.catalog.provider import Provider
from router.upstreams.credentials import Secret
from router.upstreams.transport_aiohttp import AiohttpTransport
from router.upstreams.transport_httpx import HttpxTransport
from router.upstreams.transport_native import NativeTransport
from router.wire.call import UpstreamCall

KEY = "sk-canary-51b7e0"
SECRETS = {"alpha": Secret(KEY), "azure": Secret(KEY)}
KINDS = (NativeTransport, AiohttpTransport, HttpxTransport)
SSE = {"content-type": "text/event-stream", "transfer-encoding": "chunked"}


def call_to(base_url: str, *, name: str = "alpha", kind: str = "openai", **fields: Any) -> UpstreamCall:
    """Return a call to a provider there; `fields` replace what it holds."""
    provider = Provider(name=name, kind=kind, base_url=base_url)
    values: dict[str, Any] = {
        "url": f"{base_url}/chat/completions",
        "body": b'{"model":"small"}',
        "headers": (("content-type", "application/json"),),
        "connect": 2.0,
        "first_byte": 5.0,
        "idle": 5.0,
    }
    return UpstreamCall(provider=provider, **{**values, **fields})


async def read_all(reply: Any) -> bytes:
    """Return the whole body and close the reply."""
    try:
        return b"".join([chunk async for chunk in reply.chunks()])
    finally:
        await reply.close()


async def read_rest(stream: AsyncIterator[bytes]) -> bytes:
    """Return what is left of a body."""
    return b"".join([chunk async for chunk in stream])


async def fetch(transport: Any, call: UpstreamCall) -> bytes:
    """Send the call and return the whole body."""
    return await read_all(await transport.send(call))


def shown(error: BaseException) -> str:
    """Return everything that an error shows of itself."""
    return f"{error} {error!r} {error.args} {vars(error)} {error.__cause__!r}"


def connections_in_use(transport: Any) -> int:
    """Return how many connections the transport believes to be in use (httpx2: that it holds)."""
    if isinstance(transport, NativeTransport):
        return transport._hosts.in_use
    if isinstance(transport, AiohttpTransport):
        connector: Any = transport._session.connector
        return len(connector._acquired)
    return sum(len(pool._pool.connections) for pool in transport._pools.values())
