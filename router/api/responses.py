"""POST /v1/responses: OpenAI's Responses API without memory, over whichever chat upstream the decision names."""

import time

from router.api.client import Direct
from router.api.gate import Receive, Send
from router.api.inbound import read
from router.api.surface import Context
from router.api.translating import TranslatingClient
from router.aside import Aside
from router.ports import Receipt
from router.request import Request
from router.wire.openai_responses import Frame
from router.wire.responses_request import Translated, translated
from router.wire.responses_stream import ResponseStream, whole_response

PATH = "/v1/responses"


def _read(body: bytes, context: Context) -> tuple[Translated, Request]:
    """Return the chat completion that asks what the Responses request in `body` asks, translated and read."""
    asked = translated(body)
    request = read(
        asked.body,
        request_id=context.request_id,
        caller=context.caller,
        floor=context.floor,
        session=context.session or asked.session,
    )
    return asked, request


class ResponsesClient(TranslatingClient):
    """A client that speaks OpenAI's Responses API."""

    __slots__ = ("_asked",)

    def __init__(self, receive: Receive, send: Send, direct: Direct | None = None) -> None:
        """Take over `receive`, as AsgiClient does."""
        super().__init__(receive, send, direct)
        self._asked: Translated | None = None

    def read(self, body: bytes, context: Context) -> Request:
        """Return the chat completion that asks what the Responses request in `body` asks; MalformedRequest."""
        self._asked, request = _read(body, context)
        return request

    async def read_aside(self, body: bytes, context: Context, aside: Aside) -> Request:
        """Return the same for a large body, without holding up anybody."""
        self._asked, request = await aside.run(_read, body, context)
        return request

    @property
    def dropped(self) -> tuple[str, ...]:
        """What the Responses API knows and chat completions do not."""
        return self._asked.dropped if self._asked else ()

    def translator(self, receipt: Receipt) -> ResponseStream:
        """Return what makes the events of a response of a stream."""
        return ResponseStream(self._frame(receipt))

    def whole(self, data: bytes, receipt: Receipt) -> bytes:
        """Return the response object that a chat completion says."""
        return whole_response(self._frame(receipt), data)

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
