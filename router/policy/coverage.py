"""What the configured upstreams cover, before the incident shows it: route x tier x feature under the route's policy.

A cell is promised when the route must be able to serve it: `plain` and `tools` at every tier, always (an agent meets
every tier), and each further feature that the route lists under `promises`. A promised cell in which no upstream
remains is a hole; one in which a single upstream remains has no fallback.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from classifier.tier import Tier
from router.catalog.catalog import Catalog
from router.policy.eligibility import Demand, obstacle
from router.policy.rules import Route, Rules
from router.request import Needs

LONG_CONTEXT_TOKENS = 200_000
"""What counts as long context: input and answer together, in tokens."""


class Feature(StrEnum):
    """What a request may bring along besides text."""

    PLAIN = "plain"
    TOOLS = "tools"
    PARALLEL_TOOLS = "parallel_tools"
    JSON_SCHEMA = "json_schema"
    REASONING = "reasoning"
    VISION = "vision"
    AUDIO = "audio"
    LONG_CONTEXT = "long_context"


ALWAYS_PROMISED = frozenset({Feature.PLAIN, Feature.TOOLS})

_NEEDS = {
    Feature.PLAIN: Needs(),
    Feature.TOOLS: Needs(tools=True),
    Feature.PARALLEL_TOOLS: Needs(tools=True, parallel_tools=True),
    Feature.REASONING: Needs(reasoning=True),
    Feature.AUDIO: Needs(audio=True),
    Feature.JSON_SCHEMA: Needs(json_schema=True),
    Feature.VISION: Needs(images=True),
    Feature.LONG_CONTEXT: Needs(context_tokens=LONG_CONTEXT_TOKENS - 1, max_output_tokens=1),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Who may serve one feature at one tier of one route, in file order; `policy` is the name of the route's policy."""

    route: str
    policy: str
    tier: Tier
    feature: Feature
    upstreams: tuple[str, ...]
    promised: bool

    @property
    def empty(self) -> bool:
        """Nobody can serve it."""
        return not self.upstreams

    @property
    def single(self) -> bool:
        """One upstream serves it, so there is nobody to fall back to."""
        return len(self.upstreams) == 1


def coverage(
    catalog: Catalog, rules: Rules, promises: Mapping[str, frozenset[Feature]], today: date
) -> tuple[Cell, ...]:
    """Return every cell, routes in file order, then tiers, then features. `promises` is by route name."""
    return tuple(
        Cell(
            route=route.name,
            policy=route.policy.name,
            tier=tier,
            feature=feature,
            upstreams=_remaining(catalog, route, tier, feature, today),
            promised=feature in ALWAYS_PROMISED | promises.get(route.name, frozenset()),
        )
        for route in rules.routes.values()
        for tier in Tier
        for feature in Feature
    )


def _remaining(catalog: Catalog, route: Route, tier: Tier, feature: Feature, today: date) -> tuple[str, ...]:
    """Return the names of the upstreams that would serve `feature` at `tier` of `route`.

    Where the route lists upstreams for the tier and none of them can, those of the next tier up serve, as in `decide`.
    """
    demand = Demand(needs=_NEEDS[feature], tier=tier, today=today, policy=route.policy)
    able = tuple(upstream.name for upstream in catalog.upstreams if obstacle(upstream, demand) is None)
    for level in range(tier, Tier.HARD + 1):
        listed = route.tiers.get(Tier(level))
        found = able if listed is None else tuple(name for name in able if name in listed)
        if found:
            return found
    return ()


def holes(cells: Iterable[Cell]) -> list[str]:
    """Return a line for each place that a route promises and nobody can serve."""
    return [f"HOLE: {place} is promised, and no upstream can serve it." for place, _ in promised(cells, 0)]


def promised(cells: Iterable[Cell], size: int) -> list[tuple[str, tuple[str, ...]]]:
    """Return the promised cells with `size` upstreams as (place, upstreams), the features of a tier in one place."""
    groups: dict[tuple[str, str, Tier, tuple[str, ...]], list[str]] = {}
    for cell in cells:
        if cell.promised and len(cell.upstreams) == size:
            groups.setdefault((cell.route, cell.policy, cell.tier, cell.upstreams), []).append(cell.feature.value)
    return [
        (f"route {route}, policy {policy}, tier {tier.label} ({', '.join(features)})", upstreams)
        for (route, policy, tier, upstreams), features in groups.items()
    ]
