"""POST /v1/chat/completions: what every upstream speaks, so nothing is translated."""

from router.api.inbound import read
from router.api.surface import Context
from router.api.untouched import UntouchedClient
from router.request import Request

PATH = "/v1/chat/completions"


def read_chat(body: bytes, context: Context) -> Request:
    """Return the chat completion that `body` asks for."""
    return read(
        body, request_id=context.request_id, caller=context.caller, floor=context.floor, session=context.session
    )


class ChatClient(UntouchedClient):
    """A client that speaks OpenAI's chat completions."""

    __slots__ = ()

    reads = read_chat
