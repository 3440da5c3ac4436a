"""GET /v1/models and /v1/models/{id}: every name that a client may ask for, and what can be reached by it today."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from classifier.tier import Tier
from router.catalog.catalog import Catalog
from router.catalog.upstream import Capability, Upstream
from router.errors import UnknownModel
from router.policy.eligibility import exclusion
from router.policy.embeddings import resolve_embedder
from router.policy.resolve import TierTarget, UpstreamTarget, resolve
from router.policy.rules import ANY, OPEN, EmbeddingGroup, Route, Rules

ROUTE_OWNER = "tierwise"
_FIXED_TIERS = tuple(f"tier/{tier.label}" for tier in Tier)


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
        """Return OpenAI's model list: routes with their dials, fixed tiers, upstreams, what embeds, then aliases."""
        names: list[str] = []
        for route in self.rules.routes.values():
            names += (route.name, *(f"{route.name}:{dial}" for dial in route.thresholds))
        names += _FIXED_TIERS
        names += (upstream.name for upstream in self.catalog.upstreams if _serves(upstream, today))
        names += self.rules.embeddings
        names += (upstream.name for upstream in self.catalog.embedders if _serves(upstream, today))
        names += (alias for alias in self.rules.aliases if ANY not in alias and self._known(alias, today))
        names = list(dict.fromkeys(names))  # a group may have the name of a route, or of its only upstream
        return {"object": "list", "data": [self.one(name, today) for name in names]}

    def one(self, name: str, today: date) -> dict[str, Any]:
        """Return OpenAI's model object for any name that a request may ask for; UnknownModel (404) for another.

        A name that means something both on the chat surfaces and for embeddings is the former's, with both outputs.
        """
        try:
            target = resolve(name, self.rules, self.catalog)
        except UnknownModel as unknown:
            try:
                found = resolve_embedder(name, self.rules, self.catalog)
            except UnknownModel:
                raise unknown from None
            return self._embedding(name, found, today)
        if isinstance(target, UpstreamTarget):
            if not _serves(target.upstream, today):
                raise _gone(target.upstream)
            return self._row(name, target.upstream.provider.name, (target.upstream,))
        floor = target.tier if isinstance(target, TierTarget) else Tier.EASY
        return self._row(name, ROUTE_OWNER, reachable(self.catalog, target.route, floor, today))

    def _known(self, name: str, today: date) -> bool:
        """Say whether a name means something today: an alias may stand for an upstream that was left out."""
        try:
            self.one(name, today)
        except UnknownModel:
            return False
        return True

    def _embedding(self, name: str, found: EmbeddingGroup | Upstream, today: date) -> dict[str, Any]:
        """Return the model object of a name that embeds: its longest text, and the length of its vectors."""
        if isinstance(found, Upstream):
            if not _serves(found, today):
                raise _gone(found)
            reached: tuple[Upstream, ...] = (found,)
            owner = found.provider.name
        else:
            named, owner = self.catalog.embedder_by_name, ROUTE_OWNER
            members = [named[member] for member in found.upstreams if member in named]
            reached = tuple(one for one in members if exclusion(one, found.policy, today) is None)
        row = self._row(name, owner, reached)
        row["architecture"] = {"input_modalities": ["text"], "output_modalities": ["embeddings"]}
        row["dimensions"] = next((upstream.dimensions for upstream in reached if upstream.dimensions), None)
        return row

    def _row(self, name: str, owner: str, reached: tuple[Upstream, ...]) -> dict[str, Any]:
        """Return the model object of a name that reaches `reached`."""
        able = {capability for upstream in reached for capability in upstream.capabilities}
        senses = [sense for capability, sense in _SENSES if capability in able]
        both = self.rules.aliases.get(name, name) in self.rules.embeddings
        return {
            "id": name,
            "object": "model",
            "created": int(self.created.timestamp()),
            "owned_by": owner,
            "context_length": max((upstream.window for upstream in reached), default=None),
            "architecture": {
                "input_modalities": ["text", *senses],
                "output_modalities": ["text", "embeddings"] if both else ["text"],
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
    return exclusion(upstream, OPEN, today) is None


def _gone(upstream: Upstream) -> UnknownModel:
    """Build the 404 of an upstream that is not called any more."""
    return UnknownModel(f"Upstream '{upstream.name}' is retired or disabled.", param="model")
