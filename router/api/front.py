"""The front door: the hot path first, the gate before everything, FastAPI for the rest."""

from router.api.chat_completions import ChatCompletions
from router.api.gate import AsgiApp, Receive, Scope, Send, inspect
from router.api.outbound import HttpClient
from router.errors import RouterError, WrongMethod

CHAT_PATH = "/v1/chat/completions"


class Front:
    """One ASGI callable for the whole API."""

    def __init__(self, chat: ChatCompletions, cold: AsgiApp, body_limit: int) -> None:
        """Send POST /v1/chat/completions to `chat` and everything else, once it passed the gate, to `cold`."""
        self._chat = chat
        self._cold = cold
        self._body_limit = body_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope of type http."""
        if scope["path"] == CHAT_PATH and scope["method"] == "POST":
            await self._chat(scope, receive, send)
            return
        try:
            inspect(scope, self._body_limit)
            if scope["path"] == CHAT_PATH:
                raise WrongMethod(f"{CHAT_PATH} takes no {scope['method']}", fix="Send a POST.")
        except RouterError as error:
            client = HttpClient(receive, send)
            await client.refuse(error, [])
            return
        await self._cold(scope, receive, send)
