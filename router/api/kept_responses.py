"""GET and DELETE /v1/responses/{id}, and its input items: what the Responses API kept, for the caller who asked it."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Request, Response

from router.api.error_body import JSON
from router.aside import SMALL_BYTES, Aside
from router.ledger.conversation import Conversations, NoSuchResponse
from router.wire.responses_kept import LISTED, Wanted, page_of

_DIGITS = 9
_OFF = "Switch responses.store on in this proxy's configuration."


class KeptResponses:
    """Finds what is kept; every method raises NoSuchResponse for what the caller does not have."""

    def __init__(self, store: Conversations | None, aside: Aside) -> None:
        """Read from `store`; None: nothing is kept. What is large is put together in `aside`."""
        self._store = store
        self._aside = aside

    async def response(self, name: str, caller: str) -> bytes:
        """Return the response object."""
        found = None if self._store is None else await self._store.find(name, caller)
        if found is None:
            raise _missing(self._store)
        return found.response

    async def input_items(self, name: str, caller: str, asked: Mapping[str, str]) -> bytes:
        """Return a page of what led to the response: earlier turns, if they are all there, and its own input.

        `asked` may hold limit, order and after, as a query has them.
        """
        store = self._store
        found = None if store is None else await store.find(name, caller)
        if store is None or found is None:
            raise _missing(store)
        turns = [(kept.items, kept.response) for kept in await store.chain(name, caller) or (found,)]
        limit = asked.get("limit", str(LISTED))
        number = int(limit) if limit.isascii() and limit.isdigit() and len(limit) < _DIGITS else 0
        wanted = Wanted(limit=number, order=asked.get("order", "desc"), after=asked.get("after"))
        if sum(len(items) + len(response) for items, response in turns) < SMALL_BYTES:
            return page_of(turns, wanted)
        return await self._aside.run(caller, page_of, turns, wanted)

    async def remove(self, name: str, caller: str) -> bytes:
        """Forget the response and say so."""
        if self._store is None or not await self._store.remove(name, caller):
            raise _missing(self._store)
        return msgspec.json.encode({"id": name, "object": "response", "deleted": True})


def _missing(store: Conversations | None) -> NoSuchResponse:
    """Return the 404; it repeats no id."""
    if store is None:
        return NoSuchResponse("This proxy keeps no responses.", fix=_OFF)
    return NoSuchResponse("There is no response of this id.")


def paths(kept: KeptResponses, caller: Callable[..., Any]) -> APIRouter:
    """Return the paths below /responses; `caller` is the dependency that says who asks."""
    routes = APIRouter(prefix="/responses")
    who = Annotated[str, Depends(caller)]

    # One route for both methods: whoever sends another is told of both.
    @routes.api_route("/{name}", methods=["GET", "DELETE"])
    async def response(name: str, asking: who, request: Request) -> Response:
        """Return a response that was kept, or forget it."""
        act = kept.remove if request.method == "DELETE" else kept.response
        return _json(await act(name, asking))

    @routes.get("/{name}/input_items")
    async def input_items(name: str, asking: who, request: Request) -> Response:
        """List what led to a response."""
        return _json(await kept.input_items(name, asking, request.query_params))

    return routes


def _json(body: bytes) -> Response:
    return Response(body, media_type=JSON.decode())
