"""What one kind of provider does differently from OpenAI's chat completions, as data.

Only what an edit of top-level members can mend is here. Facts and their dates: docs of the hosts, November 2026.
"""

from dataclasses import dataclass, field
from enum import StrEnum


class StreamUsage(StrEnum):
    """How a stream comes to carry its token counts."""

    ASK = "ask"
    """With stream_options.include_usage."""

    ALWAYS = "always"
    """Unasked, in the last chunk."""

    NEVER = "never"
    """It is not known to accept stream_options: what comes is taken, nothing is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One kind's deviations.

    `drop` are members it refuses; `rename` maps a member to the name it knows; `replace` maps a member's exact JSON
    bytes to others. `finish` maps its finish_reasons to OpenAI's; `failing` are those that mean that the answer broke
    off by its own fault. `reports_cost`: usage.cost is the bill in USD.
    """

    stream_usage: StreamUsage = StreamUsage.ASK
    drop: frozenset[str] = frozenset()
    rename: dict[str, str] = field(default_factory=dict)
    replace: dict[str, dict[bytes, bytes]] = field(default_factory=dict)
    finish: dict[str, str] = field(default_factory=dict)
    failing: frozenset[str] = frozenset({"error"})
    reports_cost: bool = False
    touched: tuple[bytes, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Note the quoted names of the members that need an edit."""
        names = sorted({*self.drop, *self.rename, *self.replace})
        object.__setattr__(self, "touched", tuple(b'"%s"' % name.encode() for name in names))


GENERIC = Dialect()
"""OpenAI itself, and whoever is not listed."""

_OLD_LIMIT = {"max_completion_tokens": "max_tokens"}

DIALECTS: dict[str, Dialect] = {
    "openai": GENERIC,
    "azure": GENERIC,
    "baseten": GENERIC,
    "bedrock": GENERIC,
    "deepinfra": Dialect(rename=_OLD_LIMIT),
    "deepseek": Dialect(failing=frozenset({"error", "insufficient_system_resource"})),
    "fireworks": Dialect(stream_usage=StreamUsage.ALWAYS),
    "mistral": Dialect(
        stream_usage=StreamUsage.ALWAYS,  # its schema forbids unknown members, stream_options among them: 422
        drop=frozenset({"stream_options", "logit_bias", "logprobs", "top_logprobs", "user", "store"}),
        rename={"seed": "random_seed", **_OLD_LIMIT},
        replace={"tool_choice": {b'"required"': b'"any"'}},
        finish={"model_length": "length"},
    ),
    "moonshot": Dialect(drop=frozenset({"logit_bias"})),
    "morph": Dialect(stream_usage=StreamUsage.NEVER),
    "novita": GENERIC,
    "nvidia": Dialect(rename=_OLD_LIMIT),
    "openrouter": Dialect(
        stream_usage=StreamUsage.ALWAYS,
        reports_cost=True,
        drop=frozenset({"models", "route", "preset"}),  # each names another model than the one that was decided
    ),
    "simulated": GENERIC,
    "together": Dialect(stream_usage=StreamUsage.ALWAYS, drop=frozenset({"stream_options", "user"}), rename=_OLD_LIMIT),
    "vertex": GENERIC,
    "vllm": GENERIC,
}


def dialect_of(kind: str) -> Dialect:
    """Return the dialect of a provider kind; the generic one when it has none of its own."""
    return DIALECTS.get(kind, GENERIC)
