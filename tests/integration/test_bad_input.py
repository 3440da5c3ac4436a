"""Bad input: a 4xx in OpenAI's shape, or the field survives; never a 5xx, never a hang, never two responses."""

import asyncio
import json
from typing import Any

import httpx2
import pytest

from tests.fakes import behaviour
from tests.fakes.proxy import RunningProxy
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


POST = b"POST /v1/chat/completions HTTP/1.1\r\n"

RAW: dict[str, bytes] = {
    "both lengths": POST + b"Host: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": POST + b"Host: a\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
    "signed length": POST + b"Host: a\r\nContent-Length: +4\r\n\r\nabcd",
    "negative length": POST + b"Host: a\r\nContent-Length: -1\r\n\r\n",
    "length in words": POST + b"Host: a\r\nContent-Length: four\r\n\r\nabcd",
    "odd transfer coding": POST + b"Host: a\r\nTransfer-Encoding: xchunked\r\n\r\n",
    "chunk junk": POST + b"Host: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
    "no host": POST + b"Content-Length: 2\r\n\r\n{}",
    "two hosts": POST + b"Host: a\r\nHost: b\r\nContent-Length: 2\r\n\r\n{}",
    "two hosts, cold path": b"GET /v1/models HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "space before the colon": POST + b"Host : a\r\nContent-Length: 2\r\n\r\n{}",
    "NUL in a header": POST + b"Host: a\r\nX: a\x00b\r\nContent-Length: 2\r\n\r\n{}",
    "folded header": POST + b"Host: a\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\n{}",
    "40 kB header": POST + b"Host: a\r\nX: " + b"a" * 40_000 + b"\r\nContent-Length: 2\r\n\r\n{}",
    "500 headers": b"GET /health HTTP/1.1\r\nHost: a\r\n" + b"".join(b"X-%d: 1\r\n" % n for n in range(500)) + b"\r\n",
    "compressed": POST + b"Host: a\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
    "announced too large": POST + b"Host: a\r\nContent-Length: 99999999999\r\n\r\n",
    "not HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
}


@pytest.mark.parametrize("case", RAW)
async def test_raw_requests_are_refused_once(proxy: RunningProxy, upstream: FakeUpstream, case: str) -> None:
    """One 4xx and never a second response on the same bytes; nothing reaches an upstream."""
    upstream.script(behaviour.ok())
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(RAW[case])
    answer = b""
    try:
        async with asyncio.timeout(1.0):
            while data := await reader.read(65536):
                answer += data
    except TimeoutError:
        pass
    writer.close()

    assert answer.count(b"HTTP/1.1 ") == 1, answer
    assert answer.split(b" ", 2)[1] in {b"400", b"408", b"411", b"413", b"415", b"431"}, answer
    assert upstream.seen == []


async def test_a_body_past_the_limit_is_413_while_it_is_sent(proxy: RunningProxy) -> None:
    """A chunked body without an announced size is cut off as soon as it passes the limit."""
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(POST + b"Host: a\r\nTransfer-Encoding: chunked\r\n\r\n")
    piece = b"100000\r\n" + b"a" * 0x100000 + b"\r\n"
    try:
        for _ in range(12):
            writer.write(piece)
            await writer.drain()
    except ConnectionError:
        pass
    async with asyncio.timeout(5):
        answer = await reader.read(65536)
    writer.close()

    assert answer.startswith(b"HTTP/1.1 413 "), answer[:200]
    assert json.loads(answer.split(b"\r\n\r\n", 1)[1])["error"]["code"] == "request_too_large"


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
