"""The front door sends each request to the right half, through the gate."""

import json

import pytest

from router.access.keys import ClientKeys
from router.api.front import Front
from tests.fakes.asgi import call


def answering(name: bytes):
    """Return an app that answers with its name."""

    async def app(_scope, _receive, send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": name})

    return app


HOST = (b"host", b"127.0.0.1")
FRONT = Front(
    {"/v1/chat/completions": answering(b"hot"), "/v1/messages": answering(b"hot")},
    answering(b"cold"),
    100,
    lambda: "drawn",
    ClientKeys({}),
)


@pytest.mark.parametrize(
    ("method", "path", "served_by"),
    [
        ("POST", "/v1/chat/completions", b"hot"),
        ("GET", "/v1/models", b"cold"),
        ("POST", "/v1/chat/completions/", b"cold"),
    ],
)
async def test_which_half_serves(method: str, path: str, served_by: bytes) -> None:
    """Only POST on the one path is hot."""
    assert (await call(FRONT, method=method, path=path)).body == served_by


async def test_the_gate_stands_before_the_cold_half_too() -> None:
    """A request without a host never reaches FastAPI."""
    done = await call(FRONT, method="GET", path="/v1/models", headers=[])

    assert (done.status, done.complete) == (400, True)


async def test_the_chat_path_takes_only_post() -> None:
    """Another method is a 405 that says which one is right, in words and in the header that says so."""
    done = await call(FRONT, method="GET", path="/v1/chat/completions")

    assert (done.status, done.headers["allow"]) == (405, "POST")
    assert b"POST" in done.body


@pytest.mark.parametrize(("sent", "told"), [((), "drawn"), (((b"x-request-id", b"mine"),), "mine")])
async def test_what_is_refused_at_the_door_has_an_id(sent, told) -> None:
    """The client's own where it sends one."""
    done = await call(FRONT, method="PUT", path="/v1/messages", headers=[HOST, *sent])

    assert (done.headers["x-request-id"], done.headers["request-id"]) == (told, told)
    assert "allow" not in (await call(FRONT, method="GET", path="/v1/models", headers=[])).headers


@pytest.mark.parametrize(
    ("path", "headers", "status", "kind"),
    [
        ("/v1/messages", [HOST], 405, "invalid_request_error"),
        ("/v1/messages/batches", [HOST, (b"content-length", b"101")], 413, "request_too_large"),
        ("/v1/messages/batches", [], 400, "invalid_request_error"),
    ],
)
async def test_errors_at_the_door_have_anthropics_shape_on_anthropics_path(path, headers, status, kind) -> None:
    """Whatever goes wrong before a surface is reached."""
    done = await call(FRONT, method="GET", path=path, headers=headers)

    error = json.loads(done.body)
    assert (done.status, error["type"], error["error"]["type"]) == (status, "error", kind)
