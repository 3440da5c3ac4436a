"""The cold paths: models behind the key, health before it, errors in OpenAI's shape."""

import json

import pytest

from router.access.keys import ClientKeys
from router.api.cold import cold_app
from router.catalog.catalog import Catalog
from router.policy.rules import Route, Rules
from router.upstreams.credentials import Secret
from tests.fakes.asgi import Exchange, call
from tests.fakes.values import NOW, an_upstream

KEY = "client-key-0123456789abcdef"
APP = cold_app(
    Catalog(upstreams=(an_upstream(),)),
    Rules(routes={"auto": Route(name="auto")}),
    ClientKeys({"team": Secret(KEY)}),
    NOW,
)
HOST = (b"host", b"127.0.0.1")


async def get(path: str, *headers: tuple[bytes, bytes], method: str = "GET") -> Exchange:
    """Ask the app for a path."""
    return await call(APP, path=path, method=method, headers=[HOST, *headers])


async def test_models_with_a_key() -> None:
    """The holder of a client key sees the names."""
    done = await get("/v1/models", (b"authorization", b"Bearer " + KEY.encode()))

    assert done.status == 200
    assert "auto" in [row["id"] for row in json.loads(done.body)["data"]]


@pytest.mark.parametrize("headers", [(), ((b"authorization", b"Bearer wrong"),)])
async def test_models_without_a_key_is_a_401_that_repeats_nothing(headers: tuple[tuple[bytes, bytes], ...]) -> None:
    """A missing and a wrong key are refused alike."""
    done = await get("/v1/models", *headers)

    assert (done.status, json.loads(done.body)["error"]["code"]) == (401, "invalid_api_key")
    assert b"wrong" not in done.body
    assert "www-authenticate" in done.headers


@pytest.mark.parametrize("path", ["/health", "/healthz", "/readyz", "/health/liveliness", "/health/readiness"])
async def test_health_needs_no_key(path: str) -> None:
    """Every spelling that probes use answers 200."""
    assert (await get(path)).status == 200


@pytest.mark.parametrize(("path", "method", "status"), [("/nothing", "GET", 404), ("/v1/models", "POST", 405)])
async def test_what_is_not_there(path: str, method: str, status: int) -> None:
    """404 and 405 have four fields and a fix."""
    done = await get(path, method=method)

    assert done.status == status
    assert set(json.loads(done.body)["error"]) == {"message", "type", "param", "code"}
