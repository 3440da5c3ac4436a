"""POST /v1/messages and /v1/messages/count_tokens: Anthropic's Messages API over chat completions."""

from collections.abc import Callable
from functools import partial
from typing import ClassVar

from router.api.client import Direct
from router.api.error_body import JSON, error_headers
from router.api.gate import Head, Receive, Send
from router.api.inbound import read, require_few_messages
from router.api.outbound import Headers
from router.api.surface import Context
from router.api.translating import TranslatingClient
from router.errors import RouterError
from router.policy.resolve import resolve
from router.ports import Ports, Receipt
from router.request import Request
from router.wire.anthropic_answer import Telling, to_message
from router.wire.anthropic_messages import error_object
from router.wire.anthropic_request import ChatBody, to_chat
from router.wire.anthropic_stream import MessageStream
from router.wire.decoding import require_utf8
from router.wire.json_body import refuse_twice

PATH = "/v1/messages"
COUNT_PATH = "/v1/messages/count_tokens"


def is_anthropics(path: str) -> bool:
    """Say whether who calls this path expects errors in Anthropic's shape."""
    return path == PATH or path.startswith(PATH + "/")


def _read(body: bytes, context: Context, counts: bool) -> tuple[ChatBody, Request]:
    """Return the chat completion that stands for the message asked for in `body`, translated and read."""
    require_utf8(body)
    require_few_messages(body)
    refuse_twice(body)
    chat = to_chat(body, counting=counts)
    request = read(
        chat.body, request_id=context.request_id, caller=context.caller, floor=context.floor, session=context.session
    )
    return chat, request


class MessagesClient(TranslatingClient):
    """A client that speaks Anthropic's Messages API."""

    __slots__ = ("_chat", "_request")

    counts: ClassVar[bool] = False
    """Whether the message is only counted: then it need not say how long the answer may be."""

    def __init__(self, receive: Receive, send: Send, direct: Direct | None = None) -> None:
        """Take over `receive`, as AsgiClient does."""
        super().__init__(receive, send, direct)
        self._chat = ChatBody(body=b"")
        self._request: Request | None = None

    @staticmethod
    def credential(head: Head) -> bytes | None:
        """Return the key of the Authorization header, else that of x-api-key."""
        return head.credential()

    def read(self, body: bytes, context: Context) -> Request:
        """Return the chat completion that stands for the message asked for in `body`."""
        self._chat, request = _read(body, context, self.counts)
        self._request = request
        return request

    async def read_aside(self, body: bytes, context: Context, ports: Ports) -> Request:
        """Return the same for a large body, without holding up anybody."""
        self._chat, request = await ports.aside.run(context.caller, _read, body, context, self.counts)
        self._request = request
        return request

    @property
    def dropped(self) -> tuple[str, ...]:
        """What Anthropic's API knows and chat completions do not."""
        return self._chat.dropped

    def translator(self, receipt: Receipt) -> MessageStream:
        """Return what makes Anthropic's events of a stream."""
        return MessageStream(self._telling(receipt), self._most_bytes)

    def teller(self, receipt: Receipt) -> Callable[[bytes], bytes]:
        """Return what makes the message that a chat completion says."""
        return partial(to_message, telling=self._telling(receipt))

    async def start(self, status: int, headers: Headers) -> None:
        """Send the status and the headers, with the request's id under Anthropic's name as well."""
        ids = [(b"request-id", value) for name, value in headers if name == b"x-request-id"]
        await super().start(status, [*headers, *ids])

    def _telling(self, receipt: Receipt) -> Telling:
        upstream, request = receipt.upstream, self._request
        return Telling(
            message_id=f"msg_{receipt.decision_id}",
            model="" if upstream is None else upstream.model,
            input_tokens=0 if request is None else request.input_tokens,
            stops=self._chat.stops,
            shows_thinking=self._chat.shows_thinking,
        )

    async def refuse(self, error: RouterError, headers: Headers) -> None:
        """Send `error` in Anthropic's shape, with `headers` beside those of the error itself."""
        request_id = next((value for name, value in headers if name == b"x-request-id"), None)
        body = error_object(error, None if request_id is None else request_id.decode())
        await self.start(error.status, [*error_headers(error), (b"content-length", b"%d" % len(body)), *headers])
        await self.end(body)


class CountClient(MessagesClient):
    """A client that wants to know how many tokens a message has: it gets our estimate, and no upstream is asked."""

    __slots__ = ()

    counts = True

    async def serve(self, request: Request, ports: Ports, _arrived: float) -> None:
        """Answer with the likely number of input tokens; UnknownModel for a name that nothing has."""
        resolve(request.model_asked, ports.rules, ports.catalog)
        body = b'{"input_tokens":%d}' % request.input_tokens
        size, name = b"%d" % len(body), request.id.encode()
        await self.start(200, [(b"content-type", JSON), (b"content-length", size), (b"x-request-id", name)])
        await self.end(body)
