"""Small legal values for tests: each takes what matters to a test and fills in the rest."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from classifier.assessment import Assessment
from classifier.prompt import Prompt
from classifier.tier import Tier
from router.catalog.price import Price
from router.catalog.provider import Provider
from router.catalog.upstream import Capability, Service, Upstream
from router.ports import Receipt
from router.request import Needs, Request, Vectors

TODAY = date(2026, 11, 21)
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def a_provider(name: str = "house", base_url: str = "http://127.0.0.1:9/v1", kind: str = "vllm") -> Provider:
    """Return a provider on the loopback."""
    return Provider(name=name, kind=kind, base_url=base_url)


def price_of(rates: str) -> Price:
    """Return the price that a row's `rates` were of."""
    told = json.loads(rates)
    as_of = told.pop("as_of", None)
    known = {name: Decimal(rate) for name, rate in told.items()}
    return Price(**known, as_of=None if as_of is None else date.fromisoformat(as_of))


def a_price(into: str = "1", out: str = "2", **rest: Any) -> Price:
    """Return a price in USD per 1M tokens."""
    return Price(input=Decimal(into), output=Decimal(out), as_of=TODAY, **rest)


def an_upstream(name: str = "small", tier: Tier = Tier.EASY, **rest: Any) -> Upstream:
    """Return an upstream that can do everything, priced 1 in and 2 out."""
    fields: dict[str, Any] = {
        "provider": a_provider(),
        "model": f"{name}-wire",
        "window": 128_000,
        "price": a_price(),
        "capabilities": frozenset(Capability),
    }
    return Upstream(name=name, tier=tier, **(fields | rest))


def a_request(body: bytes = b'{"model":"auto","messages":[{"role":"user","content":"hi"}]}', **rest: Any) -> Request:
    """Return a request for `auto`."""
    start = body.find(b'"auto"')
    fields: dict[str, Any] = {
        "id": "req-1",
        "caller": "anonymous",
        "model_asked": "auto",
        "model_at": (start, start + 6),
        "prompt": Prompt.of([("user", "hi")]),
        "needs": Needs(context_tokens=10),
        "input_tokens": 5,
    }
    return Request(body=body, **(fields | rest))


def an_assessment(tier: Tier = Tier.EASY, **rest: Any) -> Assessment:
    """Return a sure assessment of `tier`."""
    probabilities = [0.05, 0.05, 0.05]
    probabilities[tier] = 0.9
    fields: dict[str, Any] = {
        "probabilities": tuple(probabilities),
        "confidence": 0.95,
        "missing": 0.01,
        "ambiguity": "low",
        "domain": "general",
        "doubt": None,
        "artifact": "fake-1",
    }
    return Assessment(tier=tier, **(fields | rest))


def an_embedder(name: str = "vectors", **rest: Any) -> Upstream:
    """Return an upstream that serves embeddings of three numbers, priced 0.1."""
    fields: dict[str, Any] = {
        "serves": Service.EMBEDDINGS,
        "family": "vectors-1",
        "dimensions": 3,
        "window": 512,
        "capabilities": frozenset[Capability](),
        "price": a_price("0.1", "0"),
    }
    return an_upstream(name, **(fields | rest))


def an_embedding_request(model: str = "docs", **rest: Any) -> Request:
    """Return a request for one vector, of 100 tokens of text."""
    body = f'{{"model":"{model}","input":"hi"}}'.encode()
    fields: dict[str, Any] = {
        "model_asked": model,
        "model_at": (9, 11 + len(model)),
        "prompt": Prompt(turns=()),
        "needs": Needs(),
        "input_tokens": 100,
        "vectors": Vectors(count=1, longest=100),
    }
    return a_request(body, **(fields | rest))


def a_receipt(*, stream: bool) -> Receipt:
    """Return a receipt of one attempt, of which no decision is told."""
    return Receipt(
        request_id="req-1",
        decision_id="dec-1",
        decision=None,
        upstream=an_upstream(),
        tries=1,
        overhead_ms=0.1,
        stream=stream,
    )
