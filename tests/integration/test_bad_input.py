"""Bad input: a 4xx in OpenAI's shape, or the field survives; never a 5xx, never a hang, never two responses."""

import asyncio
import json
from typing import Any

import httpx2
import pytest

from tests.fakes import behaviour
from tests.fakes.upstream import FakeUpstream

HELLO: list[dict[str, Any]] = [{"role": "user", "content": "hi"}]
GOOD = {"model": "auto", "messages": HELLO}


def body(**changes: Any) -> bytes:
    """Return a good body with these changes."""
    return json.dumps({**GOOD, **changes}).encode()


REFUSED: dict[str, bytes] = {
    "empty": b"",
    "not JSON": b"model=auto",
    "an array": b"[]",
    "a string": b'"auto"',
    "null": b"null",
    "cut off": body()[:-3],
    "trailing garbage": body() + b"x",
    "two objects": body() + body(),
    "invalid UTF-8": body().replace(b"hi", b"\xff\xfe"),
    "byte order mark twice": b"\xef\xbb\xbf\xef\xbb\xbf" + body(),
    "lone surrogate": body().replace(b"hi", b"\\ud800"),
    "NaN": b'{"model":"auto","messages":[{"role":"user","content":"hi"}],"temperature":NaN}',
    "deep array": b'{"model":"auto","messages":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep unknown field": b'{"model":"auto","messages":[{"role":"user","content":"hi"}],"x":'
    + b"[" * 100_000
    + b"]" * 100_000
    + b"}",
    "no model": json.dumps({"messages": HELLO}).encode(),
    "no messages": json.dumps({"model": "auto"}).encode(),
    "model null": body(model=None),
    "model number": body(model=7),
    "model list": body(model=["auto"]),
    "model empty": body(model=""),
    "messages null": body(messages=None),
    "messages string": body(messages="hi"),
    "messages empty": body(messages=[]),
    "message string": body(messages=["hi"]),
    "message without role": body(messages=[{"content": "hi"}]),
    "role number": body(messages=[{"role": 1, "content": "hi"}]),
    "content number": body(messages=[{"role": "user", "content": 5}]),
    "content object": body(messages=[{"role": "user", "content": {"text": "hi"}}]),
    "part string": body(messages=[{"role": "user", "content": ["hi"]}]),
    "stream string": body(stream="yes"),
    "stream number": body(stream=1),
    "stream_options list": body(stream=True, stream_options=[]),
    "tools object": body(tools={}),
    "max_tokens negative": body(max_tokens=-1),
    "max_tokens zero": body(max_tokens=0),
    "max_tokens text": body(max_tokens="many"),
    "max_tokens fraction": body(max_tokens=1.5),
    "max_completion_tokens negative": body(max_completion_tokens=-5),
    "max_tokens huge": body(max_tokens=10**18),
    "max_tokens of 5000 digits": body().replace(b'"model"', b'"max_tokens":' + b"9" * 5000 + b',"model"'),
    "response_format text": body(response_format="json"),
    "model twice": b'{"model":"auto","model":"large","messages":[{"role":"user","content":"hi"}]}',
    "model twice, escaped": b'{"model":"tier/easy","mode\\u006c":"large","messages":[{"role":"user","content":"hi"}]}',
    "messages twice": b'{"model":"auto","messages":[{"role":"user","content":"hi"}],"messages":[]}',
    "stream twice": b'{"model":"auto","stream":false,"stream":true,"messages":[{"role":"user","content":"hi"}]}',
    "NUL in a key": b'{"model\x00":"auto"}',
    "control character in a string": body().replace(b"hi", b"\x01"),
    "comments": b'{/* a */"model":"auto","messages":[{"role":"user","content":"hi"}]}',
    "unknown model": body(model="gpt-17"),
    "model of 1 MB": body(model="m" * 1_000_000),
    "model with a line break": body(model="auto\r\nx-injected: 1"),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_refused(http: httpx2.AsyncClient, upstream: FakeUpstream, case: str) -> None:
    """A clear 4xx with all four fields; nothing reaches an upstream, no text of the request comes back at length."""
    upstream.script(behaviour.ok())

    response = await http.post("/v1/chat/completions", content=REFUSED[case])

    assert 400 <= response.status_code < 500, response.text
    error = response.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["message"]
    assert len(response.content) < 3000
    assert response.headers["x-request-id"]
    assert upstream.seen == []


SURVIVES: dict[str, dict[str, Any]] = {
    "unknown fields": {"x_unknown": {"deep": [1, None, "é"]}},
    "caller-given addresses": {"api_base": "http://169.254.169.254/", "base_url": "http://evil", "api_key": "k"},
    "extra headers": {"extra_headers": {"x": "y"}},
    "cost fields in metadata": {"metadata": {"cost": 0, "input_cost_per_token": 0}},
    "emoji and scripts": {"messages": [{"role": "user", "content": "🦊 नमस्ते 你好 مرحبا สวัสดี \u2028 \u0000"}]},
    "empty content": {"messages": [{"role": "user", "content": ""}]},
    "null content": {
        "messages": [{"role": "assistant", "content": None, "tool_calls": []}, {"role": "user", "content": "hi"}]
    },
    "empty parts": {"messages": [{"role": "user", "content": []}]},
    "unknown part": {"messages": [{"role": "user", "content": [{"type": "x_future", "data": 1}]}]},
    "unknown role": {"messages": [{"role": "developer", "content": "a"}, {"role": "user", "content": "b"}]},
    "huge number": {"seed": 10**30},
    "null options": {
        "stream": None,
        "stream_options": None,
        "tools": None,
        "max_tokens": None,
        "response_format": None,
    },
    "harness words": {"messages": [{"role": "user", "content": "</system-reminder><system-reminder>" * 50}]},
    "a thousand turns": {
        "messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}] * 500 + HELLO
    },
    "binary-looking": {"messages": [{"role": "user", "content": "".join(map(chr, range(1, 256))) * 40}]},
}


@pytest.mark.parametrize("case", SURVIVES)
async def test_survives(http: httpx2.AsyncClient, upstream: FakeUpstream, case: str) -> None:
    """What tierwise does not know, or cannot judge, reaches the upstream unchanged, and no address in it is called."""
    upstream.script(behaviour.ok())

    response = await http.post("/v1/chat/completions", content=body(**SURVIVES[case]))

    assert response.status_code == 200, response.text
    assert len(upstream.seen) == 1
    assert {**upstream.seen[0].json, "model": "auto"} == json.loads(body(**SURVIVES[case]))


async def test_five_megabytes(http: httpx2.AsyncClient, upstream: FakeUpstream) -> None:
    """A prompt of 5 MB is either served or refused for its size with numbers, quickly."""
    upstream.script(behaviour.ok())

    async with asyncio.timeout(10):
        response = await http.post(
            "/v1/chat/completions", content=body(messages=[{"role": "user", "content": "ab " * 1_700_000}])
        )

    assert response.status_code in {200, 422}


CROWDED: dict[str, bytes] = {
    "members": body()[:-1]
    + b"".join(b',"k%d":1' % n for n in range(200_000))
    + b',"stream":true,"stream_options":{"a":1}}',
    "doubles": body()[:-1] + b',"stream":true' * 200_000 + b"}",
    "messages": body(messages=[{"role": "user", "content": ""}] * 200_000),
}


@pytest.mark.parametrize("case", CROWDED)
async def test_a_crowded_body_is_refused(http: httpx2.AsyncClient, upstream: FakeUpstream, case: str) -> None:
    """What is too many, or there twice, is said; that nobody waits for it meanwhile is test_loop_is_free's."""
    upstream.script(behaviour.ok())

    response = await http.post("/v1/chat/completions", content=CROWDED[case])

    assert response.status_code == 400, response.text
    assert "more than" in response.json()["error"]["message"] or "twice" in response.json()["error"]["message"]
    assert upstream.seen == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/chat/completions", 405),
        ("POST", "/v1/chat/completions/", 404),
        ("POST", "/v1/nothing", 404),
        ("GET", "/", 404),
        ("DELETE", "/v1/models", 405),
        ("GET", "/v1/models/../../etc/passwd", 404),
    ],
)
async def test_paths_and_methods_that_are_not_there(
    http: httpx2.AsyncClient, method: str, path: str, status: int
) -> None:
    """404 and 405 have OpenAI's shape too."""
    response = await http.request(method, path)

    assert response.status_code == status
    assert set(response.json()["error"]) == {"message", "type", "param", "code"}
