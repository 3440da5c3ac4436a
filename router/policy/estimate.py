"""What a request is expected to cost at one upstream, before it is sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from classifier.prompt import Prompt
from classifier.tier import Tier
from router.catalog.price import MILLION
from router.catalog.upstream import Upstream
from router.quick import quick
from router.request import Request

PRIOR_OUTPUT_TOKENS = (150, 400, 800)
"""Tokens assumed for the answer to an easy, medium and hard prompt while nothing was observed. An assumption, not a
measurement: only the order of candidates hangs on it, and MIN_REPLIES replies, of any upstream, replace it."""

REASONING_FACTOR = 4
"""How many times as much an upstream that always reasons is assumed to write. An assumption of the same kind."""

MIN_REPLIES = 20
"""Replies that must have been seen before an average is believed."""


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What one upstream's replies showed; None where fewer than MIN_REPLIES were seen.

    `cached_share` is the part of the input, in 0..1, that it served from its prompt cache in conversations of more than
    one user turn. `output_tokens` is the mean length of its answers to easy, medium and hard prompts.
    """

    cached_share: float | None = None
    output_tokens: tuple[float | None, float | None, float | None] = (None, None, None)


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """One request as far as its price goes: tokens in (likely estimate), the answer's limit (None: none), its tier."""

    input_tokens: int
    max_output_tokens: int | None
    tier: Tier
    conversation: bool

    @classmethod
    def of(cls, request: Request, tier: Tier) -> "Workload":
        """Read a request that was found to be of `tier`."""
        return cls(
            input_tokens=request.input_tokens,
            max_output_tokens=request.needs.max_output_tokens,
            tier=tier,
            conversation=is_conversation(request.prompt),
        )


def is_conversation(prompt: Prompt) -> bool:
    """Say whether the user spoke more than once: only then can a provider's prompt cache hold a part of the input."""
    spoken = 0
    for turn in prompt.turns:
        spoken += turn.role == "user"
        if spoken > 1:
            return True
    return False


def expected_output(upstream: Upstream, workload: Workload, observed: Mapping[str, Observed]) -> int:
    """Return the tokens that the answer is expected to have, never above a known limit.

    As observed at this upstream; else as long as others' answers to such prompts are on average, for one learnt length
    beside one assumed would send requests to whoever was not seen yet; else as assumed.
    """
    seen = observed.get(upstream.name)
    mean = None if seen is None else seen.output_tokens[workload.tier]
    if mean is not None:
        tokens = round(mean)
    else:
        tokens = _elsewhere(observed, workload.tier) or PRIOR_OUTPUT_TOKENS[workload.tier]
        if upstream.always_reasons:
            tokens *= REASONING_FACTOR
    if workload.max_output_tokens is not None and workload.max_output_tokens < tokens:
        tokens = workload.max_output_tokens
    return tokens if upstream.max_output is None or tokens <= upstream.max_output else upstream.max_output


def _elsewhere(observed: Mapping[str, Observed], tier: Tier) -> int:
    """Return the mean length of all upstreams' answers to prompts of `tier`, 0 where none was observed."""
    means = [mean for seen in observed.values() if (mean := seen.output_tokens[tier]) is not None]
    return round(sum(means) / len(means)) if means else 0


def expected_cost(
    upstream: Upstream, workload: Workload, observed: Mapping[str, Observed], at: datetime | None = None
) -> Decimal | None:
    """Return the expected cost in USD, exact for the tokens assumed; None where the upstream's price is unknown.

    `at` is the moment (aware) whose price counts, None one outside of peak hours.
    """
    price = upstream.price
    if price is None:
        return None
    if price.peak is not None:
        price = price.at(at)
    seen = observed.get(upstream.name)
    cost = workload.input_tokens * price.input + expected_output(upstream, workload, observed) * price.output
    if workload.conversation and seen is not None and seen.cached_share and price.cached_input is not None:
        cost += int(workload.input_tokens * seen.cached_share) * (price.cached_input - price.input)
    return cost / MILLION
