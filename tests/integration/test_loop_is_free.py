"""Large and hostile bodies do not hold up anybody else: the loop is never kept busy for long by one of them."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.distant import LARGE, distant, post
from tests.fakes.proxy import CONFIG, RunningProxy, running

MB = 1_000_000
HELD_SECONDS = 0.020
"""What the loop's thread may compute at a stretch."""


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
    "5 MB of input that is not kept": (
        "responses",
        json.dumps({"model": "auto", "store": False, "input": PROSE}).encode(),
    ),
}


@pytest.fixture
async def proxy(tmp_path: Path) -> AsyncIterator[RunningProxy]:
    """Serve the proxy in front of an upstream whose dialect rewrites most of a body."""
    async with distant() as base_url:
        config = CONFIG.format(base_url=base_url)
        for window in ("window: 128000", "window: 200000"):
            config = config.replace(window, "window: 90000000")
        config = config.replace("deadline: 5s, first_byte_timeout: 1s", "deadline: 60s, first_byte_timeout: 60s")
        config = (
            config.replace("{kind: vllm,", "{kind: mistral, api_key: os.environ/KEY,") + "responses: {store: true}\n"
        )
        async with running(config, tmp_path, {"KEY": "an-upstream-key"}) as serving:
            yield serving


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


@pytest.mark.parametrize("path", ["chat/completions", "messages", "responses", "completions"])
async def test_no_answer_keeps_the_loop(proxy: RunningProxy, path: str) -> None:
    """Nor does it for a whole answer of 10 MB, in whichever terms it is told."""
    said = LARGE.decode()
    asked = {"responses": {"input": said}, "completions": {"prompt": said}}
    talk = {"max_tokens": 9, "messages": [{"role": "user", "content": said}]}
    body = json.dumps({"model": "auto", **asked.get(path, talk)}).encode()
    await asyncio.to_thread(post, proxy.port, "chat/completions", chat(messages=[{"role": "user", "content": PROSE}]))
    await asyncio.to_thread(post, proxy.port, path, body)  # as above
    watch = Watch()
    answer = await asyncio.to_thread(post, proxy.port, path, body)

    longest = watch.stop()
    assert (answer[9:12], len(answer) > 10 * MB) == (b"200", True), answer[:500]
    assert longest <= HELD_SECONDS, f"{longest * 1000:.1f} ms"
