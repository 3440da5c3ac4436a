"""GET /v1/models: every name that a client may ask for."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from router.catalog.catalog import Catalog
from router.catalog.upstream import Capability, Upstream
from router.policy.rules import DIALS, Rules

ROUTE_OWNER = "tierwise"
_FIXED_TIERS = ("tier/easy", "tier/medium", "tier/hard")


def model_list(catalog: Catalog, rules: Rules, created: datetime) -> dict[str, Any]:
    """Return OpenAI's model list: routes with their dials, fixed tiers, then the upstreams' own names.

    `context_length` and the modalities are OpenRouter's fields, which clients already read; a route has the largest
    window it can reach, because tierwise routes by size. `created` is when this configuration was loaded.
    """
    stamp = int(created.timestamp())
    everyone = catalog.upstreams
    rows = []
    for name in rules.routes:
        rows += [_row(alias, ROUTE_OWNER, everyone, stamp) for alias in (name, *(f"{name}:{dial}" for dial in DIALS))]
    rows += [_row(name, ROUTE_OWNER, everyone, stamp) for name in _FIXED_TIERS]
    rows += [_row(upstream.name, upstream.provider.name, (upstream,), stamp) for upstream in everyone]
    return {"object": "list", "data": rows}


def _row(name: str, owner: str, upstreams: Iterable[Upstream], created: int) -> dict[str, Any]:
    """Return one model object for a name that reaches `upstreams`."""
    reached = tuple(upstreams)
    sees = any(Capability.VISION in upstream.capabilities for upstream in reached)
    return {
        "id": name,
        "object": "model",
        "created": created,
        "owned_by": owner,
        "context_length": max((upstream.window for upstream in reached), default=None),
        "architecture": {"input_modalities": ["text", "image"] if sees else ["text"], "output_modalities": ["text"]},
    }
