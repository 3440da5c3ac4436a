"""The second way out: HTTP/2 and corporate proxies with httpx2, for providers that the hot transport cannot reach.

It costs several times the CPU of `NativeTransport`. It drives httpx2's transport, not its client, which would keep
cookies, follow redirects and log addresses. Host names are resolved in the event loop's shared threads.
"""

import asyncio
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx2

from router import __version__
from router.catalog.provider import Provider
from router.errors import RouterError, UpstreamError
from router.upstreams import failures
from router.upstreams.auth import auth_headers
from router.upstreams.body import BODY_LIMIT_BYTES, clean_headers, decoded, decoder_for, poured
from router.upstreams.credentials import Secret
from router.upstreams.transport_httpx_watch import Journal, WatchedTransport
from router.wire.call import Relay, UpstreamCall

_KEEPALIVE_SECONDS = 2.5
_LOST = (httpx2.ReadError, httpx2.WriteError, httpx2.RemoteProtocolError)


class HttpxReply:
    """An answer whose body is still arriving (an `UpstreamReply`)."""

    def __init__(self, call: UpstreamCall, response: httpx2.Response, limit_bytes: int) -> None:
        """Take the response; UpstreamBroken if its encoding is unknown."""
        self.repeated = False
        self._call = call
        self._response = response
        self._limit = limit_bytes
        self._decoder = decoder_for(response.headers.get("content-encoding"), call.provider.name)
        pairs = ((name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw)
        self._headers = clean_headers(pairs, decoded=self._decoder is not None)
        self._rest: AsyncIterator[bytes] | None = None

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self._response.status_code

    @property
    def headers(self) -> Mapping[str, str]:
        """The response headers, names in lower case, without cookies."""
        return self._headers

    def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it arrives, decoded; UpstreamTimeout or UpstreamBroken when it stops short."""
        if self._decoder is None:
            return self._read()
        return decoded(self._read(), self._decoder, self._limit, self._call.provider.name)

    async def pour(self, sink: Callable[[bytes], bool], _relay: Relay | None = None) -> bool:
        """Hand the body to `sink` as it arrives, decoded, until it returns False; whether the body has ended."""
        self._rest = self._rest or self.chunks()
        return await poured(self._rest, sink)

    async def close(self) -> None:
        """Give the connection back if the body was read to its end, else close it. Safe to call twice."""
        await _quietly_close(self._response)

    async def _read(self) -> AsyncGenerator[bytes]:
        """Yield the body as it is on the wire."""
        name = self._call.provider.name
        body = aiter(_stream(self._response))
        left = self._limit
        try:
            while (data := await self._next(body)) is not None:
                left -= len(data)
                if left < 0:
                    raise failures.too_large(name)
                yield data
        finally:
            await _quietly_close(self._response)

    async def _next(self, body: AsyncIterator[bytes]) -> bytes | None:
        """Return the next bytes, None at the end; UpstreamTimeout after `idle` seconds of silence."""
        try:
            async with asyncio.timeout(self._call.idle):
                return await anext(body, None)
        except TimeoutError:
            raise failures.idle(self._call.provider.name, self._call.idle) from None
        except (httpx2.HTTPError, httpx2.StreamError, OSError):
            raise failures.broken(self._call.provider.name, "it was cut short") from None


class HttpxTransport:
    """Send calls over HTTP/1.1 or HTTP/2 (`send` is a `Send`), one pool a provider; close it on the loop that used it.

    `trust_env` takes the proxies of HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, read when a provider is first
    called. No redirect is followed, no cookie kept, TLS is verified.
    """

    def __init__(
        self,
        secrets: Mapping[str, Secret],
        *,
        connections_per_host: int | None = None,
        keepalive_seconds: float = _KEEPALIVE_SECONDS,
        body_limit_bytes: int = BODY_LIMIT_BYTES,
        tls: ssl.SSLContext | None = None,
        trust_env: bool = False,
    ) -> None:
        """Take the keys by provider name; None connections_per_host: no limit; `tls`: another trust store."""
        self._secrets = dict(secrets)
        self._limits = httpx2.Limits(
            max_connections=connections_per_host, max_keepalive_connections=None, keepalive_expiry=keepalive_seconds
        )
        self._one_way = httpx2.Limits(max_connections=None, max_keepalive_connections=0)
        self._limit = body_limit_bytes
        self._tls = tls or ssl.create_default_context()  # once and here: it reads the trust store from disk
        self._trust_env = trust_env
        self._closed = False
        self._pools: dict[tuple[Provider, bool], WatchedTransport] = {}
        WatchedTransport(verify=self._tls, http2=True)  # loads what httpx2 loads late, before the first call

    async def send(self, call: UpstreamCall) -> HttpxReply:
        """Send the call and return once the headers have come.

        `call.connect` bounds opening a connection, `call.first_byte` everything up to the headers. Raises
        UpstreamUnreachable, UpstreamTimeout or UpstreamBroken. Cancelling it drops the connection at once.
        """
        headers = [*call.headers, *auth_headers(call, self._secrets)]
        journal = Journal()
        try:
            async with asyncio.timeout(call.first_byte):
                repeated = False
                try:
                    response = await self._attempt(call, headers, journal, fresh=False)
                except _LOST:
                    if not journal.silent:
                        raise
                    response, repeated = await self._attempt(call, headers, journal, fresh=True), True
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:
            raise _translated(error, call, began=journal.answered) from None
        reply = await self._reply(call, response)
        reply.repeated = repeated
        return reply

    async def close(self) -> None:
        """Close every connection, also those in use; later calls are refused. Safe to call twice."""
        self._closed = True
        pools, self._pools = self._pools, {}
        for pool in pools.values():
            await pool.aclose()

    async def _attempt(
        self, call: UpstreamCall, headers: list[tuple[str, str]], journal: Journal, *, fresh: bool
    ) -> httpx2.Response:
        """Send once, over a connection of its own if `fresh`; httpx2's errors pass."""
        request = httpx2.Request(
            call.method,
            call.url,
            headers=_merged(headers),
            content=call.body,
            extensions={"timeout": {"connect": call.connect, "pool": call.connect}, "trace": journal.note},
        )
        return await self._pool(call.provider, fresh=fresh).handle_async_request(request)

    async def _reply(self, call: UpstreamCall, response: httpx2.Response) -> HttpxReply:
        """Wrap the response; close its connection if it is none that can be read."""
        try:
            if response.status_code < 200:
                raise failures.broken(call.provider.name, "it switches to another protocol")
            return HttpxReply(call, response, self._limit)
        except UpstreamError:
            await _quietly_close(response)
            raise

    def _pool(self, provider: Provider, *, fresh: bool) -> WatchedTransport:
        """Return the provider's pool, or with `fresh` the one that keeps no connection."""
        if self._closed:
            raise failures.unreachable(provider.name, "this proxy is shutting down")
        pool = self._pools.get((provider, fresh))
        if pool is None:
            pool = self._pools[(provider, fresh)] = WatchedTransport(
                verify=self._tls,
                trust_env=self._trust_env,
                http2=True,
                limits=self._one_way if fresh else self._limits,
                proxy=_proxy_for(provider.base_url) if self._trust_env else None,
            )
        return pool


def _merged(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the headers with ours in the place of others of the same name; the key stands last, so it wins."""
    fixed = {"accept-encoding": "identity", "user-agent": f"tierwise/{__version__}"}
    return list(({name.lower(): value for name, value in headers} | fixed).items())


def _proxy_for(base_url: str) -> str | None:
    """Return the environment's proxy for this address, None to go straight."""
    parts = urlsplit(base_url)
    if parts.hostname is None or proxy_bypass(parts.hostname):
        return None
    proxies = getproxies()
    return proxies.get(parts.scheme) or proxies.get("all")


def _stream(response: httpx2.Response) -> httpx2.AsyncByteStream:
    """Return the response's stream; httpx2 types it as perhaps synchronous, which its async transport never makes."""
    if not isinstance(response.stream, httpx2.AsyncByteStream):
        raise TypeError("httpx2 answered with a synchronous stream")
    return response.stream


async def _quietly_close(response: httpx2.Response) -> None:
    """Close the response's stream; a connection that is already broken is closed enough."""
    try:
        await _stream(response).aclose()
    except (httpx2.HTTPError, OSError):
        return


_UNREACHABLE = (
    (httpx2.ConnectError, "the connection, the host name's look-up or the TLS handshake failed"),
    (httpx2.ProxyError, "the proxy on the way refused"),
    (httpx2.UnsupportedProtocol, "its base URL cannot be used"),
    (httpx2.InvalidURL, "its base URL cannot be used"),
)


def _translated(error: Exception, call: UpstreamCall, *, began: bool) -> RouterError:
    """Return our error for httpx2's; its text, which may name the host, stays behind. `began`: something had come."""
    name = call.provider.name
    if isinstance(error, httpx2.PoolTimeout):
        return failures.crowded(name, call.connect)
    if isinstance(error, httpx2.ConnectTimeout):
        return failures.unreachable(name, f"no connection within {call.connect:g} seconds")
    if isinstance(error, (TimeoutError, httpx2.TimeoutException)):
        return failures.no_headers(name, call.first_byte)
    if began and isinstance(error, _LOST):
        return failures.broken(name, "it was cut short in its head")
    why = next((why for kind, why in _UNREACHABLE if isinstance(error, kind)), None)
    if why is not None:
        return failures.unreachable(name, why)
    silent = isinstance(error, httpx2.RemoteProtocolError) and "without sending a response" in str(error)
    lost = silent or isinstance(error, httpx2.NetworkError | OSError)
    return failures.lost(name) if lost else failures.broken(name, "it is not proper HTTP")
