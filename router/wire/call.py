"""A call to an upstream and its reply, as they cross the one door to the network."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from router.catalog.provider import Provider
from router.quick import quick


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamCall:
    """One HTTP request to an upstream, complete but for the key, which the transport's owner adds.

    `dropped` names the members of the client's request that this provider could not be asked for. Time-outs are in
    seconds: `connect` for the connection, `first_byte` for the response's headers, `idle` between two
    reads of its body.
    """

    provider: Provider
    url: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()
    method: str = "POST"
    dropped: tuple[str, ...] = ()
    connect: float = 3.0
    first_byte: float = 120.0
    idle: float = 60.0


Relay = Callable[[bytes], int]
"""Takes what came of a body in chunks (HTTP/1.1) behind the end of one, if it is the next one or more, whole, with
nothing behind them, and of a kind that may be sent on in their frames. Returns the length of what they hold; 0 if
nothing was done."""


RELAYED_BYTES = 65_536
"""Chunks that are relayed at once have fewer bytes than this, with their frames."""


class UpstreamReply(Protocol):
    """An upstream's answer, its body still arriving. Whoever received it must close it, whatever happens."""

    @property
    def status(self) -> int:
        """The HTTP status."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The response headers, names in lower case."""

    @property
    def repeated(self) -> bool:
        """Whether the call was sent twice: a connection that had served before was lost without a byte."""

    def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it arrives; UpstreamUnreachable, UpstreamTimeout or UpstreamBroken when it stops short."""

    async def pour(self, sink: Callable[[bytes], bool], relay: Relay | None = None) -> bool:
        """Hand each piece to `sink` as it arrives, until that returns False or the body ends; whether it has ended.

        Raises what `chunks` raises, and what `sink` does. After False it can be called again for the rest. `relay` is
        asked before what may be a chunk is taken out of its frame; a transport may do without asking it.
        """

    async def close(self) -> None:
        """Give the connection back if the body was read to its end, else close it. Safe to call twice."""


Send = Callable[[UpstreamCall], Awaitable[UpstreamReply]]
"""The one await that leaves the machine. It raises UpstreamUnreachable, UpstreamTimeout or UpstreamBroken only."""
