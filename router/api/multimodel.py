"""Which model to call for a text, in the body of Morph's router; nobody is called."""

from collections.abc import Collection
from functools import lru_cache
from typing import Any, NamedTuple

from classifier.assessment import Assessment
from classifier.prompt import Prompt
from router.api.classification import details, signals
from router.api.models import ROUTE_OWNER
from router.api.routing_body import MultimodelBody
from router.catalog.catalog import Catalog
from router.catalog.upstream import Upstream
from router.consider import view_of
from router.errors import MalformedRequest, NoEligibleUpstream, UnknownModel
from router.policy.decide import decide
from router.policy.decision import Decision
from router.policy.resolve import RouteTarget, UpstreamTarget, resolve
from router.ports import Ports
from router.request import Needs, Request
from router.wire import tokens

DRY_RUN = "dry-run"
"""The id and the caller of a request that nobody sends."""

_SUBSETS = 64


class _Choice(NamedTuple):
    """A model as the client calls it, its provider (None: not one of this proxy) and, where known, the upstream."""

    model: str
    provider: str | None
    upstream: str | None = None
    cost: str | None = None


class Chooser:
    """Chooses among the upstreams of `ports`, of which nothing is sent to, recorded in or taught."""

    def __init__(self, ports: Ports) -> None:
        """Keep the ports."""
        self._ports = ports
        self._among = lru_cache(maxsize=_SUBSETS)(self._subset)

    def choose(self, asked: MultimodelBody, body: bytes) -> dict[str, Any]:
        """Return the cheapest allowed model that meets the text's tier, or the client's default.

        `default_model` is what a text that is labelled needs_info gets, and one that nobody allowed can serve. Without
        a default the route's own answer to a doubt counts, and nobody is NoEligibleUpstream (422).
        """
        target = route_target(asked.model, asked.dial, self._ports)
        request = _request(asked.input, body, target.route.name)
        assessment = self._ports.size(request.prompt, target.thresholds)
        default = self._named(asked.default_model) if asked.default_model else None
        try:
            decision = decide(request, target, assessment, view_of(self._ports, self._allowed(asked)))
        except NoEligibleUpstream:
            if default is None:
                raise
            return _document(default, None, assessment, target)
        doubtful = assessment is not None and assessment.doubt is not None
        if default is None or not doubtful:
            return _document(_first(decision, asked.allowed_models or ()), decision, assessment, target)
        return _document(default, decision, assessment, target)

    def _allowed(self, asked: MultimodelBody) -> Catalog:
        """Return the part of the catalogue that the client allows; NoEligibleUpstream when that is nothing."""
        models, providers = frozenset(asked.allowed_models or ()), frozenset(asked.allowed_providers or ())
        if not models and not providers:
            return self._ports.catalog
        names = tuple(
            upstream.name
            for upstream in self._ports.catalog.upstreams
            if (not models or not models.isdisjoint(_names(upstream)))
            and (not providers or not providers.isdisjoint(_owners(upstream)))
        )
        if not names:
            raise NoEligibleUpstream(
                "No upstream of this proxy is among 'allowed_models' and 'allowed_providers'",
                fix="Allow names that GET /v1/models lists, or send a default_model.",
            )
        return self._among(names)

    def _subset(self, names: tuple[str, ...]) -> Catalog:
        """Return a catalogue of these upstreams; the same one for the same names, since decisions remember theirs."""
        return Catalog(upstreams=tuple(self._ports.catalog.by_name[name] for name in names))

    def _named(self, model: str) -> _Choice:
        """Return the client's default as the client calls it; what this proxy does not know has no provider."""
        try:
            target = resolve(model, self._ports.rules, self._ports.catalog)
        except UnknownModel:
            return _Choice(model, None)
        if isinstance(target, UpstreamTarget):
            return _Choice(model, target.upstream.provider.name, target.upstream.name)
        return _Choice(model, ROUTE_OWNER)


def route_target(name: str | None, dial: str | None, ports: Ports) -> RouteTarget:
    """Return the route of that name (None: auto), at `dial` where it has it; MalformedRequest for what is no route."""
    target = resolve(name or "auto", ports.rules, ports.catalog)
    if not isinstance(target, RouteTarget):
        raise MalformedRequest("'model' names no route", param="model", fix="Send the name of a route, or none.")
    if dial is None or dial not in target.route.thresholds:
        return target
    return RouteTarget(route=target.route, dial=dial)


def prompt_of(text: str) -> Prompt:
    """Return a text as the one turn of a user."""
    return Prompt.of((("user", text),))


def _request(text: str, body: bytes, route: str) -> Request:
    """Return the request that a text would be, sent to a route as one message."""
    size = tokens.text_bytes(text)
    return Request(
        id=DRY_RUN,
        caller=DRY_RUN,
        model_asked=route,
        body=body,
        model_at=(0, 0),
        prompt=prompt_of(text),
        needs=Needs(context_tokens=tokens.safe(size, messages=1)),
        input_tokens=tokens.likely(size, messages=1),
    )


def _names(upstream: Upstream) -> tuple[str, ...]:
    """Return what a client may call an upstream: its name, and its model with and without the provider."""
    return upstream.name, upstream.model, f"{upstream.provider.name}/{upstream.model}"


def _owners(upstream: Upstream) -> tuple[str, ...]:
    """Return what a client may call whoever is behind an upstream: its provider, the provider's kind, who made it."""
    maker, slash, _ = upstream.model.partition("/")
    return (upstream.provider.name, upstream.provider.kind, *((maker,) if slash else ()))


def _first(decision: Decision, allowed: Collection[str]) -> _Choice:
    """Return the best ranked upstream, called as the client called it if it did, else as its provider does."""
    upstream, cost = decision.ranked[0].upstream, decision.ranked[0].expected_cost
    model = next((name for name in _names(upstream) if name in allowed), upstream.model)
    return _Choice(model, upstream.provider.name, upstream.name, None if cost is None else f"{cost:f}")


def _document(
    chosen: _Choice, decision: Decision | None, assessment: Assessment | None, target: RouteTarget
) -> dict[str, Any]:
    """Return the answer: Morph's fields, then ours; `decision` None: nobody who is allowed may serve the text."""
    morphs: dict[str, Any] = {"model": chosen.model, "provider": chosen.provider}
    if assessment is None:
        morphs["difficulty"] = target.route.on_failure.label
        ours: dict[str, Any] = {}
    else:
        morphs |= signals(assessment)
        ours = details(assessment, target.thresholds)
    return {
        **morphs,
        **{name: value for name, value in ours.items() if name not in morphs},
        "upstream": chosen.upstream,
        "expected_cost_usd": chosen.cost,
        "required_tier": None if decision is None or decision.tier is None else decision.tier.label,
        "reason": NoEligibleUpstream.code if decision is None else decision.reason.value,
        "route": target.route.name,
        "dial": target.dial,
    }
