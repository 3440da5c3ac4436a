"""Token counts of one reply, as inclusive buckets."""

from dataclasses import dataclass
from decimal import Decimal

from router.quick import quick


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What one reply consumed, in tokens.

    Buckets are inclusive, as OpenAI counts them: `cached_input` and `cache_write` are parts of `input`, `reasoning` is
    a part of `output`. A bucket that the provider did not report is None, which is not zero. `reported_cost` is the
    bill in USD where the provider sends one (OpenRouter's usage.cost). `estimated` says that the counts are our own
    estimate because the provider sent none.
    """

    input: int
    output: int
    cached_input: int | None = None
    cache_write: int | None = None
    reasoning: int | None = None
    reported_cost: Decimal | None = None
    estimated: bool = False

    def __post_init__(self) -> None:
        """Refuse negative counts and a part that is larger than its whole (ValueError)."""
        parts = (self.cached_input or 0) + (self.cache_write or 0)
        if min(self.input, self.output, self.cached_input or 0, self.cache_write or 0, self.reasoning or 0) < 0:
            raise ValueError("token counts cannot be negative")
        if parts > self.input:
            raise ValueError(f"cached tokens ({parts}) exceed the input ({self.input})")
        if (self.reasoning or 0) > self.output:
            raise ValueError(f"reasoning tokens ({self.reasoning}) exceed the output ({self.output})")
