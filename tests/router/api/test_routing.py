"""The routing endpoints: bodies in, JSON out, nothing sent, nothing counted, and no 5xx on any input."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.assessment import Assessment, Doubt
from classifier.tier import Tier
from router.access.keys import ClientKeys
from router.api.cold import cold_app
from router.api.gate import AsgiApp
from router.api.readiness import Readiness
from router.api.routing import Routing, paths
from router.errors import RequestTimeout
from tests.fakes.asgi import Exchange, call, exchange, scope
from tests.fakes.proxy import CONFIG, running
from tests.fakes.scene import Scene
from tests.fakes.values import NOW, an_assessment

HOST = (b"host", b"127.0.0.1")
FIELDS = {"message", "type", "param", "code"}
CHAT = {"model": "auto", "messages": [{"role": "user", "content": "Say hello."}]}
LIMIT = 4096


def app_of(scene: Scene, said: Assessment | None = an_assessment()) -> AsgiApp:  # noqa: B008  # frozen
    """Return the app over a scene, with a classifier that always says the same."""
    ports = replace(scene.ports, size=lambda _prompt, _cuts: said)
    return cold_app(ports, ClientKeys({}), Readiness(), NOW, LIMIT)


async def post(app: AsgiApp, path: str, body: Any, *headers: tuple[bytes, bytes]) -> Exchange:
    """Send a body, JSON or bytes."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await call(app, data, path=f"/v1/router/{path}", headers=[HOST, *headers])


async def test_classify_as_morph_documents_it() -> None:
    """Three heads, each with class_id, label, confidence and meets_threshold; ours stand beside them."""
    done = await post(app_of(Scene()), "classify", {"input": "Refactor the auth module"})
    found = json.loads(done.body)

    assert (done.status, done.headers["content-type"]) == (200, "application/json")
    assert list(found["classifications"]) == ["difficulty", "ambiguity", "domain"]
    assert all(
        set(head) == {"class_id", "label", "confidence", "meets_threshold"}
        for head in found["classifications"].values()
    )
    assert (found["tier"], found["needs_info"]) == ("easy", None)
    assert found["probabilities"] == {"easy": 0.9, "medium": 0.05, "hard": 0.05}


async def test_classify_names_the_cause_of_needs_info() -> None:
    """The label is needs_info and the cause stands beside it."""
    said = an_assessment(Tier.MEDIUM, doubt=Doubt.MISSING_INFORMATION, missing=0.97)
    found = json.loads((await post(app_of(Scene(), said), "classify", {"input": "fix it"})).body)

    assert found["classifications"]["difficulty"]["label"] == "needs_info"
    assert found["needs_info"]["cause"] == "missing_information"


async def test_raw_is_the_label_alone() -> None:
    """What Morph's older clients read; their mode does not matter."""
    said = an_assessment(Tier.HARD, doubt=Doubt.LOW_CONFIDENCE)

    assert json.loads((await post(app_of(Scene()), "raw", {"input": "hi", "mode": "balanced"})).body) == {
        "difficulty": "easy"
    }
    assert json.loads((await post(app_of(Scene(), said), "raw", {"input": "hi"})).body) == {"difficulty": "needs_info"}


async def test_classify_without_a_classifier_says_when_to_come_back() -> None:
    """There is nothing to tell then: 503 with Retry-After, and Morph's clients go their own way."""
    done = await post(app_of(Scene(), None), "classify", {"input": "hi"})

    assert (done.status, done.headers["retry-after"]) == (503, "30")
    assert json.loads(done.body)["error"]["code"] == "classifier_failed"


async def test_multimodel_as_morph_documents_it() -> None:
    """Model, provider and difficulty are always there."""
    done = await post(app_of(Scene()), "multimodel", {"input": "hi", "policy": "balanced"})
    found = json.loads(done.body)

    assert done.status == 200
    assert (found["model"], found["provider"], found["difficulty"]) == ("small-wire", "house", "easy")


async def test_explain_tells_the_whole_decision() -> None:
    """Tier, probabilities, reason, the ranked with their cost, the rejected with their reason, and the baseline."""
    done = await post(app_of(Scene(), an_assessment(Tier.HARD)), "explain", CHAT)
    found = json.loads(done.body)

    assert done.status == 200
    assert (found["label"], found["required_tier"], found["reason"]) == ("hard", "hard", "classified")
    assert found["assessment"]["probabilities"]["hard"] == 0.9
    assert [row["upstream"] for row in found["candidates"]] == ["large"]
    assert found["candidates"][0]["expected_cost_usd"] == found["baseline"]["expected_cost_usd"]
    assert [(row["upstream"], row["cause"]) for row in found["rejected"]] == [("small", "tier")]
    assert found["rejected"][0]["detail"]
    assert any("Required tier: hard" in line for line in found["explanation"])


async def test_explain_takes_the_least_tier_of_its_header() -> None:
    """x-router-min-tier raises here as it does for a chat completion, and is checked as there."""
    app = app_of(Scene())
    raised = await post(app, "explain", CHAT, (b"x-router-min-tier", b"hard"))
    wrong = await post(app, "explain", CHAT, (b"x-router-min-tier", b"extreme"))

    assert (json.loads(raised.body)["required_tier"], json.loads(raised.body)["reason"]) == ("hard", "override")
    assert wrong.status == 400


@pytest.mark.parametrize(
    ("model", "reason"), [("tier/medium", "override"), ("large", "explicit"), ("auto:cheap", "classified")]
)
async def test_explain_takes_every_name(model: str, reason: str) -> None:
    """A fixed tier and a named upstream are explained too; neither has an assessment."""
    found = json.loads((await post(app_of(Scene()), "explain", {**CHAT, "model": model})).body)

    assert found["reason"] == reason
    assert (found["assessment"] is None) == (reason != "classified")


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"model": "gpt-17"}, 404, "model_not_found"),
        ({"max_tokens": 9_000_000}, 422, "no_eligible_upstream"),
        ({"messages": []}, 400, "malformed_request"),
    ],
)
async def test_explain_refuses_what_a_chat_completion_would_be_refused(
    changes: dict[str, Any], status: int, code: str
) -> None:
    """The same status and code."""
    done = await post(app_of(Scene()), "explain", {**CHAT, **changes})

    assert (done.status, json.loads(done.body)["error"]["code"]) == (status, code)


async def test_nothing_is_sent_recorded_or_taught() -> None:
    """After all four, no upstream was called, the ledger is empty and the shared state is as it was."""
    scene = Scene()
    app = app_of(scene)
    for path, body in (
        ("classify", {"input": "hi"}),
        ("raw", {"input": "hi"}),
        ("multimodel", {"input": "hi"}),
        ("explain", CHAT),
    ):
        assert (await post(app, path, body)).status == 200

    assert (scene.send.calls, scene.ledger.entries, scene.journal) == ([], [], [])
    assert (dict(scene.ports.state.observed), scene.ports.state.resting(scene.ports.clock())) == ({}, {})


async def test_no_word_of_the_prompt_comes_back() -> None:
    """Neither an answer nor a refusal repeats the text."""
    app, canary = app_of(Scene()), "canary7f3a"
    chat = {"model": "auto", "messages": [{"role": "user", "content": canary}]}
    for path, body in (("classify", {"input": canary}), ("multimodel", {"input": canary}), ("explain", chat)):
        assert canary.encode() not in (await post(app, path, body)).body
        assert canary.encode() not in (await post(app, path, {"prompt": canary, "messages": canary})).body


@pytest.mark.parametrize("path", ["classify", "raw", "multimodel", "explain"])
async def test_a_body_past_the_limit(path: str) -> None:
    """413 as soon as it is past the limit, also where no length was announced."""
    app = app_of(Scene())
    under_way = exchange(b"[" * LIMIT, b"[", b"[" * LIMIT)
    await app(scope(path=f"/v1/router/{path}", headers=[HOST]), under_way.receive, under_way.send)

    assert (under_way.status, json.loads(under_way.body)["error"]["code"]) == (413, "request_too_large")
    assert len(under_way.messages) == 1


@pytest.mark.parametrize("path", ["classify", "raw", "multimodel", "explain"])
async def test_only_post(path: str) -> None:
    """Another method is a 405 that says which one is allowed."""
    done = await call(app_of(Scene()), path=f"/v1/router/{path}", method="GET", headers=[HOST])

    assert (done.status, done.headers["allow"]) == (405, "POST")
    assert set(json.loads(done.body)["error"]) == FIELDS


async def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    """It is refused (408) after the time that a body has."""
    app = FastAPI()
    app.include_router(paths(Routing(Scene().ports), LIMIT, body_seconds=0.02))
    under_way = Exchange([{"type": "http.request", "body": b"{", "more_body": True}])

    with pytest.raises(RequestTimeout):
        await app(scope(path="/router/classify", headers=[HOST]), under_way.receive, under_way.send)


async def test_a_client_that_leaves_while_it_sends() -> None:
    """Nobody is there to be answered, and nothing breaks."""
    under_way = exchange()
    under_way.messages[:] = [{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}]
    await app_of(Scene())(scope(path="/v1/router/classify", headers=[HOST]), under_way.receive, under_way.send)

    assert under_way.status == 499


NAMES = st.sampled_from(
    ["input", "classes", "model", "policy", "allowed_models", "allowed_providers", "default_model", "messages"]
) | st.text(max_size=5)
WORDS = st.sampled_from(["auto", "small", "house", "difficulty", "balanced", "auto:quality", "user", "hi"])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20) | WORDS
SHAPES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=12
)
NEAR = st.fixed_dictionaries(
    {"input": st.text(max_size=50)},
    optional={
        "classes": st.lists(WORDS, max_size=3) | SHAPES,
        "model": WORDS | SHAPES,
        "policy": WORDS | SHAPES,
        "allowed_models": st.lists(WORDS, max_size=3) | SHAPES,
        "allowed_providers": st.lists(WORDS, max_size=3) | SHAPES,
        "default_model": WORDS | SHAPES,
    },
)
CHATS = st.fixed_dictionaries({"model": WORDS, "messages": SHAPES}, optional={"max_tokens": SHAPES, "tools": SHAPES})
BODIES = st.one_of(st.binary(max_size=30), st.one_of(SHAPES, NEAR, CHATS).map(json.dumps).map(str.encode))


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.Runner]:
    """Hold one event loop for all examples."""
    with asyncio.Runner() as runner:
        yield runner


@settings(max_examples=150, deadline=None)
@given(
    path=st.sampled_from(["classify", "raw", "multimodel", "explain"]),
    body=BODIES,
    doubt=st.none() | st.sampled_from(Doubt),
)
def test_no_body_is_a_5xx(loop: asyncio.Runner, path: str, body: bytes, doubt: Doubt | None) -> None:
    """Whatever the JSON or the bytes: 200 with an object, or a 4xx with all four fields of OpenAI's error."""

    async def ask() -> Exchange:
        return await post(app_of(Scene(), an_assessment(doubt=doubt)), path, body)

    done = loop.run(ask())
    found = json.loads(done.body)

    assert done.status == 200 or 400 <= done.status < 500
    assert done.headers["x-request-id"]
    if done.status != 200:
        assert set(found["error"]) == FIELDS
        assert found["error"]["message"]


async def test_over_a_socket_with_the_shipped_classifier(tmp_path: Path) -> None:
    """The real server answers all three, keeps the client's request id, and its ledger stays empty."""
    config = CONFIG.format(base_url="http://127.0.0.1:9/v1") + "server: {auth: {keys: {team: os.environ/TEAM_KEY}}}\n"
    key = "client-key-0123456789abcdef"
    headers = {"authorization": f"Bearer {key}", "x-request-id": "mine-1"}
    async with running(config, tmp_path, {"TEAM_KEY": key}) as proxy, httpx2.AsyncClient(headers=headers) as client:
        heads = await client.post(f"{proxy.base_url}/router/classify", json={"input": "What is the capital of France?"})
        model = await client.post(f"{proxy.base_url}/router/multimodel", json={"input": "Say hello."})
        run = await client.post(f"{proxy.base_url}/router/explain", json=CHAT)
        nobody = await client.post(f"{proxy.base_url}/router/classify", json={}, headers={"authorization": "Bearer x"})
        rows = proxy.rows()

    found = heads.json()
    assert (heads.status_code, heads.headers["x-request-id"]) == (200, "mine-1")
    assert found["classifications"]["difficulty"]["label"] == found["tier"] == "easy"
    assert found["classifications"]["domain"]["confidence"] > 0.5
    assert sum(found["probabilities"].values()) == pytest.approx(1, abs=1e-3)
    assert (model.json()["model"], model.json()["provider"]) == ("small-1", "one")
    assert run.json()["baseline"]["upstream"] == "large"
    assert nobody.status_code == 401
    assert rows == []
