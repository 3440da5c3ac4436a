"""POST /v1/responses: OpenAI's Responses API without memory, over whichever chat upstream the decision names."""

import time

from router.api.client import Push
from router.api.gate import Receive, Send
from router.api.inbound import read
from router.api.outbound import Headers, with_dropped
from router.api.surface import Context, SurfaceClient
from router.ports import Receipt
from router.request import Request
from router.wire.openai_responses import Frame
from router.wire.responses_request import Translated, translated
from router.wire.responses_stream import ResponseStream, whole_response

PATH = "/v1/responses"


class ResponsesClient(SurfaceClient):
    """A client that speaks OpenAI's Responses API. What the exchange hands over is a chat completion."""

    __slots__ = ("_asked", "_ready", "_receipt", "_stream")

    def __init__(self, receive: Receive, send: Send, push: Push | None = None) -> None:
        """Take over `receive` before anything of the body has been read."""
        super().__init__(receive, send, push)
        self._asked: Translated | None = None
        self._receipt: Receipt | None = None
        self._stream: ResponseStream | None = None
        self._ready = b""

    def read(self, body: bytes, context: Context) -> Request:
        """Return the chat completion that asks what the Responses request in `body` asks; MalformedRequest."""
        self._asked = asked = translated(body)
        return read(
            asked.body,
            request_id=context.request_id,
            caller=context.caller,
            floor=context.floor,
            session=context.session or asked.session,
        )

    async def start(self, status: int, headers: Headers) -> None:
        """Send the status line and the headers, among them what was dropped."""
        await super().start(status, with_dropped(headers, self._asked.dropped if self._asked else ()))

    async def begin(self, receipt: Receipt) -> None:
        """Begin a stream; the head of a whole answer waits for `end`, which knows its length."""
        if receipt.stream:
            self._stream = ResponseStream(self._frame(receipt))
            await super().begin(receipt)
        else:
            self._receipt = receipt

    def push(self, data: bytes) -> bool:
        """Send the events that `data` leads to if that can be done at once; False: `write` what was not sent."""
        events = self._stream.feed(data) if self._stream is not None else b""
        if not events or super().push(events):
            return True
        self._ready = events
        return False

    async def write(self, data: bytes) -> None:
        """Send the events that `data` leads to; they are ready when `push` was tried before."""
        events, self._ready = self._ready, b""
        if not events and self._stream is not None:
            events = self._stream.feed(data)
        if events:
            await super().write(events)

    async def end(self, data: bytes = b"") -> None:
        """Send the last events, or the whole response object."""
        if self._stream is not None:
            data = self._stream.feed(data)
        elif self._receipt is not None:
            receipt, self._receipt = self._receipt, None
            data = whole_response(self._frame(receipt), data)
            receipt.length = len(data)
            await super().begin(receipt)
        await super().end(data)

    def _frame(self, receipt: Receipt) -> Frame:
        """Return what every response object of this answer has in common."""
        asked = self._asked
        model = receipt.upstream.model if receipt.upstream is not None else ""
        return Frame(
            stem=receipt.decision_id,
            created_at=int(time.time()),
            model=model,
            echo=asked.echo if asked is not None else {},
        )
