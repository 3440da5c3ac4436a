"""JSON of every wrong shape, on every surface: a 4xx in its own terms or an answer, and never a 5xx."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.fakes.proxy import CONFIG, running

HOLE = "\ue000"
"""Stands in a body for bytes that are no JSON that Python writes."""

VALUES: dict[str, bytes] = {
    "null": b"null",
    "true": b"true",
    "minus one": b"-1",
    "a fraction": b"0.5",
    "a huge integer": b"1" + b"0" * 30,
    "5,000 digits": b"9" * 5_000,
    "beyond a double": b"1e999",
    "minus beyond": b"-1e999",
    "NaN": b"NaN",
    "Infinity": b"Infinity",
    "an empty text": b'""',
    "a text": b'"abc"',
    "a long text": b'"' + b"a" * 20_000 + b'"',
    "a lone surrogate": b'"\\ud800"',
    "a NUL": b'"a\\u0000b"',
    "not UTF-8": b'"\xff\xfe"',
    "an address": b'"http://169.254.169.254/latest/meta-data"',
    "an empty list": b"[]",
    "a list of null": b"[null]",
    "a list of lists": b"[[[]]]",
    "an empty object": b"{}",
    "an object": b'{"type":"x","a":{"b":[1]}}',
    "a doubled key": b'{"type":"a","type":"b"}',
    "depth": b"[" * 3_000 + b"]" * 3_000,
    "half a list": b"[1,",
}

TURN = {"role": "user", "content": "hi"}
CHAT: dict[str, Any] = {"model": "auto", "messages": [TURN]}
MESSAGE: dict[str, Any] = {"model": "auto", "max_tokens": 9, "messages": [TURN]}
RESPONSE: dict[str, Any] = {"model": "auto", "input": "hi"}

EXTRA = (
    "api_base",
    "base_url",
    "api_key",
    "api_version",
    "organization",
    "custom_llm_provider",
    "extra_headers",
    "extra_body",
    "headers",
    "proxy",
    "timeout",
    "num_retries",
    "fallbacks",
    "cost",
    "input_cost_per_token",
    "usage",
    "litellm_params",
    "mock_response",
    "user",
    "seed",
    "n",
    "temperature",
    "top_p",
    "stop",
    "logit_bias",
    "metadata",
    "stream",
    "stream_options",
    "tools",
    "tool_choice",
    "functions",
    "response_format",
    "max_tokens",
    "max_completion_tokens",
    "reasoning_effort",
    "reasoning",
    "modalities",
    "audio",
    "store",
    "prompt_cache_key",
)


def surfaces() -> dict[str, tuple[str, list[Any]]]:
    """Return, for each surface, its path and its bodies with a hole somewhere."""
    turns = [{"role": HOLE, "content": "hi"}, {"role": "user", "content": HOLE}, {**TURN, "name": HOLE}, HOLE]
    turns += [{"role": "assistant", "tool_calls": HOLE}, {"role": "tool", "tool_call_id": HOLE, "content": "a"}]
    parts = [HOLE, {"type": HOLE}, {"type": "text", "text": HOLE}, {"type": "image_url", "image_url": HOLE}]
    turns += [{"role": "user", "content": [part]} for part in parts]
    blocks = [HOLE, {"type": HOLE}, {"type": "text", "text": HOLE}, {"type": "image", "source": HOLE}]
    blocks += [{"type": "tool_result", "tool_use_id": HOLE, "content": "a"}, {"type": "thinking", "thinking": HOLE}]
    items = [HOLE, {"type": HOLE}, {"role": HOLE, "content": "a"}, {"role": "user", "content": [HOLE]}]
    items += [{"type": "function_call", "call_id": HOLE, "name": "f", "arguments": HOLE}]
    return {
        "chat": (
            "/v1/chat/completions",
            [{**CHAT, name: HOLE} for name in ("model", "messages", *EXTRA)]
            + [{**CHAT, "messages": [turn]} for turn in turns]
            + [{**CHAT, "tools": [{"type": "function", "function": HOLE}]}, {**CHAT, "metadata": {"cost": HOLE}}, HOLE],
        ),
        "messages": (
            "/v1/messages",
            [{**MESSAGE, name: HOLE} for name in ("model", "messages", "system", "thinking", "stop_sequences", *EXTRA)]
            + [{**MESSAGE, "messages": [{"role": "user", "content": [block]}]} for block in blocks]
            + [{**MESSAGE, "tools": [{"name": "f", "input_schema": HOLE}]}, {**MESSAGE, "system": [HOLE]}, HOLE],
        ),
        "responses": (
            "/v1/responses",
            [{**RESPONSE, name: HOLE} for name in ("model", "input", "instructions", "text", "include", *EXTRA)]
            + [{**RESPONSE, "input": [item]} for item in items]
            + [{**RESPONSE, "tools": [{"type": "function", "name": "f", "parameters": HOLE}]}, HOLE],
        ),
    }


SURFACES = surfaces()


def cases(surface: str) -> Iterator[tuple[str, bytes]]:
    """Yield each body of a surface with each value in its hole."""
    hole = json.dumps(HOLE).encode()
    for body in SURFACES[surface][1]:
        template = json.dumps(body).encode()
        for name, value in VALUES.items():
            yield f"{name} in {template[:300]!r}", template.replace(hole, value)


@pytest.fixture
async def http(tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    """Serve the proxy over its own simulated upstreams, which take whatever is proper."""
    config = CONFIG.format(base_url="http://127.0.0.1:9/v1")
    limits = httpx2.Limits(max_connections=8)
    async with running(config, tmp_path, simulate="always") as proxy:
        base = f"http://127.0.0.1:{proxy.port}"
        async with httpx2.AsyncClient(base_url=base, timeout=60, limits=limits) as client:
            yield client


def told_wrongly(surface: str, answer: httpx2.Response) -> bool:
    """Say whether an answer is neither a success nor a refusal in the surface's own shape."""
    if answer.status_code == 200:
        return False
    error = answer.json()["error"]
    shape = {"type", "message"} if surface == "messages" else {"message", "type", "param", "code"}
    return not 400 <= answer.status_code < 500 or set(error) != shape or len(answer.content) > 3_000


@pytest.mark.parametrize("surface", SURFACES)
async def test_no_shape_is_our_fault(http: httpx2.AsyncClient, surface: str) -> None:
    """Three hundred bodies and more a surface: each is served, or refused with a short error in its shape."""
    path, _ = SURFACES[surface]
    bodies = list(cases(surface))

    async def wrong(name: str, body: bytes) -> tuple[str, int, bytes] | None:
        answer = await http.post(path, content=body)
        return (name, answer.status_code, answer.content[:300]) if told_wrongly(surface, answer) else None

    found = await asyncio.gather(*(wrong(name, body) for name, body in bodies))

    assert len(bodies) >= 300
    assert [one for one in found if one is not None] == []
