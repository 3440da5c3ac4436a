"""The simulated upstream over ASGI: routes and refusals, in OpenAI's form."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from router.simulator.app import BODY_LIMIT_BYTES, SimulatorApp

APP = SimulatorApp(("sim-small", "sim-large"))


async def ask(
    method: str, path: str, *parts: bytes, gone: bool = False, app: SimulatorApp = APP
) -> tuple[int, dict[str, str], bytes]:
    sent: list[Mapping[str, Any]] = []
    inbox: list[dict[str, Any]] = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    inbox.append({"type": "http.disconnect"} if gone else {"type": "http.request", "body": b""})

    async def receive() -> Mapping[str, Any]:
        return inbox.pop(0)

    async def send(message: Mapping[str, Any]) -> None:
        sent.append(message)

    await app({"type": "http", "method": method, "path": path}, receive, send)
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    assert not sent[-1].get("more_body")
    return sent[0]["status"], headers, b"".join(message["body"] for message in sent[1:])


def body(**fields: Any) -> bytes:
    return json.dumps({"model": "sim-small", "messages": [{"role": "user", "content": "Hi"}], **fields}).encode()


async def test_a_chat_is_answered_whole():
    """A body in several parts is one request; the answer names its length."""
    raw = body()
    status, headers, answer = await ask("POST", "/v1/chat/completions", raw[:9], raw[9:])
    assert status == 200
    assert headers == {"content-type": "application/json", "content-length": str(len(answer))}
    assert json.loads(answer)["choices"][0]["message"]["content"].startswith("[simulated sim-small]")


async def test_a_chat_is_streamed():
    """A stream is events that end with [DONE], with usage only where it is asked for."""
    status, headers, plain = await ask("POST", "/v1/chat/completions", body(stream=True))
    assert (status, headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    assert plain.endswith(b"data: [DONE]\n\n")
    assert b'"usage"' not in plain
    options = {"include_usage": True}
    _, _, counted = await ask("POST", "/v1/chat/completions", body(stream=True, stream_options=options))
    assert b'"total_tokens"' in counted


async def test_a_pause_before_each_chunk_changes_nothing_else():
    """A slow simulator sends the same stream."""
    slow = SimulatorApp(("sim-small",), chunk_seconds=0.0001)
    _, _, answer = await ask("POST", "/v1/chat/completions", body(stream=True, max_tokens=3), app=slow)
    assert answer.count(b"data: ") == 6


async def test_the_models_are_listed():
    """GET /v1/models names every model."""
    status, _, answer = await ask("GET", "/v1/models")
    assert status == 200
    assert [model["id"] for model in json.loads(answer)["data"]] == ["sim-small", "sim-large"]


@pytest.mark.parametrize(
    ("method", "path", "raw", "status", "code", "param"),
    [
        ("POST", "/v1/chat/completions", body(model="gpt-9"), 404, "model_not_found", "model"),
        ("POST", "/v1/chat/completions", b"{", 400, "invalid_request", None),
        ("POST", "/v1/chat/completions", b"[" * 100_000, 400, "invalid_request", None),
        ("POST", "/v1/chat/completions", b"\xff", 400, "invalid_request", None),
        ("POST", "/v1/chat/completions", b"[]", 400, "invalid_request", None),
        ("POST", "/v1/chat/completions", b"{}", 400, "invalid_request", "model"),
        ("POST", "/v1/chat/completions", body(messages=[]), 400, "invalid_request", "messages"),
        ("POST", "/v1/chat/completions", body(n="two"), 400, "invalid_request", "n"),
        ("POST", "/v1/chat/completions", body(tools="all"), 400, "invalid_request", "tools"),
        ("POST", "/v1/chat/completions", body(stream_options=1), 400, "invalid_request", "stream_options"),
        ("GET", "/v1/chat/completions", b"", 405, "method_not_allowed", None),
        ("POST", "/v1/images", b"{}", 404, "not_found", None),
    ],
)
async def test_refusals_have_openais_form(method, path, raw, status, code, param):
    """All four fields are there."""
    got, _, answer = await ask(method, path, raw)
    error = json.loads(answer)["error"]
    assert (got, error["code"], error["param"]) == (status, code, param)
    assert error.keys() == {"message", "type", "param", "code"}


async def test_a_body_without_end_is_refused():
    """A body past the limit, and one whose client left, are 400."""
    part = b"x" * (BODY_LIMIT_BYTES // 4 + 1)
    assert (await ask("POST", "/v1/chat/completions", part, part, part, part))[0] == 400
    assert (await ask("POST", "/v1/chat/completions", b"{", gone=True))[0] == 400


async def test_other_scopes_are_ignored():
    """A lifespan or websocket scope is nobody's business here."""

    async def never(*_: Any) -> Any:
        raise AssertionError("called")

    await APP({"type": "lifespan"}, never, never)


def test_a_simulator_without_models_is_none():
    """At least one name is needed."""
    with pytest.raises(ValueError, match="at least one"):
        SimulatorApp(())


async def test_texts_are_embedded():
    """A model that embeds is listed and answers under its own path only."""
    app = SimulatorApp(("sim-small",), embedders={"sim-embed": 8})
    raw = json.dumps({"model": "sim-embed", "input": ["a", "b"]}).encode()

    status, _, answer = await ask("POST", "/v1/embeddings", raw, app=app)
    _, _, listed = await ask("GET", "/v1/models", app=app)

    assert status == 200
    assert [len(item["embedding"]) for item in json.loads(answer)["data"]] == [8, 8]
    assert [model["id"] for model in json.loads(listed)["data"]] == ["sim-small", "sim-embed"]
    assert (await ask("POST", "/v1/chat/completions", body(model="sim-embed"), app=app))[0] == 404
    assert (await ask("POST", "/v1/embeddings", body(), app=app))[0] == 404
    assert (await ask("POST", "/v1/embeddings", b'{"model":"sim-embed"}', app=app))[0] == 400
