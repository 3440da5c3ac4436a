"""Large and hostile bodies do not hold up anybody else: the loop is never kept busy for long by one of them."""

import asyncio
import json
import socket
import statistics
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.fakes.proxy import CONFIG, RunningProxy, running

MB = 1_000_000
HELD_SECONDS = 0.020
"""What the loop's thread may compute at a stretch."""

ANSWER = json.dumps(
    {
        "id": "c-1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }
)
UPSTREAM = f"""
import asyncio
ANSWER = {ANSWER!r}.encode()
HEAD = b"HTTP/1.1 200 OK\\r\\ncontent-type: application/json\\r\\ncontent-length: %d\\r\\n\\r\\n"

async def serve(reader, writer):
    try:
        while True:
            head = await reader.readuntil(b"\\r\\n\\r\\n")
            size = next(int(line[15:]) for line in head.lower().split(b"\\r\\n") if line.startswith(b"content-length:"))
            while size:
                size -= len(await reader.read(size))
            writer.write(HEAD % len(ANSWER) + ANSWER)
    except asyncio.IncompleteReadError:
        writer.close()

async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=1 << 20)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
"""
"""An upstream in a process of its own: what it computes is not counted here."""


def chat(**changes: Any) -> bytes:
    """Return a chat completion with these members."""
    return json.dumps({"model": "auto", "messages": [{"role": "user", "content": "hi"}], **changes}).encode()


def calls(count: int) -> list[dict[str, Any]]:
    """Return a conversation of so many tool calls and their results."""
    return [
        turn
        for number in range(count)
        for turn in (
            {
                "role": "assistant",
                "tool_calls": [
                    {"id": f"call_{number}", "type": "function", "function": {"name": "f", "arguments": "{}"}}
                ],
            },
            {"role": "tool", "tool_call_id": f"call_{number}", "content": "ok " * 100},
        )
    ]


PROSE = "The quick brown fox jumps over the lazy dog. " * (5 * MB // 45)
TOOL = {"type": "function", "function": {"name": "f", "description": "d " * 10, "parameters": {"type": "object"}}}
BODIES: dict[str, tuple[str, bytes]] = {
    "5 MB of prose": ("chat/completions", chat(messages=[{"role": "user", "content": PROSE}])),
    "5 MB of Cyrillic": (
        "chat/completions",
        json.dumps(
            {"model": "auto", "messages": [{"role": "user", "content": "наука " * 450_000}]}, ensure_ascii=False
        ).encode(),
    ),
    "9 MB of tools": ("chat/completions", chat(tools=[TOOL] * 70_000)),
    "100,000 messages": ("chat/completions", chat(messages=[{"role": "user", "content": "a"}] * 100_000)),
    "20,000 messages": ("chat/completions", chat(messages=[{"role": "user", "content": "a b c"}] * 20_000)),
    "200,000 parts": ("chat/completions", chat(messages=[{"role": "user", "content": [{"type": "text"}] * 200_000}])),
    "16,000 tool calls": ("chat/completions", chat(messages=calls(16_000))),
    "deep": ("chat/completions", chat()[:-1] + b',"x":' + b"[" * MB + b"]" * MB + b"}"),
    "500,000 doubles": ("chat/completions", chat()[:-1] + b',"temperature":1' * 500_000 + b"}"),
    "200,000 members": ("chat/completions", chat()[:-1] + b"".join(b',"k%d":1' % n for n in range(200_000)) + b"}"),
    "5 MB message": ("messages", chat(max_tokens=9, messages=[{"role": "user", "content": PROSE}])),
    "200,000 blocks": (
        "messages",
        chat(max_tokens=9, messages=[{"role": "user", "content": [{"type": "text", "text": "a"}] * 200_000}]),
    ),
    "5 MB of input": ("responses", json.dumps({"model": "auto", "input": PROSE}).encode()),
    "20,000 items": (
        "responses",
        json.dumps({"model": "auto", "input": [{"role": "user", "content": "a"}] * 20_000}).encode(),
    ),
}


@pytest.fixture
async def proxy(tmp_path: Path) -> AsyncIterator[RunningProxy]:
    """Serve the proxy in front of an upstream whose dialect rewrites most of a body."""
    upstream = await asyncio.create_subprocess_exec(sys.executable, "-c", UPSTREAM, stdout=asyncio.subprocess.PIPE)
    try:
        assert upstream.stdout is not None
        config = CONFIG.format(base_url=f"http://127.0.0.1:{int(await upstream.stdout.readline())}/v1")
        for window in ("window: 128000", "window: 200000"):
            config = config.replace(window, "window: 90000000")
        config = config.replace("deadline: 5s, first_byte_timeout: 1s", "deadline: 60s, first_byte_timeout: 60s")
        config = config.replace("{kind: vllm,", "{kind: mistral, api_key: os.environ/KEY,")
        async with running(config, tmp_path, {"KEY": "an-upstream-key"}) as serving:
            yield serving
    finally:
        upstream.kill()
        await upstream.wait()


def post(port: int, path: str, body: bytes) -> bytes:
    """Send one request over a blocking socket, in a thread, and return the answer."""
    head = b"POST /v1/%b HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: %d\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(head % (path.encode(), len(body)) + body)
        answer = b""
        while data := connection.recv(65_536):
            answer += data
    return answer


class Watch:
    """Looks at every turn of the loop: what its thread computed at a stretch (CPU seconds, so other load is not)."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._last = time.thread_time()
        self._handle = asyncio.get_running_loop().call_soon(self._look)

    def _look(self) -> None:
        now = time.thread_time()
        self.longest = max(self.longest, now - self._last)
        self._last = now
        self._handle = asyncio.get_running_loop().call_later(0.0005, self._look)

    def stop(self) -> float:
        """End the watch and return the longest stretch, in seconds."""
        self._handle.cancel()
        return self.longest


@pytest.mark.parametrize("name", BODIES)
async def test_no_body_keeps_the_loop(proxy: RunningProxy, name: str) -> None:
    """Whatever a body holds, the loop's thread computes at most 20 ms at a stretch for it."""
    path, body = BODIES[name]
    warm = chat(max_tokens=9, input="hi", messages=[{"role": "user", "content": "hi " * 60_000}])
    await asyncio.to_thread(post, proxy.port, path, warm)  # imports, and the process for large bodies, are there now
    watch = Watch()
    answer = await asyncio.to_thread(post, proxy.port, path, body)

    longest = watch.stop()
    assert answer[9:12] in {b"200", b"400", b"422"}, answer[:500]
    assert longest <= HELD_SECONDS, f"{longest * 1000:.1f} ms"


async def test_the_others_are_served_while_large_prompts_arrive(proxy: RunningProxy) -> None:
    """Beside a storm of 5 MB prompts, short requests and health are answered about as fast as without it."""
    storm = [BODIES[name] for name in ("5 MB of prose", "5 MB message", "20,000 messages", "5 MB of input")]
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{proxy.port}", timeout=20) as http:
        await asyncio.to_thread(post, proxy.port, *storm[0])
        quiet, _ = await _asked(http, 40)

        async def rage() -> list[bytes]:
            return [await asyncio.to_thread(post, proxy.port, *storm[turn % 4]) for turn in range(6)]

        raging = [asyncio.create_task(rage()) for _ in range(2)]
        busy, health = await _asked(http, 40)
        answers = [answer for rages in raging for answer in await rages]

    assert {answer[9:12] for answer in answers} == {b"200"}
    assert max(health) <= 1.0
    assert statistics.median(busy) - statistics.median(quiet) <= 0.1
    assert max(busy) <= 1.0


async def _asked(http: httpx2.AsyncClient, times: int) -> tuple[list[float], list[float]]:
    """Ask a short thing and after health, so many times; return the seconds that each took."""
    short, health = [], []
    for _ in range(times):
        begun = time.perf_counter()
        answer = await http.post("/v1/chat/completions", content=chat())
        short.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        alive = await http.get("/health")
        health.append(time.perf_counter() - begun)
        assert (answer.status_code, alive.status_code) == (200, 200)
        await asyncio.sleep(0.01)
    return short, health
