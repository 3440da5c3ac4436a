"""The cold paths: models behind the key, health before it, errors in OpenAI's shape, an id on every response."""

import json
from dataclasses import replace
from typing import Any

import pytest

from router.access.keys import ClientKeys
from router.api.cold import cold_app
from router.api.gate import AsgiApp
from router.api.readiness import Readiness
from router.upstreams.credentials import Secret
from tests.fakes.asgi import Exchange, call, exchange, scope
from tests.fakes.scene import Scene
from tests.fakes.values import NOW

KEY = "client-key-0123456789abcdef"
HOST = (b"host", b"127.0.0.1")
BEARER = (b"authorization", b"Bearer " + KEY.encode())
FIELDS = {"message", "type", "param", "code"}


async def an_app(**ports: Any) -> AsgiApp:
    """Return the app over a scene whose ports are changed so."""
    return cold_app(replace(Scene().ports, **ports), ClientKeys({"team": Secret(KEY)}), Readiness(), NOW, 1000)


async def get(path: str, *headers: tuple[bytes, bytes], method: str = "GET") -> Exchange:
    """Ask the app for a path."""
    return await call(await an_app(), path=path, method=method, headers=[HOST, *headers])


async def test_models_with_a_key() -> None:
    """The holder of a client key sees the names."""
    done = await get("/v1/models", BEARER)

    assert done.status == 200
    assert "auto" in [row["id"] for row in json.loads(done.body)["data"]]


@pytest.mark.parametrize("name", ["auto", "auto:quality", "tier/easy", "small", "house/small-wire"])
async def test_one_model(name: str) -> None:
    """Every name has its row, with slashes or without."""
    done = await get(f"/v1/models/{name}", BEARER)

    assert done.status == 200
    assert (json.loads(done.body)["id"], json.loads(done.body)["object"]) == (name, "model")


async def test_an_unknown_model_is_openais_404() -> None:
    """model_not_found, with the parameter and the nearest names."""
    done = await get("/v1/models/smal", BEARER)
    error = json.loads(done.body)["error"]

    assert (done.status, error["code"], error["param"]) == (404, "model_not_found", "model")
    assert "small" in error["message"]


@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/tier/hard", "/health"])
async def test_head_is_served(path: str) -> None:
    """HEAD answers as GET does."""
    assert (await get(path, BEARER, method="HEAD")).status == 200


@pytest.mark.parametrize("headers", [(), ((b"authorization", b"Bearer wrong"),)])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/models"),
        ("GET", "/v1/models/auto"),
        ("POST", "/v1/router/classify"),
        ("POST", "/v1/router/raw"),
        ("POST", "/v1/router/multimodel"),
        ("POST", "/v1/router/explain"),
    ],
)
async def test_without_a_key_is_a_401_that_repeats_nothing(
    method: str, path: str, headers: tuple[tuple[bytes, bytes], ...]
) -> None:
    """A missing and a wrong key are refused alike, before anything of the body is read."""
    under_way = exchange(b"{}")
    await (await an_app())(scope(path=path, method=method, headers=[HOST, *headers]), under_way.receive, under_way.send)

    assert (under_way.status, json.loads(under_way.body)["error"]["code"]) == (401, "invalid_api_key")
    assert b"wrong" not in under_way.body
    assert "www-authenticate" in under_way.headers
    assert len(under_way.messages) == 1


@pytest.mark.parametrize("path", ["/health", "/healthz", "/readyz", "/health/liveliness", "/health/readiness"])
async def test_health_needs_no_key(path: str) -> None:
    """Every spelling that probes use answers 200."""
    assert (await get(path)).status == 200


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/nothing", "GET", 404),
        ("/v1/models", "POST", 405),
        ("/v1/models/auto", "DELETE", 405),
        ("/v1/router/classify", "GET", 405),
        ("/v1/router/nothing", "POST", 404),
        ("/openapi.json", "POST", 405),
    ],
)
async def test_what_is_not_there(path: str, method: str, status: int) -> None:
    """404 and 405 have four fields and a fix; a 405 names the methods that are there."""
    done = await get(path, method=method)

    assert done.status == status
    assert set(json.loads(done.body)["error"]) == FIELDS
    assert ("allow" in done.headers) == (status == 405)


async def test_a_405_names_every_method() -> None:
    """Also where several do different things."""
    done = await get("/v1/responses/resp_1", BEARER, method="PUT")

    assert (done.status, done.headers["allow"]) == (405, "DELETE, GET")
    assert b"takes no PUT. Send a DELETE or GET." in done.body


async def test_the_api_describes_itself_to_those_who_have_a_key() -> None:
    """And says by what they are let in; without keys it says nothing of them."""
    done = await get("/openapi.json", BEARER)

    assert (done.status, done.headers["content-type"]) == (200, "application/json")
    assert json.loads(done.body)["components"]["securitySchemes"].keys() == {"bearer", "x_api_key"}
    assert (await get("/openapi.json")).status == 401
    free = cold_app(Scene().ports, ClientKeys({}), Readiness(), NOW, 1000)
    told = json.loads((await call(free, path="/openapi.json", method="GET", headers=[HOST])).body)
    assert "securitySchemes" not in told["components"]


async def test_a_model_without_a_name_is_no_path() -> None:
    """A slash too many is a 404 that says so."""
    done = await get("/v1/models/", BEARER)

    assert (done.status, json.loads(done.body)["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize(("sent", "kept"), [(b"mine-1", "mine-1"), (b"bad id\x7f", "drawn-1"), (None, "drawn-1")])
async def test_every_response_has_an_id(sent: bytes | None, kept: str) -> None:
    """The client's own where it is fit to be echoed, else one of ours; on refusals too."""
    app = await an_app(new_id=lambda: "drawn-1")
    headers = [HOST] if sent is None else [HOST, (b"x-request-id", sent)]
    for path in ("/health", "/nothing", "/v1/models"):
        done = await call(app, path=path, method="GET", headers=headers)
        assert done.headers["x-request-id"] == kept


async def test_an_unforeseen_error_says_nothing_of_itself() -> None:
    """A bare 500 in OpenAI's shape; the server gets the exception for its log."""

    def broken(_prompt: object, _cuts: object) -> None:
        raise KeyError("a secret of the inside")

    under_way = exchange(b'{"input":"hi"}')
    with pytest.raises(KeyError):
        await (await an_app(size=broken))(
            scope(path="/v1/router/classify", headers=[HOST, BEARER]), under_way.receive, under_way.send
        )

    assert (under_way.status, json.loads(under_way.body)["error"]["code"]) == (500, "internal_error")
    assert b"secret" not in under_way.body
    assert under_way.headers["x-request-id"]


async def test_the_key_may_come_as_x_api_key() -> None:
    """As on every path that Anthropic's clients call; where both are sent, Authorization counts."""
    key, wrong = (b"x-api-key", KEY.encode()), (b"authorization", b"Bearer wrong")

    assert (await get("/v1/models", key)).status == 200
    assert (await get("/v1/models/auto", key)).status == 200
    assert (await get("/v1/models", key, wrong)).status == 401


@pytest.mark.parametrize("path", ["/v1/messages/batches", "/v1/messages/"])
async def test_below_anthropics_path_errors_are_in_anthropics_shape(path: str) -> None:
    """A client of Anthropic's reads no other."""
    done = await get(path, BEARER, (b"x-request-id", b"mine"))

    error = json.loads(done.body)
    assert done.status == 404
    assert (error["type"], error["error"]["type"], error["request_id"]) == ("error", "not_found_error", "mine")


@pytest.mark.parametrize("path", ["/v1/router/classify", "/v1/router/explain"])
async def test_a_wrong_method_is_told_the_right_one(path: str) -> None:
    """A 405 names the path, the method and what to send."""
    done = await get(path, BEARER)

    error = json.loads(done.body)["error"]
    assert (done.status, error["code"], done.headers["allow"]) == (405, "method_not_allowed", "POST")
    assert error["message"] == f"{path} takes no GET. Send a POST."
