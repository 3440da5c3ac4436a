"""Settings to the values that travel further: Catalog, Rules, Limits and keys. Once a start, and once a reload."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from classifier.thresholds import Thresholds
from classifier.tier import Tier
from router.catalog.catalog import Catalog
from router.catalog.provider import Provider
from router.catalog.upstream import Service, Status, Upstream
from router.errors import SecretMissing, SettingsInvalid
from router.policy.coverage import Feature
from router.policy.rules import DIALS, Limits, Route, Rules
from router.settings.facts import Account, Facts, account, complete
from router.settings.groups import embedding_groups, policy_of
from router.settings.load import Settings
from router.settings.references import Key, client_keys, find_key, weak_keys
from router.settings.schema import DeliverySettings, RouteSettings
from router.upstreams.credentials import Grant, Secret
from router.wire.dialects import dialect_of

WARNING_DAYS = 30
_TIME_ZONES = timedelta(days=1)
"""Days are compared in UTC; who writes a price may be a day ahead of it."""

_NOT_CALLED = frozenset({Status.RETIRED, Status.DISABLED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembled:
    """One configuration, ready to serve.

    `keys` are the providers' keys, `grants` what calls are authorised from where a key alone will not do, and
    `client_keys` the callers' keys, each by name. `promises` are the features that each route promises besides plain
    text and tools. `left_out` has one line for each upstream that is not served and why, `warnings` one for each thing
    to look at soon; `missing_keys` says by provider what to set.
    """

    catalog: Catalog
    rules: Rules
    limits: Limits
    keys: Mapping[str, Secret]
    grants: Mapping[str, Grant]
    client_keys: Mapping[str, Secret]
    promises: Mapping[str, frozenset[Feature]]
    left_out: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    missing_keys: Mapping[str, str]

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """Everything configured that must never be shown."""
        granted = (secret for grant in self.grants.values() for secret in grant.secrets())
        return (*self.keys.values(), *self.client_keys.values(), *granted)

    @property
    def usable(self) -> bool:
        """Whether there is an upstream to call."""
        return any(upstream.status not in _NOT_CALLED for upstream in self.catalog.everybody)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    """An upstream of the file: built as far as possible, and the line that says why it is not served, if so."""

    name: str
    upstream: Upstream | None
    left_out: str | None


def assemble(
    settings: Settings,
    environ: Mapping[str, str],
    today: date,
    *,
    presets: Mapping[str, Thresholds],
    require_keys: bool = True,
) -> Assembled:
    """Build what serves requests from `settings`; SettingsInvalid when a key that is there cannot be used.

    `presets` are the classifier's cut points by dial. `require_keys` False treats missing provider keys as present,
    for a look at a configuration away from its keys.
    """
    accounts = {
        name: account(provider, settings.catalogue.providers[provider.kind], environ)
        for name, provider in settings.providers.items()
    }
    keys, faults = _provider_keys(settings, accounts, environ)
    callers, caller_faults = client_keys(settings.server.auth.keys, environ) if require_keys else ({}, [])
    if faults or caller_faults:
        raise SettingsInvalid((*faults, *caller_faults), fix="Set the variables or files named above.")
    missing = {name: key.missing for name, key in keys.items() if key.missing is not None}
    candidates = [
        _candidate(settings, name, accounts, missing if require_keys else {}, today) for name in settings.upstreams
    ]
    served = tuple(found.upstream for found in candidates if found.upstream and found.left_out is None)
    upstreams = tuple(upstream for upstream in served if upstream.serves is Service.CHAT)
    embedders = tuple(upstream for upstream in served if upstream.serves is Service.EMBEDDINGS)
    return Assembled(
        catalog=Catalog(
            upstreams=upstreams,
            embedders=embedders,
            baseline=_baseline(settings, candidates, upstreams),
            retired=_retired(settings, candidates, today),
        ),
        rules=Rules(
            routes={name: _route(settings, name, upstreams, presets) for name in settings.routes},
            embeddings=embedding_groups(settings, embedders),
            aliases=dict(settings.file.aliases),
        ),
        limits=_limits(settings.delivery, settings.classifier.timeout_ms),
        keys={name: key.secret for name, key in keys.items() if key.secret is not None},
        grants={name: key.grant for name, key in keys.items() if key.grant is not None},
        client_keys=callers,
        promises={name: route.promises for name, route in settings.routes.items()},
        left_out=tuple(found.left_out for found in candidates if found.left_out is not None),
        warnings=(*_warnings(served, today), *weak_keys(callers)),
        missing_keys={name: line for name, line in missing.items() if _named(settings, name)},
    )


def _named(settings: Settings, provider: str) -> bool:
    """Whether an upstream names the provider: a key that nobody uses is not missed."""
    return any(upstream.provider == provider for upstream in settings.upstreams.values())


def _provider_keys(
    settings: Settings, accounts: Mapping[str, Account], environ: Mapping[str, str]
) -> tuple[dict[str, Key], list[str]]:
    """Return each provider's key or what is missing, and a sentence for each key that is there but unusable."""
    keys: dict[str, Key] = {}
    faults: list[str] = []
    for name, provider in settings.providers.items():
        try:
            kind, region = settings.catalogue.providers[provider.kind], accounts[name].region
            keys[name] = find_key(provider, kind, environ, region=region)
        except SecretMissing as error:
            faults.append(f"The key of provider '{name}' cannot be used: {error.message}. {error.fix}")
    return keys, faults


def _candidate(
    settings: Settings, name: str, accounts: Mapping[str, Account], missing: Mapping[str, str], today: date
) -> _Candidate:
    """Build one upstream, and find out why it cannot be served."""
    provider = settings.upstreams[name].provider
    at = accounts[provider]
    facts = complete(settings.upstreams[name], at, settings.catalogue)
    reason = at.missing or missing.get(provider)
    line = None
    if facts.retires_on is not None and facts.retires_on <= today:
        line = f"Upstream '{name}' is left out: retired on {facts.retires_on}.{_successor(settings, facts)}"
    elif reason is not None:
        line = f"Upstream '{name}' is left out: {reason}."
    if at.base_url is None:
        return _Candidate(name=name, upstream=None, left_out=line)
    home = Provider(name=provider, kind=at.kind, base_url=at.base_url, region=at.region)
    return _Candidate(name=name, upstream=_upstream(name, home, facts), left_out=line)


def _upstream(name: str, provider: Provider, facts: Facts) -> Upstream:
    """Turn complete facts into the core's value."""
    tier = facts.tier if facts.serves is Service.CHAT else Tier.EASY
    if tier is None or facts.window is None:
        raise SettingsInvalid((f"Upstream '{name}' needs a tier and a window.",))
    return Upstream(
        name=name,
        provider=provider,
        model=facts.model,
        tier=tier,
        tier_rule=facts.tier_rule,
        window=facts.window,
        price=facts.price,
        trial=facts.trial,
        max_output=facts.max_output,
        max_tools=dialect_of(provider.kind, facts.model).most_tools,
        capabilities=facts.capabilities,
        always_reasons=facts.always_reasons,
        region=facts.region,
        licence=facts.licence,
        status=facts.status,
        retires_on=facts.retires_on,
        serves=facts.serves,
        family=facts.family,
        dimensions=facts.dimensions,
    )


def _successor(settings: Settings, facts: Facts) -> str:
    """Name what to use instead, with a space in front; empty when nothing is known."""
    if facts.offer is None:
        return ""
    successor = facts.offer.successor or settings.catalogue.models[facts.offer.model].successor
    return f" Its successor is '{successor}'." if successor else ""


def _retired(settings: Settings, candidates: list[_Candidate], today: date) -> dict[str, str]:
    """Return the names that are not served (any more), each with the sentence for a client that asks for it."""
    gone = settings.catalogue.retired_names()
    for found in candidates:
        upstream = found.upstream
        if found.left_out is not None:
            gone[found.name] = f"upstream '{found.name}' is left out, because this proxy has no key for its provider."
        if upstream is not None and upstream.retires_on is not None and upstream.retires_on <= today:
            line = (found.left_out or "").partition(": ")[2]
            gone[found.name] = f"'{found.name}' was {line}"
    return {name: text for name, text in gone.items() if name not in settings.routes}


def _baseline(settings: Settings, candidates: list[_Candidate], upstreams: tuple[Upstream, ...]) -> Upstream | None:
    """Return the upstream that savings are measured against: the named one, else the dearest usable one.

    A named baseline counts even where its key is missing: its price is known all the same.
    """
    named = next((found.upstream for found in candidates if found.name == settings.file.baseline), None)
    priced = [upstream for upstream in upstreams if upstream.price is not None and not upstream.trial]
    dearest = max(priced, key=lambda one: one.price.input + one.price.output if one.price else 0, default=None)
    return named or dearest


def _route(settings: Settings, name: str, upstreams: tuple[Upstream, ...], presets: Mapping[str, Thresholds]) -> Route:
    """Turn one route's section into the core's value."""
    route = settings.routes[name]
    return Route(
        name=name,
        tiers={tier: frozenset(names) for tier, names in route.tiers.items() if names is not None},
        thresholds=_thresholds(route, presets),
        dial=route.thresholds.dial,
        on_low_confidence=route.needs_info.low_confidence,
        on_missing_information=route.needs_info.missing_information,
        on_failure=Tier(route.on_classifier_failure),
        policy=policy_of(settings, route.policy, upstreams),
        verify=settings.file.verify if route.verify is None else route.verify,
    )


def _thresholds(route: RouteSettings, presets: Mapping[str, Thresholds]) -> dict[str, Thresholds]:
    """Return the cut points of each dial, the route's own in place of those of the dial that it uses."""
    dials = {dial: presets.get(dial, Thresholds()) for dial in DIALS}
    base = dials[route.thresholds.dial]
    own = {name: getattr(route.thresholds, name) for name in ("medium", "hard", "confidence", "missing")}
    dials[route.thresholds.dial] = Thresholds(
        **{name: getattr(base, name) if value is None else value for name, value in own.items()}
    )
    return dials


def _limits(delivery: DeliverySettings, classifier_timeout_ms: int) -> Limits:
    """Turn the section `delivery` into the core's value."""
    return Limits(
        max_attempts=delivery.max_attempts,
        deadline=delivery.deadline,
        connect=delivery.connect_timeout,
        first_byte=delivery.first_byte_timeout,
        idle=delivery.idle_timeout,
        keep_alive=delivery.keep_alive,
        cooldown=delivery.cooldown,
        classifier_timeout=classifier_timeout_ms / 1000,
        reply_limit_bytes=delivery.reply_limit_bytes,
        event_limit_bytes=delivery.event_limit_bytes,
    )


def _warnings(upstreams: tuple[Upstream, ...], today: date) -> tuple[str, ...]:
    """Return a line for each upstream that retires soon, has no price or one of a day to come, or may move."""
    lines: list[str] = []
    for upstream in upstreams:
        if upstream.retires_on is not None and upstream.retires_on - today <= timedelta(days=WARNING_DAYS):
            lines.append(f"Upstream '{upstream.name}' retires on {upstream.retires_on}.")
        if upstream.price is None:
            lines.append(f"Upstream '{upstream.name}' has no price: it ranks last and its costs are unknown.")
        elif upstream.price.as_of is not None and upstream.price.as_of > today + _TIME_ZONES:
            lines.append(
                f"Upstream '{upstream.name}' has a price of {upstream.price.as_of}, a day to come. Write the day on "
                "which it was looked up (price.as_of)."
            )
        if upstream.model.endswith("-latest"):
            lines.append(
                f"Upstream '{upstream.name}' calls '{upstream.model}', an alias that may move. Pin a dated id."
            )
    return tuple(lines)
