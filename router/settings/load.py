"""The operator's YAML to Settings: read, validated, cross-checked. Everything wrong with it is raised at once."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from router.catalog.upstream import Service
from router.errors import SettingsInvalid
from router.settings.catalogue import Catalogue, read_catalogue
from router.settings.checks import check
from router.settings.document import Document, read
from router.settings.embedding_schema import EmbeddingSettings
from router.settings.one_line import in_one_line
from router.settings.schema import (
    AuthSettings,
    ClassifierSettings,
    DeliverySettings,
    LedgerSettings,
    LogSettings,
    PolicySettings,
    ProviderSettings,
    ResponsesSettings,
    RouteSettings,
    ServerSettings,
    SettingsFile,
    UpstreamSettings,
)
from router.settings.shape import shaped
from router.settings.shipped import config_file

SIMULATED = "simulated"
SIMULATED_DIMENSIONS = 256
"""The length of simulated vectors where the configuration declares none."""

LEDGER_VARIABLE = "TIERWISE_LEDGER"
KEY_VARIABLE = "TIERWISE_KEY"
_ANY_PORT = "http://127.0.0.1:0/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One configuration that was found sound. `origin` is its file; `shipped` says that it is one of ours.

    It stops at router.app: below travel only what `assemble` makes of it.
    """

    origin: Path
    shipped: bool
    file: SettingsFile
    catalogue: Catalogue

    @property
    def server(self) -> ServerSettings:
        """The section `server`."""
        return self.file.server

    @property
    def providers(self) -> Mapping[str, ProviderSettings]:
        """The section `providers`, by name."""
        return self.file.providers

    @property
    def upstreams(self) -> Mapping[str, UpstreamSettings]:
        """The section `upstreams`, by name, as written: `assemble` completes them."""
        return self.file.upstreams

    @property
    def routes(self) -> Mapping[str, RouteSettings]:
        """The section `routes`, by name."""
        return self.file.routes

    @property
    def embeddings(self) -> Mapping[str, EmbeddingSettings]:
        """The section `embeddings`, by name."""
        return self.file.embeddings

    @property
    def policies(self) -> Mapping[str, PolicySettings]:
        """The section `policies`, by name."""
        return self.file.policies

    @property
    def classifier(self) -> ClassifierSettings:
        """The section `classifier`."""
        return self.file.classifier

    @property
    def delivery(self) -> DeliverySettings:
        """The section `delivery`."""
        return self.file.delivery

    @property
    def ledger(self) -> LedgerSettings:
        """The section `ledger`; the variable TIERWISE_LEDGER has replaced its path where it is set."""
        return self.file.ledger

    @property
    def responses(self) -> ResponsesSettings:
        """The section `responses`."""
        return self.file.responses

    @property
    def log(self) -> LogSettings:
        """The section `log`."""
        return self.file.log

    @property
    def needs_simulator(self) -> bool:
        """Whether a provider waits for the port of the simulator that this process starts."""
        return any(_waits(provider) for provider in self.providers.values())

    @property
    def simulated_models(self) -> tuple[tuple[str, ...], dict[str, int]]:
        """The models that the simulator answers as, and those that it embeds as, with the length of their vectors."""
        found = [one for one in self.upstreams.values() if self.providers[one.provider].kind == SIMULATED]
        names = dict.fromkeys(one.model for one in found if one.serves is not Service.EMBEDDINGS)
        embed = [one for one in found if one.serves is Service.EMBEDDINGS]
        return tuple(names), {one.model: one.dimensions or SIMULATED_DIMENSIONS for one in embed}


def load(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """Return the settings in the YAML file at `path` (None: the shipped default); SettingsInvalid with every problem.

    `environ` overrides ledger.path by TIERWISE_LEDGER; TIERWISE_KEY, where the file names no client key, becomes the
    client key of the caller `default`.
    """
    origin = config_file("tierwise.yaml") if path is None else path
    document = read(origin, str(origin) if path is not None else origin.name)
    return sound(document, origin, read_catalogue(config_file("catalog.yaml")), environ, shipped=path is None)


def sound(
    document: Document, origin: Path, catalogue: Catalogue, environ: Mapping[str, str], *, shipped: bool = False
) -> Settings:
    """Return the settings in what was read of `origin`; SettingsInvalid with all problems. The rest is as in `load`."""
    problems = document.problems()
    data = in_one_line(document.data, problems)
    file = shaped(data, SettingsFile, problems)
    if file is not None:
        check(file, data, catalogue, environ, problems)
    problems.raise_if_any()
    if file is None:
        raise SettingsInvalid((f"{origin} cannot be read as a configuration.",))
    return Settings(origin=origin, shipped=shipped, file=_overridden(file, environ), catalogue=catalogue)


def load_simulated(port: int, environ: Mapping[str, str], keep: Settings | None = None) -> Settings:
    """Return the shipped simulated upstreams, served at `port` of the loopback, with their own routes and baseline.

    Of `keep` everything else is taken: server, delivery, classifier, ledger, responses, aliases and log.
    """
    simulated = with_simulator(load(config_file("simulated.yaml"), environ), port)
    if keep is None:
        return replace(simulated, shipped=True)
    kept = ("server", "delivery", "classifier", "ledger", "responses", "aliases", "log")
    file = simulated.file.model_copy(update={section: getattr(keep.file, section) for section in kept})
    return replace(simulated, shipped=True, file=file)


def with_simulator(settings: Settings, port: int) -> Settings:
    """Return `settings` with the simulator's port put into every provider that waits for one."""
    providers = {
        name: provider.model_copy(update={"base_url": f"http://127.0.0.1:{port}/v1"}) if _waits(provider) else provider
        for name, provider in settings.providers.items()
    }
    return replace(settings, file=settings.file.model_copy(update={"providers": providers}))


def _waits(provider: ProviderSettings) -> bool:
    """Whether a provider is a simulated one whose port is still 0."""
    return provider.kind == SIMULATED and (provider.base_url or "").startswith(_ANY_PORT)


def _overridden(file: SettingsFile, environ: Mapping[str, str]) -> SettingsFile:
    """Apply the two variables that a container sets without a file of its own."""
    ledger = environ.get(LEDGER_VARIABLE, "").strip()
    if ledger:
        file = file.model_copy(update={"ledger": file.ledger.model_copy(update={"path": Path(ledger).expanduser()})})
    if environ.get(KEY_VARIABLE, "").strip() and not file.server.auth.keys:
        auth = AuthSettings(keys={"default": f"os.environ/{KEY_VARIABLE}"})
        file = file.model_copy(update={"server": file.server.model_copy(update={"auth": auth})})
    return file
