"""One model at one provider: what it may serve, what it can do and what it costs."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from classifier.tier import Tier
from router.catalog.price import Price
from router.catalog.provider import Provider


class Capability(StrEnum):
    """What a model can do beyond text in, text out."""

    TOOLS = "tools"
    PARALLEL_TOOLS = "parallel_tools"
    """Several calls in one turn, also in a history."""

    JSON_SCHEMA = "json_schema"
    VISION = "vision"
    REASONING = "reasoning"
    AUDIO = "audio"
    """Sound in messages, or as the answer."""


class Service(StrEnum):
    """What an upstream is called for."""

    CHAT = "chat"
    EMBEDDINGS = "embeddings"


class Status(StrEnum):
    """Whether an upstream is served today. Only ACTIVE, DEPRECATING, TRIAL, UNKNOWN and SELF_HOSTED are ever called."""

    ACTIVE = "active"
    DEPRECATING = "deprecating"
    TRIAL = "trial"
    UNKNOWN = "unknown"
    SELF_HOSTED = "self_hosted"
    RETIRED = "retired"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """One model at one provider.

    `model` is the string sent on the wire. `tier` is the hardest work it may be given, `tier_rule` why. `price` None
    means unknown: it ranks after every known price and its cost is recorded as None. `trial` marks a promotional price
    (of 0, as a rule) that is never taken for cheap. `window` is the context in tokens, input and output together;
    `max_output` and `max_tools` (the tools of one request) None mean no limit of its own. `always_reasons` models think
    whether asked to or not, which the length
    of their answers shows.

    Where it `serves` embeddings, `window` is the longest text in tokens, `tier`, `max_output` and `capabilities` mean
    nothing, `dimensions` is the length of its vectors (None: not declared) and `family` names the model by what its
    vectors can be compared with, wherever it is served (None: not declared).
    """

    name: str
    provider: Provider
    model: str
    tier: Tier
    window: int
    tier_rule: str = "operator"
    price: Price | None = None
    trial: bool = False
    max_output: int | None = None
    max_tools: int | None = None
    capabilities: frozenset[Capability] = frozenset()
    always_reasons: bool = False
    region: str | None = None
    licence: str | None = None
    status: Status = Status.ACTIVE
    retires_on: date | None = None
    serves: Service = Service.CHAT
    family: str | None = None
    dimensions: int | None = None

    def __post_init__(self) -> None:
        """Refuse a window or output limit that is not positive (ValueError)."""
        if self.window <= 0 or (self.max_output is not None and self.max_output <= 0):
            raise ValueError(f"upstream '{self.name}': window and max_output must be positive numbers of tokens")
