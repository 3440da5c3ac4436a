"""The description: whole, without loose ends, and of exactly what is served."""

import json
import re
import warnings
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from fastapi.openapi.utils import get_openapi

from router.access.keys import ClientKeys
from router.api.cold import cold_app
from router.api.description.document import SCHEMAS, describe
from router.api.front import Front
from router.api.readiness import Readiness
from router.generation import SURFACES
from tests.fakes.asgi import call
from tests.fakes.scene import Scene
from tests.fakes.values import NOW

TOLD = json.loads(json.dumps(describe(guarded=True)))
HOST = (b"host", b"127.0.0.1")
METHODS = ("get", "head", "post", "put", "patch", "delete", "options", "trace")


def references(value: Any) -> Iterator[str]:
    """Yield the name of every schema that is referred to."""
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"].rpartition("/")[2]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_no_reference_leads_nowhere_and_no_schema_is_alone() -> None:
    """Every schema is used, and every name has a schema."""
    assert set(references(TOLD)) == SCHEMAS.keys()


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_schema_is_one(name: str) -> None:
    """Of the dialect that OpenAPI 3.1 uses."""
    described = TOLD["components"]["schemas"][name]
    jsonschema_rs.meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **described})


def test_ids_are_there_once_and_parameters_stand_in_their_path() -> None:
    """What generators of clients insist on."""
    operations = [(path, one) for path, item in TOLD["paths"].items() for one in item.values()]
    ids = [one["operationId"] for _, one in operations]

    assert len(ids) == len(set(ids))
    assert {name for _, one in operations for name in one["responses"]["200"].get("links", ())} <= set(ids)
    for path, one in operations:
        named = {parameter["name"] for parameter in one["parameters"] if parameter["in"] == "path"}
        assert named == set(re.findall(r"{(\w+)}", path))


def test_every_surface_is_described() -> None:
    """Each path of the hot half takes a POST, and describes what it takes."""
    for path in SURFACES:
        assert TOLD["paths"][path].keys() == {"post"}
        assert TOLD["paths"][path]["post"]["requestBody"]["required"] is True


def front() -> tuple[Front, Any]:
    """Return the whole API without keys, its surfaces only say that they were reached; and its framework's part."""

    async def reached(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    cold = cold_app(Scene().ports, ClientKeys({}), Readiness(), NOW, 1000)
    return Front(dict.fromkeys(SURFACES, reached), cold, 1000, lambda: "id", ClientKeys({})), cold._app


async def test_every_route_is_described() -> None:
    """What the framework serves, with all its methods, and the surfaces: no more, no less."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it would call several methods of one route by one id
        served = get_openapi(title="-", version="-", routes=front()[1].routes)["paths"]

    described = {path: set(item) for path, item in TOLD["paths"].items()}
    assert described == {path: set(item) for path, item in served.items()} | {key: {"post"} for key in SURFACES}


@pytest.mark.parametrize("path", [*TOLD["paths"], "/docs", "/redoc", "/v1", "/v1/router", "/v1/responses/a/b"])
async def test_every_method_that_is_not_described_is_refused(path: str) -> None:
    """404 where there is nothing, else 405 with the described methods in Allow; the others have described statuses."""
    app, _ = front()
    described = TOLD["paths"].get(path, {})
    for method in METHODS:
        done = await call(app, b"{}", path=path.replace("{name}", "auto"), method=method.upper(), headers=[HOST])
        if not described:
            assert done.status == 404, method
        elif method in described:
            assert str(done.status) in described[method]["responses"], method
        else:
            assert done.status == 405, method
            assert {one.lower() for one in done.headers["allow"].split(", ")} == described.keys()


async def test_the_unguarded_api_asks_nobody_who_they_are() -> None:
    """Where no client keys are configured."""
    free = describe(guarded=False)

    assert "securitySchemes" not in free["components"]
    assert all(one["security"] == [] for item in free["paths"].values() for one in item.values())
