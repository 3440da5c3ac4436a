"""What the client's `model` names: a route, a fixed tier or one upstream."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from classifier.thresholds import Thresholds
from classifier.tier import Tier
from router.catalog.catalog import Catalog
from router.catalog.upstream import Upstream
from router.errors import UnknownModel
from router.policy.rules import ANY, Route, Rules
from router.quick import quick

_TIER_PREFIX = "tier/"
LONGEST_NAME = 120
"""Characters of an unknown name that are compared with known ones and repeated to the client; no alias is longer."""


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class RouteTarget:
    """A route whose tier the classifier chooses, at the cut points that `dial` names."""

    route: Route
    dial: str

    def __post_init__(self) -> None:
        """Refuse a dial that the route does not have (ValueError)."""
        if self.dial not in self.route.thresholds:
            raise ValueError(f"route '{self.route.name}' has no dial '{self.dial}'")

    @property
    def thresholds(self) -> Thresholds:
        """The cut points to assess the prompt with."""
        return self.route.thresholds[self.dial]


@dataclass(frozen=True, slots=True, kw_only=True)
class TierTarget:
    """A tier that the client fixed; `route` gives the upstreams and the policy."""

    route: Route
    tier: Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamTarget:
    """One upstream that the client named: it is never replaced by another."""

    upstream: Upstream


Target = RouteTarget | TierTarget | UpstreamTarget


def resolve(model_asked: str, rules: Rules, catalog: Catalog) -> Target:
    """Return what `model_asked` names; UnknownModel (404) when it names nothing, or more than one thing.

    In this order: a route (`auto`), a route with a dial (`auto:quality`), `tier/<tier>` on the route `auto`, an
    upstream's name, an alias of that very name, `provider/model`, a model id on the wire that only one upstream has, an
    alias with a `*`. A name of a route is therefore never an upstream, whatever an upstream is called.
    """
    own = _own_name(model_asked, rules, catalog)
    if own is not None:
        return own
    meant = rules.aliases.get(model_asked)
    if meant is None:
        on_wire = by_wire_id(model_asked, catalog.upstreams)
        if on_wire is not None:
            return UpstreamTarget(upstream=on_wire)
        meant = alias_of(model_asked, rules)
    found = None if meant is None else _own_name(meant, rules, catalog)
    if found is None:
        raise _unknown(meant or model_asked, rules, catalog)
    return found


def alias_of(name: str, rules: Rules) -> str | None:
    """Return what `name` means by an alias, the most exact one; None when none fits it."""
    if name in rules.aliases:
        return rules.aliases[name]
    if len(name) > LONGEST_NAME:
        return None
    return next((rules.aliases[pattern] for pattern in rules.patterns if _fits(name, pattern)), None)


def _fits(name: str, pattern: str) -> bool:
    """Say whether `name` is `pattern`, in which each `*` stands for any characters. Takes one look at each part."""
    first, *middle, last = pattern.split(ANY)
    if len(name) < len(first) + len(last) or not (name.startswith(first) and name.endswith(last)):
        return False
    at, end = len(first), len(name) - len(last)
    for part in middle:
        found = name.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


def _own_name(name: str, rules: Rules, catalog: Catalog) -> Target | None:
    """Return what `name` is the own name of; None if of nothing, UnknownModel for a dial or tier that is none."""
    route = rules.routes.get(name)
    if route is not None:
        return RouteTarget(route=route, dial=route.dial)
    base, _, dial = name.rpartition(":")
    route = rules.routes.get(base)
    if route is not None:
        return _dialled(route, dial)
    if name.startswith(_TIER_PREFIX):
        return _fixed_tier(name, rules)
    upstream = catalog.by_name.get(name)
    return None if upstream is None else UpstreamTarget(upstream=upstream)


def _dialled(route: Route, dial: str) -> RouteTarget:
    """Return `route` at `dial`; UnknownModel that lists the dials when it has no such one."""
    if dial in route.thresholds:
        return RouteTarget(route=route, dial=dial)
    dials = ", ".join(f"'{route.name}:{known}'" for known in route.thresholds)
    raise UnknownModel(
        f"Route '{route.name}' has no dial '{shortened(dial)}'.",
        fix=f"Ask for '{route.name}' or {dials}.",
        param="model",
    )


def _fixed_tier(model_asked: str, rules: Rules) -> TierTarget:
    """Return the tier that `tier/<label>` names; UnknownModel when there is none of that label."""
    try:
        tier = Tier.parse(model_asked.removeprefix(_TIER_PREFIX))
    except ValueError:
        names = ", ".join(f"'{_TIER_PREFIX}{tier.label}'" for tier in Tier)
        raise UnknownModel(
            f"'{shortened(model_asked)}' is not a tier.", fix=f"Ask for one of {names}.", param="model"
        ) from None
    return TierTarget(route=rules.routes["auto"], tier=tier)


def by_wire_id(model_asked: str, upstreams: Sequence[Upstream]) -> Upstream | None:
    """Return the upstream whose wire id is `model_asked`, with or without its provider; UnknownModel if several are."""
    provider, _, model = model_asked.partition("/")
    found = [u for u in upstreams if u.model == model and u.provider.name == provider]
    found = found or [u for u in upstreams if u.model == model_asked]
    if len(found) > 1:
        names = ", ".join(f"'{upstream.name}'" for upstream in found)
        raise UnknownModel(
            f"'{shortened(model_asked)}' is the model of {len(found)} upstreams.",
            fix=f"Ask for one of them by its name: {names}.",
            param="model",
        )
    return found[0] if found else None


def _unknown(model_asked: str, rules: Rules, catalog: Catalog) -> UnknownModel:
    """Build the 404: since when a retired name is gone and its successor, or the nearest names there are."""
    gone = catalog.retired.get(model_asked)
    if gone is not None:
        return UnknownModel(f"Model '{shortened(model_asked)}' is not served: {gone}", param="model")
    if model_asked in catalog.embedder_by_name or model_asked in rules.embeddings:
        message = f"'{shortened(model_asked)}' serves embeddings and answers nothing."
        return UnknownModel(message, fix="Ask for it at POST /v1/embeddings, or for 'auto' here.", param="model")
    message = f"Model '{shortened(model_asked)}' is neither a route nor an upstream of this proxy."
    known = [*rules.routes, *rules.aliases, *(f"{_TIER_PREFIX}{tier.label}" for tier in Tier)]
    for upstream in catalog.upstreams:
        known += (upstream.name, f"{upstream.provider.name}/{upstream.model}")
    near = get_close_matches(model_asked[:LONGEST_NAME], list(dict.fromkeys(known)), n=3, cutoff=0.6)
    if not near:
        fix = (
            "GET /v1/models lists all names; `aliases` in the configuration give a client's fixed name to one of them."
        )
        return UnknownModel(message, fix=fix, param="model")
    names = " or ".join(f"'{name}'" for name in near)
    return UnknownModel(message, fix=f"Did you mean {names}? GET /v1/models lists all names.", param="model")


def shortened(name: str) -> str:
    """Return `name`, cut where it is longer than a name can be."""
    return name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}..."
