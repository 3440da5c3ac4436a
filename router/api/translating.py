"""The client's side of a surface that speaks another API: chat completions go in, its own terms come out."""

import contextlib
import sys
from abc import abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from typing import ClassVar, Protocol

from router.api.client import Direct
from router.api.gate import Receive, Send
from router.api.outbound import Headers, with_dropped
from router.api.surface import SurfaceClient
from router.aside import Aside, WorkLost, is_large
from router.errors import RouterError, UpstreamBroken
from router.ports import Ports, Receipt
from router.request import Request


class Translator(Protocol):
    """Turns the stream of one chat completion into another API's, wherever it is cut."""

    def feed(self, data: bytes) -> bytes:
        """Return what `data` leads to, maybe nothing."""


class TranslatingClient(SurfaceClient):
    """A client of another API.

    A stream is translated as it comes. A whole answer's head waits for its end, because the length of the answer in the
    client's terms is known only then. It is translated before the exchange is booked, so that one that cannot be told
    is a failure of the upstream, and another one may be asked.
    """

    __slots__ = ("_held", "_most_bytes", "_ready", "_receipt", "_stream")

    params: ClassVar[Mapping[str, str]] = {}
    """What this surface calls the members of a chat completion that it has under another name."""

    def __init__(self, receive: Receive, send: Send, direct: Direct | None = None) -> None:
        """Take over `receive`, as AsgiClient does."""
        super().__init__(receive, send, direct)
        self._receipt: Receipt | None = None
        self._stream: Translator | None = None
        self._held: bytes | None = None
        self._ready: tuple[bytes, bytes] | None = None
        self._most_bytes = sys.maxsize

    def serve(self, request: Request, ports: Ports, arrived: float) -> Awaitable[None]:
        """Serve what `read` returned; a translator keeps no more of an answer than a whole one may have."""
        self._most_bytes = ports.limits.reply_limit_bytes
        return super().serve(request, ports, arrived)

    @property
    @abstractmethod
    def dropped(self) -> tuple[str, ...]:
        """The members of the request that had no place in the chat completion."""

    @abstractmethod
    def translator(self, receipt: Receipt) -> Translator:
        """Return what translates the stream that `receipt` begins."""

    @abstractmethod
    def teller(self, receipt: Receipt) -> Callable[[bytes], bytes]:
        """Return what puts a whole chat completion into the client's terms; it raises UpstreamBroken where it cannot.

        It is a function of a module, or a partial one, so that another process can do it.
        """

    async def start(self, status: int, headers: Headers) -> None:
        """Send the status line and the headers, among them what was dropped."""
        await super().start(status, with_dropped(headers, self.dropped))

    async def refuse(self, error: RouterError, headers: Headers) -> None:
        """Send `error`, which names a member as this surface does."""
        error.param = self.params.get(error.param or "", error.param)
        await super().refuse(error, headers)

    async def begin(self, receipt: Receipt) -> None:
        """Send the head of a stream; keep the receipt of a whole answer until its end."""
        if receipt.stream:
            self._stream = self.translator(receipt)
            await super().begin(receipt)
        else:
            self._receipt = receipt

    def push(self, data: bytes) -> bool:
        """Send a part of the stream in the client's terms if that can be done at once; False: `write` it."""
        told = self._tell(data)
        if not told or super().push(told):
            return True
        self._held = told
        return False

    def framed(self) -> Callable[[bytes], bool] | None:
        """Return None: no part leaves as it came."""
        return None

    async def write(self, data: bytes) -> None:
        """Send a part of the stream; after a `push` that returned False, of the same `data`, what that translated."""
        told, self._held = self._held, None
        if told is None:
            told = self._tell(data)
        if told:
            await super().write(told)

    async def prepare(self, data: bytes, receipt: Receipt, aside: Aside, caller: str) -> None:
        """Translate a large whole answer beside the loop; UpstreamBroken when it cannot be told."""
        if self._stream is None and is_large(data):
            with contextlib.suppress(WorkLost):  # then it is done here
                self._ready = data, await aside.run(caller, self.teller(receipt), data)

    def ready(self, data: bytes, receipt: Callable[[], Receipt]) -> None:
        """Translate a whole answer, unless that was prepared; UpstreamBroken when it cannot be told."""
        if self._stream is None and (self._ready is None or self._ready[0] is not data):
            self._ready = data, self.teller(receipt())(data)

    def told(self, data: bytes, receipt: Receipt) -> bytes:
        """Return a whole answer in the client's terms, as `ready` has translated it, else translated now."""
        if self._ready is not None and self._ready[0] is data:
            return self._ready[1]
        return self.teller(receipt)(data)

    async def end(self, data: bytes = b"") -> None:
        """Send the last part of a stream, or the whole answer that `ready` has translated."""
        receipt, self._receipt = self._receipt, None
        if receipt is not None:
            data = self.told(data, receipt)
            receipt.length = len(data)
            await super().begin(receipt)
        elif self._stream is not None:
            data = self._tell(data)
        await super().end(data)

    def _tell(self, data: bytes) -> bytes:
        if self._stream is None:
            raise UpstreamBroken("The upstream sent a part of an answer before its head.")
        return self._stream.feed(data)
