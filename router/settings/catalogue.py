"""The shipped facts: provider kinds, models, and the offers that join them. Read from config/catalog.yaml."""

from decimal import Decimal
from pathlib import Path
from typing import Literal

from pydantic import Field

from router.catalog.upstream import Capability, Service, Status
from router.errors import SettingsInvalid
from router.settings.document import read
from router.settings.prices import PriceSettings
from router.settings.problems import nearest
from router.settings.scalars import Count, Day, Money, TierName
from router.settings.section import Section
from router.settings.shape import shaped


class Source(Section):
    """Where figures come from, and the day up to which it was read."""

    what: str
    as_of: Day


class Host(Section):
    """Another base URL of a kind, for one region; its prices are the list price times `price_factor`."""

    base_url: str
    price_factor: Money = Decimal(1)


class Kind(Section):
    """What is known of a provider. `key`: the environment variables that may hold its key, in order of preference.

    `base_url` None: every installation has its own, so the operator must write it. `{region}`, `{project}` and
    `{resource}` in it are filled from the provider's entry.
    """

    title: str
    base_url: str | None = None
    hosts: dict[str, Host] = Field(default_factory=dict)
    key: tuple[str, ...]
    key_optional: bool = False
    region: str | None = None
    residency: str
    status: Literal["active", "shut_down"] = "active"
    retires_on: Day | None = None
    source: str
    as_of: Day


class Model(Section):
    """One model, wherever it is served. Tokens for `window` (input and output together) and `max_output`.

    One that serves embeddings has no tier but `dimensions`, the length of its vectors; `window` is its longest text.
    """

    title: str
    vendor: str
    aliases: tuple[str, ...] = ()
    released: str | None = None
    licence: str | None
    window: Count
    serves: Service = Service.CHAT
    dimensions: Count | None = None
    max_output: Count | None = None
    capabilities: frozenset[Capability] = frozenset()
    reasoning: Literal["none", "toggle", "always"] = "none"
    tier: TierName | None = None
    tier_rule: str = "none"
    successor: str | None = None
    note: str | None = None
    source: str
    as_of: Day


class Rates(PriceSettings):
    """An offer's price; its date and source are the offer's."""


class Offer(Section):
    """One model at one provider. What it does not say is as its model says. `also`: further names on the wire."""

    provider: str
    model: str
    id: str
    also: tuple[str, ...] = ()
    status: Status
    retires_on: Day | None = None
    successor: str | None = None
    region: str | None = None
    window: Count | None = None
    max_output: Count | None = None
    capabilities: frozenset[Capability] | None = None
    reasoning: Literal["none", "toggle", "always"] | None = None
    price: Rates | None
    trial: bool = False
    source: str
    as_of: Day
    url: str | None = None
    note: str | None = None

    @property
    def live(self) -> bool:
        """Whether it was still served on the day of the catalogue."""
        return self.status is not Status.RETIRED


class Catalogue(Section):
    """The whole file."""

    version: Literal[1]
    as_of: Day
    currency: Literal["USD"]
    sources: dict[str, Source]
    providers: dict[str, Kind]
    models: dict[str, Model]
    offers: tuple[Offer, ...]

    def offer(self, kind: str, model: str, region: str | None) -> Offer | None:
        """Return the offer of `model` at `kind`, nearest to `region`. `model`: a wire id, else a name of the catalogue.

        An offer of that very region is taken first, then one of its area (`us` for us-east-1), then one without a
        region, then a global one. None when there is none, or when only other regions of a host that is called by
        region have it.
        """
        offers = self._at(kind)
        same = [offer for offer in offers if model == offer.id or model in offer.also]
        if not same:
            live = [offer for offer in offers if offer.model == model and offer.live]
            same = live if len({offer.id for offer in live}) == 1 else []
        wanted = (region, area(region), None, "global")
        ranked = [offer for place in wanted for offer in same if offer.region == place]
        anywhere = region is None or "{region}" not in (self.providers[kind].base_url or "")
        return ranked[0] if ranked else (same[0] if same and anywhere else None)

    def regions(self, kind: str, model: str) -> tuple[str, ...]:
        """Return the regions in which `kind` offers `model`."""
        return tuple(offer.region for offer in self._at(kind) if offer.region and model in (offer.id, offer.model))

    def nearest_id(self, kind: str, model: str) -> str | None:
        """Return the wire id at `kind` that `model` was probably meant to be."""
        return nearest(model, (offer.id for offer in self._at(kind) if offer.live))

    def farewell(self, offer: Offer, name: str | None = None) -> str:
        """Say since when an offer (known as `name`) is gone, what succeeds it and who else offers its model."""
        title = self.providers[offer.provider].title
        since = f" on {offer.retires_on.isoformat()}" if offer.retires_on else ""
        elsewhere = sorted({other.provider for other in self.offers if other.model == offer.model and other.live})
        text = f"'{name or offer.id}' was retired at {title}{since}."
        if offer.successor and offer.successor != offer.model:
            text += f" Its successor is '{offer.successor}'{self._ids(offer.provider, offer.successor)}."
        if elsewhere:
            text += f" The model itself is still offered by: {', '.join(elsewhere)}."
        return text

    def retired_names(self) -> dict[str, str]:
        """Return the wire ids and aliases that nobody serves any more, each with its farewell."""
        live = [offer for offer in self.offers if offer.live]
        served = {name for offer in live for name in (offer.id, *offer.also)}
        models = {offer.model for offer in live}
        gone: dict[str, str] = {}
        for offer in self.offers:
            names = (offer.id, *offer.also, *self.models[offer.model].aliases)
            if offer.model not in models:
                names = (*names, offer.model)
            for name in names if not offer.live else ():
                if name not in served:
                    gone.setdefault(name, self.farewell(offer, name))
        return gone

    def _at(self, kind: str) -> tuple[Offer, ...]:
        """Return the offers of one provider kind, in file order."""
        return tuple(offer for offer in self.offers if offer.provider == kind)

    def _ids(self, kind: str, model: str) -> str:
        """Return how a model is called at a provider, in brackets, where that is a name of its own."""
        ids = [offer.id for offer in self._at(kind) if offer.model == model and offer.live]
        return f" ('{ids[0]}' there)" if ids and ids[0] != model else ""


def area(region: str | None) -> str | None:
    """Return the part of the world that a region lies in: `eu` for eu-north-1 and europe-west4, `us` for us-east-1."""
    first = region.split("-")[0].lower() if region else None
    return "eu" if first == "europe" else first


def read_catalogue(path: Path) -> Catalogue:
    """Read the catalogue at `path`; SettingsInvalid with every fault in it."""
    document = read(path, path.name)
    problems = document.problems()
    catalogue = shaped(document.data, Catalogue, problems)
    problems.raise_if_any()
    if catalogue is None:
        raise SettingsInvalid((f"{path.name} is not a catalogue.",), fix="Install tierwise again.")
    return catalogue
