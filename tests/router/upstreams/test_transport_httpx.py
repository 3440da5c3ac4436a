"""What the httpx transport does beyond the contract of every transport."""

import asyncio

from router.upstreams.transport_aiohttp import AiohttpTransport
from router.upstreams.transport_httpx import HttpxTransport
from tests.fakes import behaviour
from tests.fakes.transports import call_to, fetch
from tests.fakes.upstream import FakeUpstream


async def test_the_environments_proxy_is_taken_only_when_asked_for(monkeypatch):
    """By default no transport listens to HTTP_PROXY; the httpx one does with trust_env, NO_PROXY respected."""
    async with FakeUpstream() as upstream:
        asked = []

        async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            asked.append((await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")[0])
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 7\r\nconnection: close\r\n\r\nproxied")
            await writer.drain()
            writer.close()

        upstream.script(behaviour.answer(b"direct"))
        async with await asyncio.start_server(proxy, "127.0.0.1", 0) as server:
            monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
            monkeypatch.delenv("no_proxy", raising=False)
            monkeypatch.delenv("NO_PROXY", raising=False)
            plain, trusting, bypassed = AiohttpTransport({}), HttpxTransport({}, trust_env=True), HttpxTransport({})
            call = call_to(upstream.base_url)
            assert await fetch(plain, call) == b"direct"
            assert await fetch(bypassed, call) == b"direct"
            assert await fetch(trusting, call_to("http://somewhere.invalid/v1")) == b"proxied"
            monkeypatch.setenv("no_proxy", "127.0.0.1")
            assert await fetch(trusting, call) == b"direct"
            for transport in (plain, trusting, bypassed):
                await transport.close()
        assert asked == [b"POST http://somewhere.invalid/v1/chat/completions HTTP/1.1"]
