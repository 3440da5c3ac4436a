"""What httpx2 does not tell of a lost call: whether it opened a connection, and whether anything came back on it.

A call is repeated on the word of this module, so it says "nothing" only where that is seen. It stands between httpx2's
pool and its sockets, and behind the trace that httpx2 offers.
"""

import ssl
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

import httpx2

_current: ContextVar["Journal | None"] = ContextVar("tierwise_httpx_call", default=None)
"""The call for which the running task reads: over HTTP/1.1 each reads for itself."""


class Journal:
    """What was seen of one attempt."""

    __slots__ = ("answered", "connected", "shared")

    def __init__(self) -> None:
        """Nothing was seen; what the running task reads from now on is this attempt's."""
        self.connected = self.answered = self.shared = False
        _current.set(self)

    @property
    def silent(self) -> bool:
        """Whether an old connection died without a byte. Over HTTP/2 another call may have read it: then this is no."""
        return not (self.connected or self.answered or self.shared)

    async def note(self, event: str, _info: Mapping[str, Any]) -> None:
        """Take an event of httpx2's trace extension."""
        if event.startswith("connection.connect_tcp"):
            self.connected = True
        elif event.startswith("http2."):
            self.shared = True


class WatchedTransport(httpx2.AsyncHTTPTransport):
    """httpx2's own transport, whose connections tell the journal of a call what comes."""

    def __init__(self, **options: Any) -> None:
        """Take httpx2's options."""
        super().__init__(**options)
        pool: Any = self._pool  # httpx2 hands no backend on to its pool, which would take one
        pool._network_backend = _Backend(pool._network_backend)  # noqa: SLF001


class _Backend:
    """What opens connections for httpx2's pool, each of them watched."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend

    async def connect_tcp(self, *args: Any, **options: Any) -> "_Stream":
        """Open a connection."""
        return _Stream(await self._backend.connect_tcp(*args, **options))

    async def connect_unix_socket(self, *args: Any, **options: Any) -> "_Stream":
        """Open a connection on this machine."""
        return _Stream(await self._backend.connect_unix_socket(*args, **options))

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await self._backend.sleep(seconds)


class _Stream:
    """One connection; `read` tells the call that the task reads for."""

    __slots__ = ("_stream",)

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109  # httpx2's own form
        """Return what comes, nothing at the end."""
        data: bytes = await self._stream.read(max_bytes, timeout)
        journal = _current.get()
        if data and journal is not None:
            journal.answered = True
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109  # as above
        """Send."""
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        """Close."""
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  # as above
    ) -> "_Stream":
        """Go on encrypted."""
        return _Stream(await self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        """Return what the connection knows of itself."""
        return self._stream.get_extra_info(info)
