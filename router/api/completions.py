"""POST /v1/completions: OpenAI's older completions over chat completions."""

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import ClassVar

from router.api.client import Direct
from router.api.gate import Receive, Send
from router.api.inbound import read
from router.api.surface import Context
from router.api.translating import TranslatingClient
from router.ports import Ports, Receipt
from router.request import Request
from router.wire.completions_answer import Completion, CompletionStream, whole_completion
from router.wire.completions_request import ChatPrompt, to_chat_prompt

PATH = "/v1/completions"


def _read(body: bytes, context: Context) -> tuple[ChatPrompt, Request]:
    """Return the chat completion that asks what the completion in `body` asks, translated and read."""
    chat = to_chat_prompt(body)
    request = read(
        chat.body, request_id=context.request_id, caller=context.caller, floor=context.floor, session=context.session
    )
    return chat, request


class CompletionsClient(TranslatingClient):
    """A client that speaks OpenAI's completions."""

    __slots__ = ("_chat",)
    params: ClassVar[Mapping[str, str]] = {"messages": "prompt", "max_completion_tokens": "max_tokens"}

    def __init__(self, receive: Receive, send: Send, direct: Direct | None = None) -> None:
        """Take over `receive`, as AsgiClient does."""
        super().__init__(receive, send, direct)
        self._chat = ChatPrompt(body=b"")

    def read(self, body: bytes, context: Context) -> Request:
        """Return the chat completion that asks what the completion in `body` asks; MalformedRequest."""
        self._chat, request = _read(body, context)
        return request

    async def read_aside(self, body: bytes, context: Context, ports: Ports) -> Request:
        """Return the same for a large body, without holding up anybody."""
        self._chat, request = await ports.aside.run(context.caller, _read, body, context)
        return request

    @property
    def dropped(self) -> tuple[str, ...]:
        """What the older API knows and chat completions do not."""
        return self._chat.dropped

    def translator(self, receipt: Receipt) -> CompletionStream:
        """Return what makes the chunks of a completion of a stream."""
        return CompletionStream(_completion(receipt))

    def teller(self, receipt: Receipt) -> Callable[[bytes], bytes]:
        """Return what makes the completion that a chat completion says."""
        return partial(whole_completion, completion=_completion(receipt))


def _completion(receipt: Receipt) -> Completion:
    """Return what every object of the answer has in common."""
    model = "" if receipt.upstream is None else receipt.upstream.model
    return Completion(f"cmpl-{receipt.decision_id}", int(time.time()), model)
