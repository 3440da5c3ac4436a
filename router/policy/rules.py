"""What the operator wishes: routes and policies, as values."""

from dataclasses import dataclass, field
from enum import StrEnum

from classifier.thresholds import Thresholds
from classifier.tier import Tier

DIALS = ("cheap", "balanced", "quality")
"""The named cut points that a client may ask a route for, as in `auto:quality`."""


ANY = "*"
"""What stands for any characters, or none, in an alias."""


class DoubtAction(StrEnum):
    """What a route does with a prompt that is labelled needs_info."""

    LABEL_ONLY = "label_only"
    """Serve it at the assessed tier; the header says needs_info."""

    RAISE_TIER = "raise_tier"
    """Serve it one tier higher."""

    EASY = "easy"
    MEDIUM = "medium"
    HARD = "hard"


class Verify(StrEnum):
    """What of a whole answer is verified before it goes out."""

    JSON_SCHEMA = "json_schema"
    """The text, against the response_format that was asked for."""

    TOOL_ARGS = "tool_args"
    """The arguments of each call, against the tool that was declared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Promises that no decision and no fallback may break. An empty set allows everything."""

    name: str = "default"
    regions: frozenset[str] = frozenset()
    licences: frozenset[str] = frozenset()


OPEN = Policy()
"""The policy that excludes nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One name that a client may ask for.

    `tiers` lists the upstream names that may serve a tier; a tier that is not in it may be served by every upstream of
    at least that tier. `thresholds` holds the cut points of each dial; `dial` is used when the client names none.
    `on_failure` is the tier served when the classifier fails, `verify` what is looked at in a whole answer.
    """

    name: str
    tiers: dict[Tier, frozenset[str]] = field(default_factory=dict)
    thresholds: dict[str, Thresholds] = field(default_factory=lambda: {dial: Thresholds() for dial in DIALS})
    dial: str = "balanced"
    on_low_confidence: DoubtAction = DoubtAction.RAISE_TIER
    on_missing_information: DoubtAction = DoubtAction.LABEL_ONLY
    on_failure: Tier = Tier.MEDIUM
    policy: Policy = OPEN
    verify: frozenset[Verify] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingGroup:
    """One name under which embeddings are asked for: upstreams, by name, that serve the same model.

    Only those may replace one another: vectors of two models cannot be compared.
    """

    name: str
    upstreams: tuple[str, ...]
    policy: Policy = OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """All routes by name, `auto` always among them; and the groups of embedding upstreams by name.

    `aliases` are further names for what these and the upstreams are called: the name that a client asks for, in which
    `*` stands for any characters, to the name that is meant. `patterns` are those with a `*`, the one with the most
    other characters first.
    """

    routes: dict[str, Route]
    embeddings: dict[str, EmbeddingGroup] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    patterns: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Refuse rules without the route `auto` (ValueError); put the patterns into their order."""
        if "auto" not in self.routes:
            raise ValueError("the route 'auto' is missing")
        patterns = [name for name in self.aliases if ANY in name]
        patterns.sort(key=lambda pattern: pattern.count(ANY) - len(pattern))
        object.__setattr__(self, "patterns", tuple(patterns))


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How one request is delivered; durations in seconds.

    `deadline` bounds all attempts together, `first_byte` the wait for an upstream's first event or header, `idle` the
    silence after it, and of a client that does not read; after `keep_alive` of silence a stream says that it goes on.
    `cooldown` is how long an upstream is left alone after it failed.
    """

    max_attempts: int = 3
    deadline: float = 600.0
    connect: float = 3.0
    first_byte: float = 120.0
    idle: float = 60.0
    keep_alive: float = 15.0
    cooldown: float = 30.0
    classifier_timeout: float = 0.05
    reply_limit_bytes: int = 64 * 1024 * 1024
    event_limit_bytes: int = 8 * 1024 * 1024
