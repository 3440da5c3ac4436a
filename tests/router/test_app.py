"""The composition root: what can be checked is checked before anything is served."""

import asyncio
from pathlib import Path

import pytest

from router.app import TRANSPORTS, Ids, Proxy, dry_run
from router.errors import NoEligibleUpstream
from router.plan import prepare
from router.policy.decision import Reason
from tests.fakes.proxy import CONFIG, running

MINIMAL = CONFIG.format(base_url="http://127.0.0.1:9/v1")


def a_file(folder: Path, text: str = MINIMAL) -> Path:
    """Write a configuration."""
    path = folder / "c.yaml"
    path.write_text(text)
    return path


def test_ids_are_all_different() -> None:
    """Also across two draws from the system, each id has 24 hexadecimal digits and none comes twice."""
    ids = Ids()
    drawn = [ids.draw() for _ in range(1000)]

    assert len(set(drawn)) == 1000
    assert all(len(bytes.fromhex(drawn_id)) == 12 for drawn_id in drawn)


async def test_one_request_too_many_is_told_to_come_back(tmp_path: Path) -> None:
    """503 in OpenAI's shape with a Retry-After; idle connections do not count."""
    import httpx2

    config = MINIMAL + "server: {max_concurrent: 1, queue: 1, queue_wait: 1ms}\n"
    head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n{"
    async with running(config, tmp_path) as proxy, httpx2.AsyncClient() as client:
        _, idle = await asyncio.open_connection("127.0.0.1", proxy.port)
        _, slow = await asyncio.open_connection("127.0.0.1", proxy.port)
        slow.write(head)
        await asyncio.sleep(0.05)
        refused = await client.post(f"{proxy.base_url}/chat/completions", content=b"{}")
        health = await client.get(f"http://127.0.0.1:{proxy.port}/health")
        for writer in (idle, slow):
            writer.close()
        await asyncio.sleep(0.05)
        served = await client.post(f"{proxy.base_url}/chat/completions", content=b"{}")

    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert refused.json()["error"]["code"] == "overloaded"
    assert (health.status_code, served.status_code) == (200, 400)


def test_a_dry_run_decides_as_the_proxy_would_and_sends_nothing(tmp_path: Path) -> None:
    """Assessment, ranking and baseline come back; the upstream's port is closed and nobody notices."""
    decide = dry_run(a_file(tmp_path), {})
    run = decide(b'{"model":"auto","messages":[{"role":"user","content":"Say hello."}]}', None)

    assert run.assessment is not None
    assert run.decision.ranked[0].upstream.name == "small"
    assert run.decision.reason in {Reason.CLASSIFIED, Reason.LOW_CONFIDENCE, Reason.NEEDS_INFO}
    assert run.baseline is not None
    assert run.baseline.upstream.name == "large"
    with pytest.raises(NoEligibleUpstream):
        decide(b'{"model":"auto","max_tokens":9000000,"messages":[{"role":"user","content":"hi"}]}', None)


async def test_an_app_that_was_not_started_says_so() -> None:
    """Calling before the lifespan is a mistake of the embedder."""
    plan = prepare(config=None, environ={}, simulate="always", listen=None, ledger=None)

    with pytest.raises(RuntimeError, match="startup"):
        await Proxy(plan)({"type": "http"}, asyncio.Queue().get, asyncio.Queue().put)


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_every_transport_serves(tmp_path: Path, transport: str) -> None:
    """Both transports can be chosen by name; an upstream that is away is a 503 through either."""
    import httpx2

    config = MINIMAL.replace("delivery: {", f"delivery: {{transport: {transport}, ")
    async with running(config, tmp_path) as proxy, httpx2.AsyncClient() as client:
        answer = await client.post(
            f"{proxy.base_url}/chat/completions",
            json={"model": "auto", "messages": [{"role": "user", "content": "hi"}]},
        )
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "upstream_unavailable")
