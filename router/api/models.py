"""GET /v1/models and /v1/models/{id}: every name that a client may ask for, and what can be reached by it today."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from classifier.tier import Tier
from router.catalog.catalog import Catalog
from router.catalog.upstream import Capability, Upstream
from router.errors import UnknownModel
from router.policy.eligibility import exclusion
from router.policy.resolve import TierTarget, UpstreamTarget, resolve
from router.policy.rules import Policy, Route, Rules

ROUTE_OWNER = "tierwise"
_FIXED_TIERS = tuple(f"tier/{tier.label}" for tier in Tier)
_OPEN = Policy()


_SENSES = ((Capability.VISION, "image"), (Capability.AUDIO, "audio"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    """The names of one configuration. `created` is when it was loaded.

    `context_length` and the modalities are OpenRouter's fields, which clients already read. A route has the largest
    window and every modality that it can reach under its policy, because tierwise routes by size and by what a request
    holds; None where it reaches nobody. What is retired or disabled today has no name.
    """

    catalog: Catalog
    rules: Rules
    created: datetime

    def listed(self, today: date) -> dict[str, Any]:
        """Return OpenAI's model list: routes with their dials, fixed tiers, then the upstreams' own names."""
        names: list[str] = []
        for route in self.rules.routes.values():
            names += (route.name, *(f"{route.name}:{dial}" for dial in route.thresholds))
        names += _FIXED_TIERS
        names += (upstream.name for upstream in self.catalog.upstreams if _serves(upstream, today))
        return {"object": "list", "data": [self.one(name, today) for name in names]}

    def one(self, name: str, today: date) -> dict[str, Any]:
        """Return OpenAI's model object for any name that a request may ask for; UnknownModel (404) for another."""
        target = resolve(name, self.rules, self.catalog)
        if isinstance(target, UpstreamTarget):
            if not _serves(target.upstream, today):
                raise UnknownModel(f"Upstream '{target.upstream.name}' is retired or disabled.", param="model")
            return self._row(name, target.upstream.provider.name, (target.upstream,))
        floor = target.tier if isinstance(target, TierTarget) else Tier.EASY
        return self._row(name, ROUTE_OWNER, reachable(self.catalog, target.route, floor, today))

    def _row(self, name: str, owner: str, reached: tuple[Upstream, ...]) -> dict[str, Any]:
        """Return the model object of a name that reaches `reached`."""
        able = {capability for upstream in reached for capability in upstream.capabilities}
        senses = [name for capability, name in _SENSES if capability in able]
        return {
            "id": name,
            "object": "model",
            "created": int(self.created.timestamp()),
            "owned_by": owner,
            "context_length": max((upstream.window for upstream in reached), default=None),
            "architecture": {
                "input_modalities": ["text", *senses],
                "output_modalities": ["text"],
            },
        }


def reachable(catalog: Catalog, route: Route, floor: Tier, today: date) -> tuple[Upstream, ...]:
    """Return, in file order, who may serve some request of `route` that requires `floor` or more, today."""
    lists = [route.tiers.get(tier) for tier in Tier if tier >= floor]
    return tuple(
        upstream
        for upstream in catalog.upstreams
        if upstream.tier >= floor
        and exclusion(upstream, route.policy, today) is None
        and any(names is None or upstream.name in names for names in lists)
    )


def _serves(upstream: Upstream, today: date) -> bool:
    """Say whether an upstream serves who asks for it by name."""
    return exclusion(upstream, _OPEN, today) is None
