"""Prices per one million tokens, in USD, dated and sourced; and what a usage costs at them."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from router.usage import Usage

MILLION = Decimal(1_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What one upstream charges, in USD per 1M tokens.

    `cached_input` and `cache_write` are None where the provider publishes no rate of their own: it then bills those
    tokens as ordinary input, and so does `cost`. An upstream whose input or output price is unknown has no Price.
    """

    input: Decimal
    output: Decimal
    cached_input: Decimal | None = None
    cache_write: Decimal | None = None
    as_of: date | None = None
    source: str = "operator"

    def __post_init__(self) -> None:
        """Refuse negative or non-finite rates (ValueError)."""
        for rate in (self.input, self.output, self.cached_input, self.cache_write):
            if rate is not None and not (rate.is_finite() and rate >= 0):
                raise ValueError(f"a price must be a number of USD per 1M tokens, not {rate}")

    def cost(self, usage: Usage) -> Decimal:
        """Return what `usage` costs at these rates, in USD, exactly (no rounding)."""
        cached, written = usage.cached_input or 0, usage.cache_write or 0
        total = (usage.input - cached - written) * self.input + usage.output * self.output
        if cached:
            total += cached * (self.input if self.cached_input is None else self.cached_input)
        if written:
            total += written * (self.input if self.cache_write is None else self.cache_write)
        return total / MILLION
