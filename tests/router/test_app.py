"""The composition root: what can be checked is checked before anything is served."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from router.app import Ids, Proxy, dry_run, others
from router.errors import NoEligibleUpstream
from router.plan import Plan, prepare
from router.policy.decision import Reason
from tests.fakes import behaviour
from tests.fakes.caller import ask
from tests.fakes.process import rows_of
from tests.fakes.proxy import CONFIG, running, serving
from tests.fakes.until import until
from tests.fakes.upstream import FakeUpstream

MINIMAL = CONFIG.format(base_url="http://127.0.0.1:9/v1")


def a_file(folder: Path, text: str = MINIMAL) -> Path:
    """Write a configuration."""
    path = folder / "c.yaml"
    path.write_text(text)
    return path


def a_plan(config: Path, folder: Path, **environ: str) -> Plan:
    """Return the plan of a file, with its ledger in `folder`."""
    return prepare(
        config=config, environ=environ, simulate="never", listen="127.0.0.1:0", ledger=folder / "l.db", present=None
    )


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


async def test_a_change_serves_the_next_request_and_lets_the_one_under_way_end(tmp_path: Path) -> None:
    """The stream that began goes on with its own upstream, key and transport, which are closed when it has ended."""
    async with FakeUpstream() as first, FakeUpstream() as second:
        first.script(behaviour.stream(["a"] * 6, delay=0.1))
        second.script(behaviour.ok())
        config = a_file(tmp_path, CONFIG.format(base_url=first.base_url))
        proxy = Proxy(a_plan(config, tmp_path))
        async with serving(proxy) as port:
            streaming = asyncio.create_task(ask(port, stream=True))
            await first.wait_for(1)
            config.write_text(CONFIG.format(base_url=second.base_url))
            await proxy.change(a_plan(config, tmp_path))
            after = await ask(port)
            assert len(proxy._retired) == 1
            stream = await streaming
            await until(lambda: not proxy._retired)

    assert (stream.status, stream.done, stream.error) == (200, True, None)
    assert after.status == 200
    assert (len(first.seen), len(second.seen)) == (1, 1)
    assert [row["status"] for row in rows_of(tmp_path / "l.db")] == ["ok", "ok"]


async def test_what_cannot_be_opened_changes_nothing(tmp_path: Path) -> None:
    """A plan whose transport cannot be built leaves the present one in service."""
    async with FakeUpstream() as upstream:
        upstream.script(behaviour.ok())
        config = a_file(tmp_path, CONFIG.format(base_url=upstream.base_url))
        proxy = Proxy(a_plan(config, tmp_path))
        async with serving(proxy) as port:
            before = proxy.plan
            broken = replace(before, classifier=None)
            with pytest.raises(AttributeError):
                await proxy.change(broken)
            answer = await ask(port)

    assert answer.status == 200
    assert proxy.plan is before


def test_an_upstream_is_another_one_when_its_model_host_or_key_is(tmp_path: Path) -> None:
    """What was learnt of it is forgotten then; a price or a tier changes nothing of that."""
    keyed = MINIMAL.replace("{kind: vllm,", "{kind: vllm, api_key: $A,", 1)
    before = a_plan(a_file(tmp_path, keyed), tmp_path, A="key-1")

    assert (
        others(before, a_plan(a_file(tmp_path, keyed.replace("input: 0.1", "input: 0.2")), tmp_path, A="key-1"))
        == set()
    )
    assert others(before, a_plan(a_file(tmp_path, keyed), tmp_path, A="key-2")) == {"small", "large"}
    cheaper = a_plan(a_file(tmp_path, keyed.replace("input: 0.1", "input: 0.2")), tmp_path, A="key-1")
    rotated = a_plan(a_file(tmp_path, keyed), tmp_path, A="key-2")
    renamed = a_plan(a_file(tmp_path, keyed.replace("middle-1", "middle-2")), tmp_path, A="key-1")

    assert others(before, cheaper) == set()
    assert others(before, rotated) == {"small", "large"}
    assert others(before, renamed) == {"middle"}
