"""POST /v1/chat/completions: what every upstream speaks, so nothing is translated."""

from dataclasses import replace

from router.api.inbound import read
from router.api.surface import Context, SurfaceClient
from router.ports import Ports
from router.request import Request

PATH = "/v1/chat/completions"


class ChatClient(SurfaceClient):
    """A client that speaks OpenAI's chat completions."""

    __slots__ = ()

    def read(self, body: bytes, context: Context) -> Request:
        """Return the chat completion that `body` asks for."""
        return _read(body, context)

    async def read_aside(self, body: bytes, context: Context, ports: Ports) -> Request:
        """Return the same for a large body, which need not come back."""
        return replace(await ports.aside.run(_bodiless, body, context), body=body)


def _read(body: bytes, context: Context) -> Request:
    return read(
        body, request_id=context.request_id, caller=context.caller, floor=context.floor, session=context.session
    )


def _bodiless(body: bytes, context: Context) -> Request:
    return replace(_read(body, context), body=b"")
