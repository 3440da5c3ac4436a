"""The embeddings surface as an ASGI callable: what is forwarded, answered, booked and refused."""

import json
from dataclasses import replace
from decimal import Decimal

from router.access.keys import ClientKeys
from router.api.embeddings import PATH, EmbeddingsClient
from router.api.surface import Surface
from router.catalog.catalog import Catalog
from router.errors import UpstreamUnreachable
from router.policy.rules import EmbeddingGroup, Route, Rules, Verify
from router.ports import Ports
from tests.fakes.asgi import call
from tests.fakes.ports import kept, some_ports
from tests.fakes.reply import FakeReply
from tests.fakes.values import a_price, an_embedder, an_upstream

BODY = b'{"model":"docs","input":["a secret text"],"encoding_format":"float","odd":1}'
ANSWER = json.dumps(
    {
        "object": "list",
        "data": [{"object": "embedding", "index": 0, "embedding": [0.5, 0.25, 0.125]}],
        "model": "vectors-wire",
        "usage": {"prompt_tokens": 4, "total_tokens": 4},
    }
).encode()


def an_app(*plays) -> tuple[Surface, Ports]:
    """Return the surface over a group of two upstreams, the second of which is cheaper, and its ports."""
    ports = some_ports(*plays)
    chat = an_upstream("chat", price=a_price("9", "9"))
    catalog = Catalog(
        upstreams=(chat,), baseline=chat, embedders=(an_embedder("dear"), an_embedder("cheap", price=a_price("0.01")))
    )
    group = EmbeddingGroup(name="docs", upstreams=("dear", "cheap"))
    ports = replace(ports, catalog=catalog, rules=Rules(routes=ports.rules.routes, embeddings={"docs": group}))
    return Surface(EmbeddingsClient, ports, ClientKeys({}), 1000), ports


async def test_a_text_is_embedded_by_the_cheapest() -> None:
    """The answer is the upstream's, with the receipt; the body is the client's but for the model."""
    app, ports = an_app(FakeReply(ANSWER))

    done = await call(app, BODY, path=PATH)

    assert (done.status, done.body) == (200, ANSWER)
    assert int(done.headers["content-length"]) == len(ANSWER)
    assert (done.headers["x-router-upstream"], done.headers["x-router-reason"]) == ("cheap", "cheapest")
    assert done.headers["x-router-cost-usd"] == "0.00000004"
    assert not {"x-router-tier", "x-router-confidence", "x-router-required-tier"} & set(done.headers)
    [sent] = ports.send.calls
    assert sent.body == BODY.replace(b'"docs"', b'"cheap-wire"')
    assert sent.url.endswith("/v1/embeddings")


async def test_the_row_claims_no_saving() -> None:
    """What a chat model would have cost is not what this would have cost."""
    app, ports = an_app(FakeReply(ANSWER))

    await call(app, BODY, path=PATH)

    [row] = kept(ports)
    assert (row.status, row.route, row.upstream, row.usage.input, row.usage.output) == ("ok", "docs", "cheap", 4, 0)
    assert (row.tier, row.required_tier, row.baseline, row.baseline_cost) == (None, None, None, None)
    assert (row.cost, row.cost_source) == (Decimal("0.00000004"), "computed")


async def test_another_of_the_group_stands_in() -> None:
    """The next of the same model is asked; both attempts are in the row."""
    app, ports = an_app(UpstreamUnreachable("Nobody there."), FakeReply(ANSWER))

    done = await call(app, BODY, path=PATH)

    assert (done.status, done.headers["x-router-upstream"], done.headers["x-router-attempts"]) == (200, "dear", "2")
    assert done.headers["x-router-reason"] == "fallback"
    [row] = kept(ports)
    assert [attempt.ending for attempt in row.attempts] == ["unreachable", "answered"]


async def test_vectors_of_another_length_lead_to_the_next_upstream() -> None:
    """An upstream that serves another model than was declared is not believed."""
    wrong = ANSWER.replace(b"[0.5, 0.25, 0.125]", b"[0.5]")
    app, ports = an_app(FakeReply(wrong), FakeReply(ANSWER))

    done = await call(app, BODY, path=PATH)

    assert (done.status, done.headers["x-router-upstream"]) == (200, "dear")
    assert [attempt.ending for attempt in kept(ports)[0].attempts] == ["broken", "answered"]


async def test_a_chat_model_embeds_nothing() -> None:
    """A 404 in OpenAI's shape that names who does; it costs nothing, and the text is nowhere."""
    app, ports = an_app()

    done = await call(app, BODY.replace(b"docs", b"chat"), path=PATH)

    error = json.loads(done.body)["error"]
    assert (done.status, error["code"], error["param"]) == (404, "model_not_found", "model")
    assert "'docs'" in error["message"]
    assert "secret" not in done.body.decode()
    assert ports.send.calls == []


async def test_what_is_no_request_is_refused() -> None:
    """All four fields, and the field at fault."""
    app, ports = an_app()

    done = await call(app, b'{"model":"docs","input":[]}', path=PATH)

    error = json.loads(done.body)["error"]
    assert (done.status, error["param"], error["type"]) == (400, "input", "invalid_request_error")
    assert kept(ports) == ()


async def test_vectors_are_not_verified() -> None:
    """A proxy that verifies answers has nothing to verify in them, whatever the group is called."""

    async def judge(_checks: object, _caller: str) -> bool | None:
        raise AssertionError("there is nothing to judge")

    for name in ("docs", "auto"):
        app, ports = an_app(FakeReply(ANSWER))
        routes = {"auto": Route(name="auto", verify=frozenset(Verify))}
        group = EmbeddingGroup(name=name, upstreams=("cheap",))
        app._ports = replace(ports, judge=judge, rules=Rules(routes=routes, embeddings={name: group}))

        done = await call(app, BODY.replace(b"docs", name.encode()), path=PATH)

        assert (done.status, done.body) == (200, ANSWER)
