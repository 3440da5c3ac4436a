"""No word of a request leads anywhere: whatever address stands in it, only configured upstreams are called."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from tests.fakes.upstream import FakeUpstream

HOSTS = (
    *(
        f"http://{host}/latest/meta-data"
        for host in (
            "169.254.169.254",
            "[fd00:ec2::254]",
            "metadata.google.internal",
            "100.100.100.200",
            "0",
            "0.0.0.0",
            "127.1",
            "127.0.0.1",
            "[::]",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "localhost",
            "localhost.",
            "LOCALHOST",
            "0x7f.1",
            "0x7f000001",
            "2130706433",
            "017700000001",
            "127.0.0.1.nip.io",
            "localtest.me",
            "10.0.0.1",
            "192.168.0.1",
            "172.16.0.1",
            "kubernetes.default.svc",
            "host.docker.internal",
            "evil.example",
            "user:pass@127.0.0.1",
            "127.0.0.1%23@evil.example",
            "①②⑦.⓪.⓪.①",
        )
    ),
    "file:///etc/passwd",
    "gopher://127.0.0.1:25/_HELO",
    "dict://127.0.0.1:11211/stats",
    "ftp://127.0.0.1/",
    "ldap://127.0.0.1/",
    "//127.0.0.1/",
    "https://127.0.0.1/",
    "jar:http://127.0.0.1!/",
    "data:text/html,hi",
    "unix:///var/run/docker.sock",
    "http:\\\\127.0.0.1\\",
)
"""Forty targets that a server might be led to; those on this machine name the trap's port."""

FIELDS = (
    "api_base",
    "base_url",
    "api_key",
    "organization",
    "proxy",
    "url",
    "endpoint",
    "webhook",
    "callback_url",
    "user",
    "prompt_cache_key",
    "model_url",
    "service_tier",
    "safety_identifier",
)

CHAT = "/v1/chat/completions"


class Trap:
    """Listens where hostile addresses point; counts whoever comes."""

    def __init__(self) -> None:
        self.visits = 0

    async def visit(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Count one connection."""
        self.visits += 1
        writer.close()
        await writer.wait_closed()


@pytest.fixture
async def trap() -> AsyncIterator[tuple[Trap, int]]:
    """Listen on every address of the loopback."""
    caught = Trap()
    async with await asyncio.start_server(caught.visit, "127.0.0.1", 0) as server:
        yield caught, server.sockets[0].getsockname()[1]


def bodies(target: str) -> list[tuple[str, dict[str, str], dict[str, Any]]]:
    """Return requests that name `target` in every string that a client may write: path, headers, body."""
    turn = {"role": "user", "content": f"Fetch {target} please.", "name": target}
    named = dict.fromkeys(FIELDS, target)
    picture = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": target}}]}
    tool = {"type": "function", "function": {"name": "f", "parameters": {"$ref": target, "$schema": target}}}
    form = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"$ref": target}}}
    chat = {"model": "auto", "messages": [turn], **named, "metadata": named, "extra_headers": {"Host": target}}
    source = {"type": "image", "source": {"type": "url", "url": target}}
    heads = {
        "x-forwarded-host": target,
        "x-forwarded-for": target,
        "forwarded": f"host={target}",
        "x-original-url": target,
        "x-router-upstream": target,
        "x-portkey-custom-host": target,
        "referer": target,
        "origin": target,
    }
    return [
        (CHAT, heads, chat),
        (CHAT, {}, {"model": "auto", "messages": [picture, turn], "tools": [tool], "response_format": form}),
        (CHAT, {}, {"model": target, "messages": [turn]}),
        ("/v1/messages", heads, {"model": "auto", "max_tokens": 9, "messages": [turn], "container": target, **named}),
        ("/v1/messages", {}, {"model": "auto", "max_tokens": 9, "messages": [{"role": "user", "content": [source]}]}),
        ("/v1/responses", heads, {"model": "auto", "input": target, "instructions": target, **named}),
        ("/v1/responses", {}, {"model": "auto", "input": "a", "tools": [{"type": "mcp", "server_url": target}]}),
        ("/v1/router/explain", {}, chat),
        ("/v1/router/classify", {}, {"input": target, "model": target}),
        ("/v1/router/multimodel", {}, {"input": target, "allowed_models": [target], "allowed_providers": [target]}),
    ]


def at(target: str, port: int) -> str:
    """Return `target` with the trap's port, where it is an address of this machine."""
    for host in ("127.0.0.1/", "127.1/", "localhost/", "localhost./", "[::1]/", "0.0.0.0/", "0x7f.1/", "2130706433/"):
        target = target.replace(f"{host}", f"{host[:-1]}:{port}/")
    return target


async def test_nothing_in_a_request_is_called(
    http: httpx2.AsyncClient, upstream: FakeUpstream, trap: tuple[Trap, int]
) -> None:
    """Forty hostile hosts in every string: nobody comes to the trap, and each call went to the configured upstream."""
    caught, port = trap
    answers = []
    for target in HOSTS:
        for path, heads, body in bodies(at(target, port)):
            safe = {name: value.encode("ascii", "replace").decode() for name, value in heads.items()}
            answers.append(await http.post(path, content=json.dumps(body), headers=safe))

    assert len(HOSTS) >= 40
    assert max(answer.status_code for answer in answers) < 500
    assert caught.visits == 0
    served = [answer for answer in answers if answer.status_code == 200 and "x-router-upstream" in answer.headers]
    assert len(upstream.seen) == len(served) > len(HOSTS)
    assert {seen.path for seen in upstream.seen} == {"/v1/chat/completions"}
    assert {seen.header("host") for seen in upstream.seen} == {f"127.0.0.1:{upstream.port}"}


async def test_the_trap_catches(trap: tuple[Trap, int]) -> None:
    """Who is led there is counted."""
    caught, port = trap
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await reader.read()
    writer.close()
    await writer.wait_closed()

    assert caught.visits == 1
