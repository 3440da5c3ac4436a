"""Everything but the hot path: a FastAPI app whose errors have OpenAI's shape as well."""

from collections.abc import Callable, MutableMapping
from datetime import datetime
from typing import Any

import msgspec
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from starlette.exceptions import HTTPException

from router import __version__
from router.access.keys import ClientKeys
from router.api import health, kept_responses
from router.api.description.document import describe
from router.api.description.operations import DESCRIPTION_PATH
from router.api.error_body import JSON, error_headers
from router.api.gate import AsgiApp, ClientGone, Head, Receive, Scope, Send
from router.api.messages import is_anthropics
from router.api.models import Models
from router.api.readiness import Readiness
from router.api.routing import Routing, json_response, paths
from router.errors import NoSuchPath, RouterError, WrongMethod
from router.ports import Ports
from router.wire import anthropic_messages
from router.wire.openai_chat import error_object

_READ = ["GET", "HEAD"]

REQUEST_ID = "tierwise.request_id"
"""Where an ASGI scope holds the id by which its request is known to the client."""


def cold_app(ports: Ports, keys: ClientKeys, readiness: Readiness, loaded_at: datetime, body_limit: int) -> AsgiApp:
    """Return the app that serves models, kept responses, the routing endpoints and health.

    `loaded_at` is when the configuration was loaded, `body_limit` what a request body may have in bytes.
    """
    # FastAPI's own description would know nothing of the surfaces; `describe` knows all.
    app = FastAPI(title="tierwise", version=__version__, openapi_url=None, redirect_slashes=False)

    async def caller(request: Request) -> str:
        name = request.state.caller = keys.authenticate(Head(dict(request.scope["headers"])).credential())
        return name

    routes = APIRouter(prefix="/v1", dependencies=[Depends(caller)])
    _serve_models(routes, Models(catalog=ports.catalog, rules=ports.rules, created=loaded_at), ports.now)
    routes.include_router(paths(Routing(ports), body_limit))
    routes.include_router(kept_responses.paths(kept_responses.KeptResponses(ports.conversations, ports.aside), caller))
    app.include_router(routes)
    app.include_router(_described(msgspec.json.encode(describe(guarded=len(keys) > 0))), dependencies=[Depends(caller)])
    app.include_router(health.paths(readiness))
    app.add_exception_handler(RouterError, _answer)
    app.add_exception_handler(HTTPException, _answer_http)
    app.add_exception_handler(ClientGone, _answer_nobody)
    app.add_exception_handler(Exception, _answer)
    return Stamped(app, ports.new_id)


class Stamped:
    """An app whose every response carries x-request-id: the client's own where that is fit to be echoed."""

    def __init__(self, app: AsgiApp, new_id: Callable[[], str]) -> None:
        """Stamp what `app` answers, with ids that `new_id` draws."""
        self._app = app
        self._new_id = new_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope of type http."""
        request_id = Head(dict(scope["headers"])).request_id() or self._new_id()
        stamp = (b"x-request-id", request_id.encode())
        scope[REQUEST_ID] = request_id

        async def stamped(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), stamp]}
            await send(message)

        await self._app(scope, receive, stamped)


def _serve_models(routes: APIRouter, models: Models, now: Callable[[], datetime]) -> None:
    """Add the paths of the model list."""

    @routes.api_route("/models", methods=_READ)
    async def listed() -> Response:
        """List every name that a client may ask for."""
        return json_response(models.listed(now().date()))

    @routes.api_route("/models/{name:path}", methods=_READ)
    async def one(name: str) -> Response:
        """Describe one name."""
        if not name:
            raise NoSuchPath("there is nothing here for this path")
        return json_response(models.one(name, now().date()))


def _described(description: bytes) -> APIRouter:
    """Return the path of the API's description."""
    routes = APIRouter()

    @routes.api_route(DESCRIPTION_PATH, methods=_READ)
    async def openapi() -> Response:
        """Describe the API."""
        return Response(description, media_type=JSON.decode())

    return routes


async def _answer(request: Request, error: Exception) -> Response:
    """Turn an error of ours into a response, and any other into one that says nothing of it."""
    ours = error if isinstance(error, RouterError) else RouterError("an internal error")
    headers = {name.decode(): value.decode() for name, value in error_headers(ours)}
    told = error_object(ours)
    if is_anthropics(request.url.path):
        told = anthropic_messages.error_object(ours, request.scope.get(REQUEST_ID))
    return Response(told, status_code=ours.status, headers=headers)


async def _answer_http(request: Request, error: Exception) -> Response:
    """Turn Starlette's own 404 and 405 into one of ours; a 405 keeps the methods that it allows, and names them."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    told = (error.headers or {}) if isinstance(error, HTTPException) else {}
    headers = {name.lower(): value for name, value in told.items()}
    ours = RouterError("an internal error")
    if status == 404:
        ours = NoSuchPath("there is nothing here for this method and path")
    elif status == 405:
        allowed = sorted(headers["allow"].split(", "))
        headers["allow"] = ", ".join(allowed)
        ours = WrongMethod(f"{request.url.path[:80]} takes no {request.method}", fix=f"Send a {' or '.join(allowed)}.")
    answer = await _answer(request, ours)
    answer.headers.update(headers)
    return answer


async def _answer_nobody(_: Request, __: Exception) -> Response:
    """Answer a client that left before its request was complete: what is sent now goes nowhere."""
    return Response(status_code=499)
