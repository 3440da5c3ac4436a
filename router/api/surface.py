"""One path of the hot half, as one raw ASGI callable: who may call, what is read, how what goes wrong is answered.

FastAPI's route machinery costs more than everything that is done here (110 to 150 of 285 microseconds), so these paths
go around it.
"""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Awaitable
from dataclasses import replace
from functools import partial
from typing import ClassVar, NamedTuple

from classifier.tier import Tier
from router.access.keys import ClientKeys
from router.api.admission import Admission
from router.api.client import direct_of
from router.api.gate import ClientGone, Head, Receive, Scope, Send, inspect
from router.api.outbound import HttpClient, receipt_headers
from router.aside import is_large
from router.errors import MalformedRequest, RouterError
from router.forward import forward, stopping
from router.ports import Ports, Refusal
from router.request import Request

_log = logging.getLogger("tierwise.api")

MIN_TIER = b"x-router-min-tier"
RETRY_COUNT = b"x-stainless-retry-count"
_SESSION_HEADERS = frozenset({b"x-session-id", b"x-litellm-session-id", b"x-claude-code-session-id"})


class Context(NamedTuple):
    """What a request's head says of it: its id, who sent it, the least tier, the session's name."""

    request_id: str
    caller: str
    floor: Tier | None
    session: str | None


class SurfaceClient(HttpClient, ABC):
    """The client's side of one request on one surface: reads what it asks and writes the answer in the same terms."""

    __slots__ = ()
    recalls: ClassVar[bool] = False
    """Whether a request may need more than its body: then `read_aside` reads it."""

    @staticmethod
    def credential(head: Head) -> bytes | None:
        """Return the client's key as the value of an Authorization header; None where it sends none."""
        return head.get(b"authorization")

    @abstractmethod
    def read(self, body: bytes, context: Context) -> Request:
        """Return what `body` asks for; MalformedRequest when it is nothing that this surface serves."""

    async def read_aside(self, body: bytes, context: Context, ports: Ports) -> Request:
        """Return the same for a large body, without holding up anybody."""
        return await ports.aside.in_thread(context.caller, partial(self.read, body, context))

    def serve(self, request: Request, ports: Ports, arrived: float) -> Awaitable[None]:
        """Serve what `read` returned; its head arrived at `arrived` on the ports' clock. Raises as `forward` does."""
        return forward(request, self, ports, arrived)


class Surface:
    """Serves one path; whatever goes wrong is answered in the error shape of its clients."""

    def __init__(
        self,
        client: type[SurfaceClient],
        ports: Ports,
        keys: ClientKeys,
        body_limit: int,
        admission: Admission | None = None,
    ) -> None:
        """Serve `client`s with `ports`, for the holders of `keys`, bodies of at most `body_limit` bytes.

        `admission` says how many at once; all surfaces of a process share one.
        """
        self._client = client
        self._ports = ports
        self._keys = keys
        self._body_limit = body_limit
        self._admission = admission or Admission()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        client: SurfaceClient | None = None
        request_id = admitted = None
        arrived = self._ports.clock()
        try:
            head = inspect(scope, self._body_limit)
            request_id = head.request_id() or self._ports.new_id()
            caller = self._keys.authenticate(self._client.credential(head))
            if not self._admission.enter(caller):
                await self._admission.wait(caller)
            admitted = caller
            client = self._client(receive, send, direct_of(scope))
            client.pace = self._ports.limits
            body = await client.body(self._body_limit)
            context = _context(head, request_id, caller)
            large = is_large(body)
            aside = client.recalls or large
            request = await client.read_aside(body, context, self._ports) if aside else client.read(body, context)
            request = _noted(request, head, large if request.body is body else is_large(request.body))
            await client.serve(request, self._ports, arrived)
        except ClientGone:
            return
        except Refusal as refusal:
            await (client or self._client(receive, send)).refuse(refusal.error, receipt_headers(refusal.receipt))
        except RouterError as error:
            await self._refuse(client or self._client(receive, send), error, request_id)
        except asyncio.CancelledError as cancelled:
            if client is None or not client.left:
                await self._refuse(client or self._client(receive, send), stopping(cancelled), request_id)
        except Exception as error:  # noqa: BLE001  # the outermost handler: nobody is shown what it was
            _log.exception("unexpected %s while serving %s", type(error).__name__, request_id)
            await self._refuse(client or self._client(receive, send), RouterError("an internal error"), request_id)
        finally:
            if client is not None:
                client.close()
            if admitted is not None:
                self._admission.leave(admitted)

    async def _refuse(self, client: SurfaceClient, error: RouterError, request_id: str | None) -> None:
        """Answer with `error` unless an answer has begun, which then just breaks off."""
        if not client.began:
            await client.refuse(error, [(b"x-request-id", (request_id or self._ports.new_id()).encode())])


def _context(head: Head, request_id: str, caller: str) -> Context:
    """Read a request's head; MalformedRequest when a header of ours is none."""
    session = None
    if not _SESSION_HEADERS.isdisjoint(head.fields):
        session = next(value for name, value in head.fields.items() if name in _SESSION_HEADERS)
    return Context(request_id, caller, floor_of(head), session.decode("latin-1")[:256] if session else None)


def _noted(request: Request, head: Head, large: bool) -> Request:
    """Return `request` with whether it is large, and how often its client says that it has sent it (as SDKs do)."""
    count = head.get(RETRY_COUNT)
    if count is None or count == b"0" or not (count.isdigit() and len(count) <= 3):
        return replace(request, large=True) if large else request
    return replace(request, retried=int(count), large=large)


def floor_of(head: Head) -> Tier | None:
    """Return the tier of x-router-min-tier; MalformedRequest when it names none."""
    value = head.get(MIN_TIER)
    if value is None:
        return None
    try:
        return Tier.parse(value.decode("latin-1").strip().lower())
    except ValueError:
        raise MalformedRequest("the header x-router-min-tier names no tier", fix="Send easy, medium or hard.") from None
