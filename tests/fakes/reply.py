"""An upstream's reply without a socket: the chunks that a test gives, then an end or a failure."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping

from router.errors import UpstreamError
from router.upstreams.body import poured
from router.wire.call import Relay, UpstreamCall, UpstreamReply

JSON = {"content-type": "application/json"}
SSE = {"content-type": "text/event-stream"}


class FakeReply:
    """A reply of `status` whose body is `chunks`; `then` is raised after them, None ends cleanly, `hang` never ends."""

    def __init__(
        self,
        *chunks: bytes,
        status: int = 200,
        headers: Mapping[str, str] = JSON,
        then: UpstreamError | None = None,
        hang: bool = False,
        repeated: bool = False,
    ) -> None:
        self.repeated = repeated
        self.status = status
        self.headers = headers
        self.closed = 0
        self._chunks = chunks
        self._then = then
        self._hang = hang
        self._rest: AsyncIterator[bytes] | None = None

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body."""
        for chunk in self._chunks:
            yield chunk
        if self._hang:
            await asyncio.Event().wait()
        if self._then is not None:
            raise self._then

    async def pour(self, sink: Callable[[bytes], bool], _relay: Relay | None = None) -> bool:
        """Hand the body to `sink`."""
        self._rest = self._rest or self.chunks()
        return await poured(self._rest, sink)

    async def close(self) -> None:
        """Count how often this was closed."""
        self.closed += 1


class FakeSend:
    """A `Send` that plays replies, or raises errors, in order; `calls` keeps what was sent."""

    def __init__(self, *plays: UpstreamReply | UpstreamError) -> None:
        self.calls: list[UpstreamCall] = []
        self._plays = list(plays)

    async def __call__(self, call: UpstreamCall) -> UpstreamReply:
        """Play the next one."""
        self.calls.append(call)
        play = self._plays.pop(0)
        if isinstance(play, UpstreamError):
            raise play
        return play
