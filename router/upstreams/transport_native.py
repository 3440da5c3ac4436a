"""The hot way out: calls over HTTP/1.1 on connections of our own. Only the transport modules open a socket.

It exists because it is measurably less work than aiohttp behind the same seam; `delivery.transport` chooses.
"""

import asyncio
import errno
import socket
import ssl
from collections.abc import AsyncIterator, Mapping
from typing import Self

from router import __version__
from router.catalog.provider import Provider
from router.errors import UpstreamError
from router.upstreams import failures
from router.upstreams.auth import auth_headers
from router.upstreams.body import BODY_LIMIT_BYTES, clean_headers, decoded, decoder_for, poured
from router.upstreams.credentials import Secret
from router.upstreams.transport_dial import Dialler, address_of
from router.upstreams.transport_hosts import Host, Hosts
from router.upstreams.transport_link import Link, Sink
from router.wire.call import Relay, UpstreamCall

KEEPALIVE_SECONDS = 2.5
"""An idle connection is dropped well before the 5 seconds of uvicorn and vLLM: reuse at the edge fails calls."""

NO_ROOM = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL})
"""What the system says where it is this machine, not the upstream, that cannot."""

_TARGETS, _VARIANTS = 1_024, 16
_FORBIDDEN = ("\r", "\n", "\0")
_OURS = (("accept-encoding", "identity"), ("user-agent", f"tierwise/{__version__}"))
_WRITTEN_HERE = frozenset({"host", "content-length", "transfer-encoding", "connection"})


class _Target:
    """What every call of one provider to one URL has in common: where it goes, and its head but for the length."""

    __slots__ = ("_heads", "_own", "_path", "host", "host_header", "provider")

    def __init__(self, call: UpstreamCall, secrets: Mapping[str, Secret], hosts: Hosts) -> None:
        """Parse the call's URL; ValueError if it cannot be used."""
        self.provider: Provider = call.provider
        self._own = (*_OURS, *auth_headers(call, secrets))
        address, self.host_header, self._path = address_of(call.url)
        self.host = hosts.at(address)
        self._heads: dict[tuple[str, tuple[tuple[str, str], ...]], bytes] = {}

    def head(self, call: UpstreamCall) -> bytes:
        """Return the request line and the headers. Ours win: nothing from a client stands in for the key."""
        key = (call.method, call.headers)
        head = self._heads.get(key)
        if head is None:
            if len(self._heads) >= _VARIANTS:
                self._heads.clear()
            head = self._heads[key] = self._written(*key)
        if call.body or call.method != "GET":
            return b"%bcontent-length: %d\r\n\r\n" % (head, len(call.body))
        return head + b"\r\n"

    def _written(self, method: str, given: tuple[tuple[str, str], ...]) -> bytes:
        """Return the head up to the length; ValueError for a header that would be more than one line."""
        ours = _WRITTEN_HERE.union(name.lower() for name, _ in self._own)
        fields = [*((name, value) for name, value in given if name.lower() not in ours), *self._own]
        for name, value in fields:
            if any(mark in name or mark in value for mark in _FORBIDDEN):
                raise ValueError("a header with a line break")
        lines = [f"{name}: {value}\r\n".encode("latin-1") for name, value in fields]
        return b"%b %b HTTP/1.1\r\nhost: %b\r\n%b" % (method.encode(), self._path, self.host_header, b"".join(lines))


class NativeReply:
    """An answer whose body is still arriving (an `UpstreamReply`)."""

    __slots__ = ("_call", "_chunks", "_host", "_hosts", "_link", "headers", "repeated", "status")

    def __init__(self, call: UpstreamCall, hosts: Hosts, host: Host, link: Link, limit_bytes: int) -> None:
        """Take the answer whose head is there; UpstreamBroken if its encoding is unknown."""
        self._call = call
        self._hosts = hosts
        self._host = host
        self._link: Link | None = link
        encoding = next((value for name, value in link.headers if name == "content-encoding"), None)
        decoder = decoder_for(encoding, call.provider.name)
        self._chunks = None if decoder is None else decoded(self, decoder, limit_bytes, call.provider.name)
        self.repeated = False
        self.status = link.status
        self.headers: Mapping[str, str] = clean_headers(link.headers, decoded=decoder is not None)

    def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it arrives, decoded; UpstreamTimeout or UpstreamBroken when it stops short."""
        return self if self._chunks is None else self._chunks

    async def pour(self, sink: Sink, relay: Relay | None = None) -> bool:
        """Hand the body to `sink` as it arrives, decoded, until it returns False; whether the body has ended."""
        if self._chunks is not None:
            return await poured(self._chunks, sink)
        link = self._link
        if link is None:
            return True
        try:
            while not link.ended():
                data = link.take()
                if not data:
                    if await link.pour(sink, self._call.idle, relay):
                        return False
                elif not sink(data):
                    return False
        except BaseException:
            self._drop()
            raise
        self._end(link)
        return True

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        """Return what has come since, as it is on the wire; what came before a failure is given out before it."""
        link = self._link
        if link is None:
            raise StopAsyncIteration
        patience: float | None = self._call.idle
        while not (data := link.take()):
            if link.ended():
                self._end(link)
                raise StopAsyncIteration
            try:
                await link.news(patience)
                patience = None  # what brings nothing of the body buys no more time
            except BaseException:
                self._drop()
                raise
        return data

    async def close(self) -> None:
        """Give the connection back if the body was read to its end, else drop it. Safe to call twice."""
        self._drop()

    def _end(self, link: Link) -> None:
        """Give the connection back, or say why the body stops short."""
        self._drop()
        name = self._call.provider.name
        if link.failure == "late":
            raise failures.idle(name, self._call.idle)
        if link.failure is not None:
            raise failures.too_large(name) if link.failure == "too large" else failures.broken(name, "it was cut short")

    def _drop(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            self._hosts.release(self._host, link)


class NativeTransport:
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
        self._limit = body_limit_bytes
        self._hosts = Hosts(
            Dialler(tls), per_host=connections_per_host, keepalive=keepalive_seconds, body_limit=body_limit_bytes
        )
        self._closed = False
        self._targets: dict[tuple[str, str], _Target] = {}

    async def send(self, call: UpstreamCall) -> NativeReply:
        """Send the call and return once the headers have come.

        `call.connect` bounds opening a connection, `call.first_byte` everything up to the headers. Raises
        UpstreamUnreachable, UpstreamTimeout or UpstreamBroken. Cancelling it drops the connection at once.
        """
        if self._closed:
            raise failures.unreachable(call.provider.name, "this proxy is shutting down")
        target = self._target(call)
        host = target.host
        expires = asyncio.get_running_loop().time() + call.first_byte
        reused = link = self._hosts.idle(host)
        if link is not None and await self._ask(call, target, link, expires):
            return self._reply(call, host, link)
        link = await self._opened(call, host)
        if not await self._ask(call, target, link, expires):
            raise failures.lost(call.provider.name)
        reply = self._reply(call, host, link)
        reply.repeated = reused is not None
        return reply

    async def close(self) -> None:
        """Close every connection, also those in use; later calls are refused. Safe to call twice."""
        self._closed = True
        self._hosts.close()

    def _target(self, call: UpstreamCall) -> _Target:
        """Return the parsed URL and the head for this call, parsing only the first time."""
        key = (call.provider.name, call.url)
        target = self._targets.get(key)
        if target is None or target.provider is not call.provider:
            if len(self._targets) >= _TARGETS:
                self._targets.clear()
            try:
                target = self._targets[key] = _Target(call, self._secrets, self._hosts)
            except ValueError:
                raise failures.unreachable(call.provider.name, "its base URL cannot be used") from None
        return target

    async def _opened(self, call: UpstreamCall, host: Host) -> Link:
        """Return a new connection."""
        name, seconds = call.provider.name, min(call.connect, call.first_byte)
        try:
            async with asyncio.timeout(seconds):
                return await self._hosts.opened(host)
        except TimeoutError:
            if self._hosts.full(host):
                raise failures.crowded(name, seconds) from None
            raise failures.unreachable(name, f"no connection within {seconds:g} seconds") from None
        except socket.gaierror:
            raise failures.unreachable(name, "its host name was not found") from None
        except ssl.SSLError:
            raise failures.unreachable(name, "its TLS certificate or handshake was refused") from None
        except OSError as error:
            if error.errno in NO_ROOM:
                raise failures.no_room(name) from None
            raise failures.unreachable(name, "the connection was refused") from None

    async def _ask(self, call: UpstreamCall, target: _Target, link: Link, expires: float) -> bool:
        """Send the request on `link` and wait for the head of its answer.

        False if the link was lost without a byte: where it had served before, the call can be repeated.
        """
        try:
            link.begin(target.head(call), call.body, expires)
            while not link.head_done and link.failure is None:
                await link.news()
        except ValueError:
            self._hosts.release(target.host, link)
            raise failures.unreachable(call.provider.name, "a header of the call cannot be sent") from None
        except BaseException:
            self._hosts.release(target.host, link)
            raise
        if link.head_done:
            return True
        self._hosts.release(target.host, link)
        name = call.provider.name
        if link.failure == "late":
            raise failures.no_headers(name, call.first_byte)
        if link.failure == "malformed":
            raise failures.broken(name, "it is not proper HTTP")
        if link.heard:
            raise failures.lost(name)
        return False

    def _reply(self, call: UpstreamCall, host: Host, link: Link) -> NativeReply:
        """Wrap the answer; drop its connection if it is none that can be read."""
        try:
            return NativeReply(call, self._hosts, host, link, self._limit)
        except UpstreamError:
            link.abort()
            self._hosts.release(host, link)
            raise
