"""POST /v1/chat/completions: the hot path, as one raw ASGI callable.

FastAPI's route machinery costs more than everything that is done here (110 to 150 of 285 microseconds), so this path
goes around it.
"""

import asyncio
import logging

from classifier.tier import Tier
from router.access.keys import ClientKeys
from router.api.client import push_of
from router.api.gate import ClientGone, Head, Receive, Scope, Send, inspect
from router.api.inbound import read
from router.api.outbound import HttpClient, receipt_headers
from router.errors import MalformedRequest, RouterError
from router.forward import forward
from router.ports import Ports, Refusal
from router.request import Request

_log = logging.getLogger("tierwise.api")

MIN_TIER = b"x-router-min-tier"
_SESSION_HEADERS = (b"x-session-id", b"x-litellm-session-id", b"x-claude-code-session-id")


class ChatCompletions:
    """Serves one path; whatever goes wrong is answered in OpenAI's error shape."""

    def __init__(self, ports: Ports, keys: ClientKeys, body_limit: int) -> None:
        """Serve with `ports`, for the holders of `keys`, bodies of at most `body_limit` bytes."""
        self._ports = ports
        self._keys = keys
        self._body_limit = body_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        client: HttpClient | None = None
        request_id = None
        arrived = self._ports.clock()
        try:
            head = inspect(scope, self._body_limit)
            request_id = head.request_id() or self._ports.new_id()
            caller = self._keys.authenticate(head.get(b"authorization"))
            client = HttpClient(receive, send, push_of(scope))
            body = await client.body(self._body_limit)
            await forward(_request(head, body, request_id, caller), client, self._ports, arrived)
        except ClientGone:
            return
        except Refusal as refusal:
            await (client or HttpClient(receive, send)).refuse(refusal.error, receipt_headers(refusal.receipt))
        except RouterError as error:
            await self._refuse(client or HttpClient(receive, send), error, request_id)
        except asyncio.CancelledError:
            if client is None or not client.left:
                raise
        except Exception as error:  # noqa: BLE001  # the outermost handler: nobody is shown what it was
            _log.exception("unexpected %s while serving %s", type(error).__name__, request_id)
            await self._refuse(client or HttpClient(receive, send), RouterError("an internal error"), request_id)
        finally:
            if client is not None:
                client.close()

    async def _refuse(self, client: HttpClient, error: RouterError, request_id: str | None) -> None:
        """Answer with `error` unless an answer has begun, which then just breaks off."""
        if not client.began:
            await client.refuse(error, [(b"x-request-id", (request_id or self._ports.new_id()).encode())])


def _request(head: Head, body: bytes, request_id: str, caller: str) -> Request:
    """Read the request out of its head and body."""
    session = next((value for name in _SESSION_HEADERS if (value := head.get(name))), None)
    return read(
        body,
        request_id=request_id,
        caller=caller,
        floor=_floor(head),
        session=session.decode("latin-1")[:256] if session else None,
    )


def _floor(head: Head) -> Tier | None:
    """Return the tier of x-router-min-tier; MalformedRequest when it names none."""
    value = head.get(MIN_TIER)
    if value is None:
        return None
    try:
        return Tier.parse(value.decode("latin-1").strip().lower())
    except ValueError:
        raise MalformedRequest("the header x-router-min-tier names no tier", fix="Send easy, medium or hard.") from None
