"""Calls over HTTP/1.1 with aiohttp, for who trusts it more than `transport_native`, at a higher cost per request."""

import io
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import lru_cache
from typing import Self

import aiohttp
from aiohttp.http import HttpProcessingError
from multidict import CIMultiDict
from yarl import URL

from router import __version__
from router.catalog.provider import Provider
from router.errors import UpstreamError
from router.upstreams import failures
from router.upstreams.auth import auth_headers
from router.upstreams.body import BODY_LIMIT_BYTES, clean_headers, decoded, decoder_for, poured
from router.upstreams.credentials import Secret
from router.upstreams.transport_aiohttp_pool import ATTEMPT, Attempt, Connector, Resolver
from router.wire.call import Relay, UpstreamCall

KEEPALIVE_SECONDS = 2.5
"""An idle connection is dropped well before the 5 seconds of uvicorn and vLLM: reuse at the edge fails calls."""

_DNS_SECONDS = 60
_HEADER_LINE_BYTES = 8_190
_HEADER_FIELD_BYTES = 16_380
_HEADERS = 128
_PLAIN_BODY_BYTES = 2**20  # aiohttp warns of a larger body given as bytes: it would be written in one go
_TARGETS, _VARIANTS = 1_024, 16
_FIXED_HEADERS = (("accept-encoding", "identity"), ("user-agent", f"tierwise/{__version__}"))


class _Target:
    """What every call of one provider to one URL has in common: the URL, and the headers by those of the call."""

    __slots__ = ("_merged", "_own", "provider", "url")

    def __init__(self, call: UpstreamCall, secrets: Mapping[str, Secret]) -> None:
        self.provider: Provider = call.provider
        self.url = URL(call.url, encoded=True)
        self._own = (*_FIXED_HEADERS, *auth_headers(call, secrets))
        self._merged: dict[tuple[tuple[str, str], ...], CIMultiDict[str]] = {}

    def headers(self, given: tuple[tuple[str, str], ...]) -> CIMultiDict[str]:
        """Return the headers of a call that gives these. Ours win: nothing from a client stands in for the key."""
        if given not in self._merged:
            if len(self._merged) >= _VARIANTS:
                self._merged.clear()
            merged = self._merged[given] = CIMultiDict(given)
            merged.update(self._own)
        return self._merged[given]


class AiohttpReply:
    """An answer whose body is still arriving (an `UpstreamReply`)."""

    __slots__ = ("_attempt", "_call", "_decoder", "_headers", "_limit", "_response", "_rest", "repeated")

    def __init__(
        self, call: UpstreamCall, attempt: Attempt, response: aiohttp.ClientResponse, limit_bytes: int
    ) -> None:
        """Take the response; UpstreamBroken if its encoding is unknown."""
        self._attempt, self.repeated = attempt, attempt.fresh
        self._call = call
        self._response = response
        self._limit = limit_bytes
        self._decoder = decoder_for(response.headers.get("content-encoding"), call.provider.name)
        self._headers: dict[str, str] | None = None
        self._rest: AsyncIterator[bytes] | None = None

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self._response.status

    @property
    def headers(self) -> Mapping[str, str]:
        """The response headers, names in lower case, without cookies."""
        if self._headers is None:
            self._headers = clean_headers(self._response.headers.items(), decoded=self._decoder is not None)
        return self._headers

    def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it arrives, decoded; UpstreamTimeout or UpstreamBroken when it stops short."""
        pieces = _Pieces(self, self._attempt, self._call, self._limit)
        if self._decoder is None:
            return pieces
        return decoded(pieces, self._decoder, self._limit, self._call.provider.name)

    async def pour(self, sink: Callable[[bytes], bool], _relay: Relay | None = None) -> bool:
        """Hand the body to `sink` as it arrives, decoded, until it returns False; whether the body has ended."""
        self._rest = self._rest or self.chunks()
        return await poured(self._rest, sink)

    async def close(self) -> None:
        """Give the connection back if the body was read to its end, else drop it. Safe to call twice."""
        self.stop()

    def read(self) -> Awaitable[bytes]:
        """Return what has come since the last read, as it is on the wire; b"" at the end. aiohttp's errors pass."""
        return self._response.content.readany()

    def stop(self) -> None:
        """Drop the connection; it is already back in the pool if the body has ended."""
        self._attempt.stop()
        if not self._response.closed:
            self._response.close()


class _Pieces:
    """The body as it is on the wire. An error, a cancellation and the end stop the reply; who breaks off closes it."""

    __slots__ = ("_attempt", "_call", "_left", "_readany", "_reply")

    def __init__(self, reply: AiohttpReply, attempt: Attempt, call: UpstreamCall, limit_bytes: int) -> None:
        self._reply = reply
        self._attempt = attempt
        self._call = call
        self._left = limit_bytes
        self._readany = reply.read

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        """Return what has come since; UpstreamTimeout or UpstreamBroken when the body stops short."""
        self._attempt.wait()
        try:
            data = await self._readany()
        except (aiohttp.ClientError, HttpProcessingError, OSError):
            self._reply.stop()
            if self._attempt.late:
                raise failures.idle(self._call.provider.name, self._call.idle) from None
            raise failures.broken(self._call.provider.name, "it was cut short") from None
        except BaseException:
            self._reply.stop()
            raise
        self._attempt.expires = None  # until the next piece is asked for: a slow client is not the upstream's fault
        self._left -= len(data)
        if data and self._left >= 0:
            return data
        self._reply.stop()
        if data:
            raise failures.too_large(self._call.provider.name)
        raise StopAsyncIteration


class AiohttpTransport:
    """Send calls over pooled HTTP/1.1 connections (`send` is a `Send`). One event loop; close it on that loop.

    No redirect is followed, no cookie kept, no proxy or netrc of the environment used, TLS is verified.
    """

    def __init__(
        self,
        secrets: Mapping[str, Secret],
        *,
        connections_per_host: int | None = None,
        keepalive_seconds: float = KEEPALIVE_SECONDS,
        body_limit_bytes: int = BODY_LIMIT_BYTES,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Take the keys by provider name; None connections_per_host: no limit; `tls`: another trust store."""
        self._secrets = dict(secrets)
        self._per_host = connections_per_host or 0
        self._keepalive = keepalive_seconds
        self._limit = body_limit_bytes
        self._tls = tls
        self._session: aiohttp.ClientSession | None = None
        self._resolver: Resolver | None = None
        self._closed = False
        self._targets: dict[tuple[str, str], _Target] = {}

    async def send(self, call: UpstreamCall) -> AiohttpReply:
        """Send the call and return once the headers have come.

        `call.connect` bounds opening a connection, `call.first_byte` everything up to the headers. Raises
        UpstreamUnreachable, UpstreamTimeout or UpstreamBroken. Cancelling it drops the connection at once.
        """
        target = self._target(call)
        session = self._session or self._open(call.provider.name)
        attempt = Attempt(call.first_byte, call.idle)
        ATTEMPT.set(attempt)
        try:
            try:
                response = await _request(session, call, target)
            except aiohttp.ClientConnectionError:
                if not attempt.was_stale():
                    raise
                attempt.fresh, attempt.link = True, None
                response = await _request(session, call, target)
            return self._reply(call, attempt, response)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            attempt.stop()
            raise _translated(error, call, late=attempt.late) from None
        except BaseException:
            attempt.stop()
            raise

    async def close(self) -> None:
        """Close every connection, also those in use; later calls are refused. Safe to call twice."""
        self._closed = True
        session, self._session = self._session, None
        if session is not None:
            await session.close()
        if self._resolver is not None:
            await self._resolver.close()

    def _reply(self, call: UpstreamCall, attempt: Attempt, response: aiohttp.ClientResponse) -> AiohttpReply:
        """Wrap the response; drop its connection if it is none that can be read."""
        try:
            if response.status < 200:
                raise failures.broken(call.provider.name, "it switches to another protocol")
            reply = AiohttpReply(call, attempt, response, self._limit)
        except UpstreamError:
            response.close()
            raise
        attempt.response = response
        attempt.expires = None
        return reply

    def _target(self, call: UpstreamCall) -> _Target:
        """Return the parsed URL and the headers for this call, parsing only the first time."""
        key = (call.provider.name, call.url)
        target = self._targets.get(key)
        if target is None or target.provider is not call.provider:
            if len(self._targets) >= _TARGETS:
                self._targets.clear()
            try:
                target = self._targets[key] = _Target(call, self._secrets)
            except ValueError:
                raise failures.unreachable(call.provider.name, "its base URL cannot be parsed") from None
        return target

    def _open(self, provider: str) -> aiohttp.ClientSession:
        """Make the session on the running loop; UpstreamUnreachable once the transport is closed."""
        if self._closed:
            raise failures.unreachable(provider, "this proxy is shutting down")
        self._resolver = Resolver()
        connector = Connector(
            limit=0,
            limit_per_host=self._per_host,
            keepalive_timeout=self._keepalive,
            ttl_dns_cache=_DNS_SECONDS,
            resolver=self._resolver,
            ssl=self._tls or True,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            max_line_size=_HEADER_LINE_BYTES,
            max_field_size=_HEADER_FIELD_BYTES,
            max_headers=_HEADERS,
        )
        return self._session


async def _request(session: aiohttp.ClientSession, call: UpstreamCall, target: _Target) -> aiohttp.ClientResponse:
    """Send once; aiohttp's errors pass."""
    body = call.body if len(call.body) <= _PLAIN_BODY_BYTES else io.BytesIO(call.body)
    return await session.request(
        call.method,
        target.url,
        data=body or None,
        headers=target.headers(call.headers),
        allow_redirects=False,
        timeout=_timeouts(min(call.connect, call.first_byte)),
    )


@lru_cache(maxsize=64)
def _timeouts(connect: float) -> aiohttp.ClientTimeout:
    """Return aiohttp's time-outs with the one that is left to it; never rounded up to whole seconds."""
    return aiohttp.ClientTimeout(connect=connect, ceil_threshold=float("inf"))


_UNREACHABLE = (
    (aiohttp.ClientConnectorDNSError, "its host name was not found"),
    (aiohttp.ClientSSLError, "its TLS certificate or handshake was refused"),
    (aiohttp.ClientConnectorError, "the connection was refused"),
    (aiohttp.InvalidURL, "its base URL cannot be used"),
)


def _translated(error: Exception, call: UpstreamCall, *, late: bool) -> UpstreamError:
    """Return our error for aiohttp's; its text, which names the host, stays behind."""
    name = call.provider.name
    if late:
        return failures.no_headers(name, call.first_byte)
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return failures.unreachable(name, f"no connection within {call.connect:g} seconds")
    why = next((why for kind, why in _UNREACHABLE if isinstance(error, kind)), None)
    if why is None and isinstance(error, aiohttp.ClientConnectionError | OSError):
        return failures.lost(name)
    return failures.broken(name, "it is not proper HTTP") if why is None else failures.unreachable(name, why)
