"""The shape of the operator's YAML. Every key is documented in docs/configuration.md; unknown ones are refused."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from classifier.tier import Tier
from router.catalog.upstream import Capability, Service, Status
from router.policy.coverage import Feature
from router.policy.rules import DIALS, DoubtAction, Verify
from router.settings.embedding_schema import EmbeddingGroupSettings
from router.settings.prices import CataloguePrice, Priced
from router.settings.problems import meant
from router.settings.scalars import (
    Count,
    Day,
    Element,
    File,
    Keep,
    Listen,
    Reference,
    Seconds,
    Share,
    TierName,
    Url,
    Workers,
    shown,
)
from router.settings.section import Section

CHEAPEST = "cheapest"


class AuthSettings(Section):
    """Who may call: a caller's name -> the reference to its client key. None: anybody, on loopback only."""

    keys: dict[str, Reference] = Field(default_factory=dict)


class ServerSettings(Section):
    """Where tierwise listens, what it takes in (`queue` more requests than at once, for `queue_wait`), and how it ends.

    `workers`: how many processes share the address. `drain`: how long requests may still run once the process was told
    to end. `drain_delay`: how long it still accepts before that, so that a load balancer can notice that it is not
    ready; None: not at all.
    """

    listen: Listen = "127.0.0.1:8080"
    workers: Workers = 1
    drain: Seconds = 30.0
    drain_delay: Seconds | None = None
    body_limit_bytes: Count = 10 * 1024 * 1024
    max_concurrent: Count = 4096
    max_concurrent_per_key: Count | None = None
    queue: Count = 1024
    queue_wait: Seconds = 0.1
    auth: AuthSettings = AuthSettings()


def _command(value: Any) -> tuple[str, ...]:
    """Read a program and its arguments. They are not repeated: one of them may be a key."""
    if not isinstance(value, list) or not value or not all(isinstance(part, str) and part for part in value):
        raise ValueError(
            "A token_command is a list, a program and its arguments, for example [gcloud, auth, print-access-token]."
        )
    return tuple(value)


Command = Annotated[tuple[str, ...], BeforeValidator(_command)]


class ProviderSettings(Section):
    """One account at one host. `base_url`, `region`, `project` and `resource` may name a variable, as keys do.

    `token_command`, a program and its arguments, prints a token in place of a key; it is run anew before
    `token_lifetime` has passed. `application_default` takes what the cloud's own library finds: Google's Application
    Default Credentials, or the keys of AWS's chain; `profile` is that chain's with a profile of this name.
    """

    kind: str
    base_url: Url | None = None
    api_key: Reference | None = None
    token_command: Command | None = None
    token_lifetime: Seconds = 600.0
    application_default: bool = False
    profile: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    region: str | None = None
    project: str | None = None
    resource: str | None = None


class UpstreamSettings(Section):
    """One model at one provider. What is not written comes from the catalogue, where it knows this offer."""

    provider: str
    model: str = Field(min_length=1, max_length=300)
    tier: TierName | None = None
    price: Priced = CataloguePrice()
    trial: bool | None = None
    window: Count | None = None
    max_output: Count | None = None
    capabilities: frozenset[Capability] | None = None
    parallel_tools: bool = True
    always_reasons: bool | None = None
    region: str | None = None
    licence: str | None = None
    status: Status | None = None
    retires_on: Day | None = None
    serves: Service | None = None
    family: str | None = Field(default=None, min_length=1, max_length=120)
    dimensions: Count | None = None


class ThresholdSettings(Section):
    """Cut points of the classifier: a named dial, and what replaces it."""

    dial: Literal["cheap", "balanced", "quality"] = "balanced"
    medium: Share | None = None
    hard: Share | None = None
    confidence: Share | None = None
    missing: Share | None = None


class NeedsInfoSettings(Section):
    """What is done with a prompt labelled needs_info, by cause."""

    low_confidence: DoubtAction = DoubtAction.RAISE_TIER
    missing_information: DoubtAction = DoubtAction.LABEL_ONLY


def _thresholds(value: Any) -> Any:
    """Read a dial's name, or a map."""
    if isinstance(value, str):
        if value not in DIALS:
            raise ValueError(f"{shown(value)} is not a dial ({', '.join(DIALS)}).{meant(value, DIALS)}")
        return {"dial": value}
    return value


def _needs_info(value: Any) -> Any:
    """Read one word for both causes, or a map."""
    if isinstance(value, str):
        actions = tuple(action.value for action in DoubtAction)
        if value not in actions:
            raise ValueError(
                f"{shown(value)} is nothing that can be done with needs_info ({', '.join(actions)})."
                f"{meant(value, actions)}"
            )
        return {"low_confidence": value, "missing_information": value}
    return value


def _candidates(value: Any) -> tuple[str, ...] | None:
    """Read `cheapest` (None: every upstream that meets the tier), an upstream's name, or a list of them."""
    if value == CHEAPEST:
        return None
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise ValueError(f"A tier is served by 'cheapest' or by a list of upstreams; it is {shown(value)}.")
    return tuple(names)


Candidates = Annotated[tuple[str, ...] | None, BeforeValidator(_candidates)]


class TierSettings(Section):
    """Who may serve each tier of a route."""

    easy: Candidates = None
    medium: Candidates = None
    hard: Candidates = None

    def items(self) -> tuple[tuple[Tier, tuple[str, ...] | None], ...]:
        """Return each tier with the upstreams named for it, None where the cheapest of all serves."""
        return ((Tier.EASY, self.easy), (Tier.MEDIUM, self.medium), (Tier.HARD, self.hard))


def _listed(value: Any) -> Any:
    """Read one word for a list of one."""
    return [value] if isinstance(value, str) else value


Verified = Annotated[frozenset[Verify], BeforeValidator(_listed)]


class RouteSettings(Section):
    """One name that a client may ask for."""

    tiers: TierSettings = TierSettings()
    thresholds: Annotated[ThresholdSettings, BeforeValidator(_thresholds)] = ThresholdSettings()
    needs_info: Annotated[NeedsInfoSettings, BeforeValidator(_needs_info)] = NeedsInfoSettings()
    on_classifier_failure: TierName = Tier.MEDIUM
    policy: str | None = None
    promises: frozenset[Feature] = frozenset()
    verify: Verified | None = None


class PolicySettings(Section):
    """Promises that no decision and no fallback breaks. An empty list allows everything."""

    regions: frozenset[str] = frozenset()
    licences: frozenset[str] = frozenset()


class ClassifierSettings(Section):
    """The model that sizes prompts: `builtin`, or the folder of another artifact; and what it does not read.

    `harness_tags` are elements that agent harnesses put around what a person wrote, besides those known already.
    """

    artifact: str = "builtin"
    timeout_ms: Count = 50
    harness_tags: tuple[Element, ...] = ()


class DeliverySettings(Section):
    """How one request is delivered. Durations: 250ms, 30s, 5m, or seconds."""

    transport: Literal["native", "aiohttp", "httpx"] = "native"
    max_attempts: Count = 3
    max_connections: Count | None = None
    deadline: Seconds = 600.0
    connect_timeout: Seconds = 3.0
    first_byte_timeout: Seconds = 120.0
    idle_timeout: Seconds = 60.0
    keep_alive: Seconds = 15.0
    cooldown: Seconds = 30.0
    reply_limit_bytes: Count = 64 * 1024 * 1024
    event_limit_bytes: Count = 8 * 1024 * 1024


class LedgerSettings(Section):
    """Where the accounts are kept. `durability`: process survives kill -9, power also a power cut (slower)."""

    path: File = Path("var/tierwise.db")
    durability: Literal["process", "power"] = "process"


class ResponsesSettings(Section):
    """Whether /v1/responses keeps what it answers, with what was asked: in the ledger's file, by caller."""

    store: bool = False
    keep: Keep = timedelta(days=30)
    max_bytes: Count = 1024 * 1024 * 1024


class LogSettings(Section):
    """What is written to standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"


class SettingsFile(Section):
    """The whole file."""

    version: Literal[1] = 1
    server: ServerSettings = ServerSettings()
    providers: dict[str, ProviderSettings] = Field(default_factory=dict)
    upstreams: dict[str, UpstreamSettings] = Field(default_factory=dict)
    routes: dict[str, RouteSettings] = Field(default_factory=dict)
    embeddings: dict[str, EmbeddingGroupSettings] = Field(default_factory=dict)
    aliases: dict[str, str] = Field(default_factory=dict)
    policies: dict[str, PolicySettings] = Field(default_factory=dict)
    classifier: ClassifierSettings = ClassifierSettings()
    delivery: DeliverySettings = DeliverySettings()
    ledger: LedgerSettings = LedgerSettings()
    responses: ResponsesSettings = ResponsesSettings()
    baseline: str | None = None
    verify: Verified = frozenset()
    log: LogSettings = LogSettings()
