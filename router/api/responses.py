"""POST /v1/responses: OpenAI's Responses API, over whichever chat upstream the decision names.

It remembers only where the operator wants that: then an answer is kept, with what was asked, before its last byte goes
out, and a request may continue it.
"""

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import ClassVar

from router.api.client import Direct
from router.api.gate import Receive, Send
from router.api.inbound import read
from router.api.outbound import HttpClient
from router.api.surface import Context
from router.api.translating import TranslatingClient
from router.aside import WorkLost, is_large
from router.errors import LedgerUnavailable
from router.ledger.conversation import Conversations, KeptResponse, NoPreviousResponse
from router.ports import Ports, Receipt
from router.request import Request
from router.wire.decoding import require_utf8
from router.wire.json_body import refuse_twice
from router.wire.openai_responses import Frame
from router.wire.responses_kept import kept_items, previous_of
from router.wire.responses_request import Past, Translated, translated
from router.wire.responses_stream import ResponseStream, whole_response

PATH = "/v1/responses"
_PREVIOUS = "previous_response_id"

RECALLED_BYTES = 512 * 1024
"""Earlier turns of so many bytes are put together beside the loop: their items may be many and small."""


def _read(body: bytes, context: Context, past: Past | None = None) -> tuple[Translated, Request]:
    """Return the chat completion that asks what the Responses request in `body` asks, translated and read."""
    require_utf8(body)
    refuse_twice(body)
    asked = translated(body, past)
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

    __slots__ = ("_asked", "_ending", "_large", "_past", "_ports", "_previous", "_whose")
    recalls = True
    params: ClassVar[Mapping[str, str]] = {
        "messages": "input",
        "max_completion_tokens": "max_output_tokens",
        "max_tokens": "max_output_tokens",
        "reasoning_effort": "reasoning.effort",
        "response_format": "text.format",
    }

    def __init__(self, receive: Receive, send: Send, direct: Direct | None = None) -> None:
        """Take over `receive`, as AsgiClient does."""
        super().__init__(receive, send, direct)
        self._asked: Translated | None = None
        self._ports: Ports | None = None
        self._whose = ""
        self._previous: str | None = None
        self._past: Past | None = None
        self._ending: bytes | None = None
        self._large = False

    async def _recall(self, body: bytes, context: Context, ports: Ports, store: Conversations) -> int:
        """Fetch the turns that `body` continues and return their bytes; NoPreviousResponse where there are none."""
        self._ports, self._whose, self._past = ports, context.caller, Past()
        peeked = await ports.aside.run(context.caller, previous_of, body) if self._large else previous_of(body)
        self._previous = previous = peeked
        if previous is None:
            return 0
        found = await store.chain(previous, context.caller)
        if found is None:
            raise NoPreviousResponse("'previous_response_id' names no response that is kept.", param=_PREVIOUS)
        self._past = Past(turns=tuple((kept.items, kept.response) for kept in found))
        return sum(len(kept.items) + len(kept.response) for kept in found)

    def read(self, body: bytes, context: Context) -> Request:
        """Return the chat completion that asks what the Responses request in `body` asks; MalformedRequest."""
        self._asked, request = _read(body, context, self._past)
        return request

    async def read_aside(self, body: bytes, context: Context, ports: Ports) -> Request:
        """Return the same for a body that may continue a conversation, or is large, without holding up anybody."""
        more = 0
        self._large = is_large(body)
        if ports.conversations is not None:
            more = await self._recall(body, context, ports, ports.conversations)
        if more < RECALLED_BYTES and not self._large:
            return self.read(body, context)
        self._asked, request = await ports.aside.run(context.caller, _read, body, context, self._past)
        return request

    @property
    def dropped(self) -> tuple[str, ...]:
        """What the Responses API knows and chat completions do not."""
        return self._asked.dropped if self._asked else ()

    def translator(self, receipt: Receipt) -> ResponseStream:
        """Return what makes the events of a response of a stream."""
        return ResponseStream(self._frame(receipt), self._most_bytes)

    def teller(self, receipt: Receipt) -> Callable[[bytes], bytes]:
        """Return what makes the response object that a chat completion says."""
        return partial(whole_response, self._frame(receipt))

    @property
    def keeps(self) -> bool:
        """Whether the request wants its answer kept, and somebody keeps it."""
        return self._asked is not None and self._asked.stores

    def told(self, data: bytes, receipt: Receipt) -> bytes:
        """Return a whole answer as it was kept, where it was."""
        return self._ending or super().told(data, receipt)

    async def keep(self, data: bytes, receipt: Receipt) -> None:
        """Keep the answer with what was asked; LedgerUnavailable or WorkLost when that fails, and it with it."""
        stream = self._stream if isinstance(self._stream, ResponseStream) else None
        if stream is None:
            self._ending = told = self.told(data, receipt)
            await self._keep(told, receipt)
            return
        number = stream.number
        ending = stream.feed(data)
        try:
            if stream.final is not None:
                await self._keep(stream.final, receipt)
        except (LedgerUnavailable, WorkLost):
            stream.reopen(number)
            raise
        self._ending = ending

    async def _keep(self, response: bytes, receipt: Receipt) -> None:
        """Hand the answer to the store."""
        ports, asked = self._ports, self._asked
        if ports is None or ports.conversations is None or asked is None:
            return
        given = asked.asked, receipt.decision_id
        kept = KeptResponse(
            id=self._frame(receipt).id,
            caller=self._whose,
            at=ports.now(),
            previous=self._previous,
            items=await ports.aside.run(self._whose, kept_items, *given) if self._large else kept_items(*given),
            response=response,
        )
        await ports.conversations.keep(kept)

    async def end(self, data: bytes = b"") -> None:
        """Send the last part of a stream, or a whole answer: as it was kept, where it was."""
        if self._ending is not None and self._stream is not None:
            await HttpClient.end(self, self._ending)
        else:
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
