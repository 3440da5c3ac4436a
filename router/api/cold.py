"""Everything but the hot path: a FastAPI app whose errors have OpenAI's shape as well."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Header, Request, Response
from starlette.exceptions import HTTPException

from router import __version__
from router.access.keys import ClientKeys
from router.api import health
from router.api.error_body import error_headers
from router.api.models import model_list
from router.catalog.catalog import Catalog
from router.errors import NoSuchPath, RouterError, WrongMethod
from router.policy.rules import Rules
from router.wire.openai_chat import error_object


def cold_app(catalog: Catalog, rules: Rules, keys: ClientKeys, loaded_at: datetime) -> FastAPI:
    """Return the app that serves models and health."""
    app = FastAPI(title="tierwise", version=__version__, docs_url=None, redoc_url=None, redirect_slashes=False)

    def caller(authorization: Annotated[str | None, Header()] = None) -> str:
        return keys.authenticate(authorization.encode("latin-1", "replace") if authorization is not None else None)

    routes = APIRouter(prefix="/v1", dependencies=[Depends(caller)])
    listing = model_list(catalog, rules, loaded_at)

    @routes.get("/models")
    async def models() -> dict[str, Any]:
        """List every name that a client may ask for."""
        return listing

    app.include_router(routes)
    app.include_router(health.router)
    app.add_exception_handler(RouterError, _answer)
    app.add_exception_handler(HTTPException, _answer_http)
    return app


async def _answer(_: Request, error: Exception) -> Response:
    """Turn an error of ours into a response."""
    ours = error if isinstance(error, RouterError) else RouterError("an internal error")
    headers = {name.decode(): value.decode() for name, value in error_headers(ours)}
    return Response(error_object(ours), status_code=ours.status, headers=headers)


async def _answer_http(request: Request, error: Exception) -> Response:
    """Turn Starlette's own 404 and 405 into OpenAI's shape."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    kind = {404: NoSuchPath, 405: WrongMethod}.get(status, RouterError)
    return await _answer(request, kind("there is nothing here for this method and path"))
