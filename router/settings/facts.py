"""An upstream as the operator wrote it, completed from the catalogue: what load checks and assemble builds from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from classifier.tier import Tier
from router.catalog.price import Peak, Price
from router.catalog.upstream import Capability, Service, Status
from router.settings.catalogue import Catalogue, Kind, Model, Offer
from router.settings.prices import CataloguePrice, PriceSettings
from router.settings.references import AWS_REGION, text, variable
from router.settings.schema import ProviderSettings, UpstreamSettings

_SELF_HOSTED = frozenset({"vllm", "llamacpp", "ollama", "openai", "simulated"})
_FIELDS = ("region", "project", "resource")
_USUAL_REGION = {"bedrock": AWS_REGION}


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A provider's entry with the variables of the environment looked up. `base_url` None: `missing` says why."""

    kind: str
    base_url: str | None
    missing: str | None
    region: str | None
    price_factor: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One upstream, complete but for what nobody knows (None). `offer` is the catalogue's row, `gone` its farewell.

    `gone` is set only where the operator relies on the catalogue for a retired offer: whoever writes a status or a
    price of his own knows better.
    """

    model: str
    tier: Tier | None
    tier_rule: str
    window: int | None
    price: Price | None
    trial: bool
    max_output: int | None
    capabilities: frozenset[Capability]
    always_reasons: bool
    region: str | None
    licence: str | None
    status: Status
    retires_on: date | None
    offer: Offer | None
    gone: str | None
    serves: Service
    family: str | None
    dimensions: int | None


def account(settings: ProviderSettings, kind: Kind, environ: Mapping[str, str]) -> Account:
    """Look up a provider's region, base URL and price factor."""
    values = {field: text(getattr(settings, field), environ) for field in _FIELDS}
    usual = _USUAL_REGION.get(settings.kind, ())
    if settings.region is None:
        values["region"] = next((value for name in usual if (value := text(f"${name}", environ))), None)
    region = values["region"] or kind.region
    host = kind.hosts.get(region) if region and settings.base_url is None else None
    pattern = text(settings.base_url, environ) if settings.base_url else (host.base_url if host else kind.base_url)
    missing = _unset(settings, environ)
    for field in _FIELDS:
        mark = f"{{{field}}}"
        if pattern is not None and mark in pattern:
            elsewhere = f", or set {usual[0]}" if usual and field == "region" else ""
            missing = missing if values[field] else missing or f"write {field}: in its entry{elsewhere}"
            pattern = pattern.replace(mark, values[field] or mark)
    return Account(
        kind=settings.kind,
        base_url=None if missing else pattern,
        missing=missing,
        region=region,
        price_factor=host.price_factor if host else Decimal(1),
    )


def _unset(settings: ProviderSettings, environ: Mapping[str, str]) -> str | None:
    """Say which variable a provider's entry names and the environment lacks."""
    for field in ("base_url", *_FIELDS):
        name = variable(getattr(settings, field) or "")
        if name is not None and not environ.get(name, "").strip():
            return f"set {name}"
    return None


def complete(settings: UpstreamSettings, at: Account, catalogue: Catalogue) -> Facts:
    """Return the upstream with the catalogue's word wherever the operator said nothing."""
    offer = catalogue.offer(at.kind, settings.model, settings.region or at.region)
    model = catalogue.models[offer.model] if offer else None
    capabilities, always = _capabilities(settings, offer, model)
    own = settings.price is not None and not isinstance(settings.price, CataloguePrice)
    relies = not own and settings.status is None
    status = Status.SELF_HOSTED if at.kind in _SELF_HOSTED else Status.ACTIVE
    if offer is not None and (offer.live or relies):
        status = offer.status
    return Facts(
        model=offer.id if offer and settings.model not in offer.also else settings.model,
        tier=model.tier if settings.tier is None and model else settings.tier,
        tier_rule="operator" if settings.tier is not None or model is None else model.tier_rule,
        window=settings.window or _either(offer, model, "window"),
        price=_price(settings.price, offer, at.price_factor),
        trial=bool(offer and offer.trial and not own) if settings.trial is None else settings.trial,
        max_output=settings.max_output or _either(offer, model, "max_output"),
        capabilities=capabilities,
        always_reasons=always,
        region=settings.region or (offer.region if offer else None) or at.region,
        licence=settings.licence or (model.licence if model else None),
        status=settings.status or status,
        retires_on=settings.retires_on or (offer.retires_on if offer and (offer.live or relies) else None),
        offer=offer,
        gone=catalogue.farewell(offer) if offer and not offer.live and relies else None,
        serves=settings.serves or (model.serves if model else Service.CHAT),
        family=settings.family or (offer.model if offer and model and model.serves is Service.EMBEDDINGS else None),
        dimensions=settings.dimensions or (model.dimensions if model else None),
    )


def _either(offer: Offer | None, model: Model | None, field: str) -> int | None:
    """Return a limit of the offer, else of its model."""
    own: int | None = getattr(offer, field) if offer else None
    common: int | None = getattr(model, field) if model else None
    return own or common


def _capabilities(
    settings: UpstreamSettings, offer: Offer | None, model: Model | None
) -> tuple[frozenset[Capability], bool]:
    """Return what the upstream can do, and whether it reasons whether asked to or not."""
    reasoning = (offer.reasoning if offer else None) or (model.reasoning if model else "none")
    known = (offer.capabilities if offer else None) or (model.capabilities if model else frozenset())
    if offer is not None and offer.capabilities is not None:
        known = offer.capabilities
    if reasoning != "none":
        known |= {Capability.REASONING}
    always = reasoning == "always" if settings.always_reasons is None else settings.always_reasons
    able = known if settings.capabilities is None else settings.capabilities
    if Capability.TOOLS in able and settings.parallel_tools:
        able |= {Capability.PARALLEL_TOOLS}
    return (able if settings.parallel_tools else able - {Capability.PARALLEL_TOOLS}), always


def _price(written: PriceSettings | None, offer: Offer | None, factor: Decimal) -> Price | None:
    """Return the operator's price, or the catalogue's times the host's factor; None where it is not known."""
    if not isinstance(written, CataloguePrice):
        return None if written is None else _value(written, Decimal(1), written.as_of, written.source)
    if offer is None or offer.price is None:
        return None
    return _value(offer.price, factor, offer.as_of, f"catalog: {offer.source}")


def _value(rates: PriceSettings, factor: Decimal, as_of: date | None, source: str) -> Price:
    """Return rates times `factor` as a Price."""
    price = Price(
        input=rates.input,
        output=rates.output or Decimal(0),
        cached_input=rates.cached_input,
        cache_write=rates.cache_write,
        as_of=as_of,
        source=source,
    )
    peak = rates.peak
    hours = None if peak is None else Peak(factor=peak.factor, hours=peak.hours, days=frozenset(peak.days))
    return price.times(factor, peak=hours)
