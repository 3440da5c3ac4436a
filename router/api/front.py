"""The front door: the hot path first, the gate before everything, FastAPI for the rest."""

from collections.abc import Callable, Mapping

from router.access.keys import ClientKeys
from router.api.admission import Admission
from router.api.gate import AsgiApp, Head, Receive, Scope, Send, inspect
from router.api.messages import MessagesClient, is_anthropics
from router.api.outbound import HttpClient
from router.errors import RouterError, WrongMethod

_ONLY_POST = (b"allow", b"POST")


class Front:
    """One ASGI callable for the whole API."""

    def __init__(
        self,
        surfaces: Mapping[str, AsgiApp],
        cold: AsgiApp,
        body_limit: int,
        new_id: Callable[[], str],
        keys: ClientKeys,
        admission: Admission | None = None,
    ) -> None:
        """Send a POST to a path of `surfaces` there, and everything else, once it passed the gate, to `cold`.

        Of the rest only POSTs need one of `keys` and then a place of its holder in `admission`: who asks after health,
        or what is served, is always let in. What is refused here gets an id from `new_id` unless it has one of its own.
        """
        self._surfaces = dict(surfaces)
        self._cold = cold
        self._body_limit = body_limit
        self._new_id = new_id
        self._keys = keys
        self._admission = admission or Admission()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope of type http."""
        surface = self._surfaces.get(scope["path"])
        if surface is not None and scope["method"] == "POST":
            await surface(scope, receive, send)
            return
        request_id: str | None = None
        admitted: str | None = None
        try:
            head = inspect(scope, self._body_limit)
            request_id = head.request_id()
            if surface is not None:
                raise WrongMethod(f"{scope['path']} takes no {scope['method']}", fix="Send a POST.")
            if scope["method"] == "POST":
                admitted = await self._admit(head)
        except RouterError as error:
            client = (MessagesClient if is_anthropics(scope["path"]) else HttpClient)(receive, send)
            stamp = (b"x-request-id", (request_id or self._new_id()).encode())
            await client.refuse(error, [stamp, *([_ONLY_POST] if isinstance(error, WrongMethod) else [])])
            return
        try:
            await self._cold(scope, receive, send)
        finally:
            if admitted is not None:
                self._admission.leave(admitted)

    async def _admit(self, head: Head) -> str:
        """Give the caller of a request a place and return who that is; UnknownCaller or Overloaded, and no place."""
        caller = self._keys.authenticate(head.credential())
        if not self._admission.enter(caller):
            await self._admission.wait(caller)
        return caller
