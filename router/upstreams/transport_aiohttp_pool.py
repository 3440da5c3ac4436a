"""The pool under the aiohttp transport, bent where aiohttp's public surface has no handle.

A link knows how many calls it carried and whether the current one was answered with a byte; the connector can be made
to open a fresh connection; closing always aborts, so that a peer which does not read cannot hold a connection that
nobody wants any more. The contract tests pin each of these against real sockets.
"""

import asyncio
from contextvars import ContextVar
from functools import partial
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection

from router.upstreams.resolver import NameResolver


class Attempt:
    """One call under way: what it asks of the pool, the link it was given, and how long it waits.

    `fresh`: only a new connection will do. `expires`: the loop time at which the present wait for the upstream is over,
    None while nothing is waited for. One timer serves a call's headers and body and is re-armed late; a timer for each
    wait (as asyncio.timeout sets) costs 6.5 us a call and 1.8 us a chunk more.
    """

    __slots__ = ("_loop", "_timer", "expires", "fresh", "late", "link", "patience", "response")

    def __init__(self, first_byte: float, idle: float) -> None:
        """Begin to wait for the headers, `first_byte` seconds at most; `idle` is the wait for a piece of the body."""
        self._loop = asyncio.get_running_loop()
        now = self._loop.time()
        self.patience = idle
        self.expires: float | None = now + first_byte
        self.fresh = False
        self.late = False
        self.link: Link | None = None
        self.response: aiohttp.ClientResponse | None = None
        self._timer = self._loop.call_at(now + min(first_byte, idle), self._check)

    def wait(self) -> None:
        """Begin to wait for a piece of the body."""
        self.expires = self._loop.time() + self.patience

    def was_stale(self) -> bool:
        """Tell whether a connection that had served before was lost without a byte: then the call can be repeated."""
        return self.link is not None and self.link.calls > 1 and not self.link.heard and not self.late

    def stop(self) -> None:
        """Disarm the timer and let go of the connection, which the caller closes."""
        self._timer.cancel()
        self.link = self.response = None

    def _check(self) -> None:
        """Drop the connection if the present wait is over, else look again when it would be."""
        now = self._loop.time()
        expires = now + self.patience if self.expires is None else self.expires
        if now < expires:
            self._timer = self._loop.call_at(expires, self._check)
            return
        self.late = True
        if self.response is not None:
            self.response.close()
        elif self.link is not None:
            self.link.abort()


ATTEMPT: ContextVar[Attempt | None] = ContextVar("tierwise_attempt", default=None)
"""The attempt that the running task makes; aiohttp has no other way to hand a value down to its pool."""


class Link(ResponseHandler):
    """One connection that knows how many calls it carried and whether the current one was answered with a byte."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.calls = 0
        self.heard = False

    def set_response_params(self, **params: Any) -> None:
        """Begin the next call on this connection."""
        self.calls += 1
        self.heard = False
        attempt = ATTEMPT.get()
        super().set_response_params(**params)
        if attempt is not None:
            attempt.link = self
            if attempt.late:
                self.abort()

    def data_received(self, data: bytes) -> None:
        """Note that something came back."""
        self.heard = True
        ResponseHandler.data_received(self, data)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Keep a reset from passing for the end of a body that has no length."""
        payload = self._payload
        if exc is not None and payload is not None and not payload.is_eof():
            payload.set_exception(aiohttp.ClientPayloadError("connection lost"))
        super().connection_lost(exc)

    def close(self) -> None:
        """Drop the connection at once: what is not yet written has no reader any more."""
        self.abort()


class Connector(aiohttp.TCPConnector):
    """A pool that makes `Link`s and opens a new connection where the attempt wants a fresh one."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        factory: type[ResponseHandler] = Link
        self._factory = partial(factory, loop=self._loop)

    async def _get(self, key: Any, traces: Any) -> Connection | None:
        """Return an idle connection, None to open one; drop those on which something came unasked."""
        attempt = ATTEMPT.get()
        if attempt is not None and attempt.fresh:
            return None
        while (connection := await super()._get(key, traces)) is not None:
            if connection.protocol is not None and not connection.protocol.should_close:
                return connection
            connection.close()
        return None


class Resolver(AbstractResolver):
    """NameResolver in aiohttp's clothes."""

    def __init__(self) -> None:
        self._names = NameResolver()

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[ResolveResult]:
        """Return the addresses of `host`; OSError if there are none."""
        found = await self._names.addresses(host, port, family)
        return [
            ResolveResult(hostname=host, host=address, port=port, family=kind, proto=0, flags=0)
            for kind, address in found
        ]

    async def close(self) -> None:
        """Let the threads go."""
        self._names.close()
