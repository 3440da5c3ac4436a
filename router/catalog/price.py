"""Prices per one million tokens, in USD, dated and sourced; and what a usage costs at them."""

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal

from router.usage import Usage

MILLION = Decimal(1_000_000)


_RATES = ("input", "output", "cached_input", "cache_write")

EVERY_DAY = frozenset(range(7))
DAY_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Peak:
    """Hours in which every rate is `factor` times what it is otherwise.

    `hours` are minutes of the day in UTC, (start, end), end excluded; `days` the days of the week on which they hold,
    Monday is 0.
    """

    factor: Decimal
    hours: tuple[tuple[int, int], ...]
    days: frozenset[int] = EVERY_DAY

    def __post_init__(self) -> None:
        """Refuse a factor that is no price's, hours that are none and days that no week has (ValueError)."""
        if not (self.factor.is_finite() and self.factor >= 0):
            raise ValueError(f"a factor on a price is a number, not {self.factor}")
        if not self.hours or any(not 0 <= start < end <= DAY_MINUTES for start, end in self.hours):
            raise ValueError("peak hours begin and end within one day, and end after they begin")
        if not self.days or not self.days <= EVERY_DAY:
            raise ValueError("peak hours are on days of the week, 0 to 6")

    def holds(self, moment: datetime) -> bool:
        """Tell whether `moment` (aware) lies in the peak hours."""
        utc = moment.astimezone(UTC)
        minute = utc.hour * 60 + utc.minute
        return utc.weekday() in self.days and any(start <= minute < end for start, end in self.hours)


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What one upstream charges, in USD per 1M tokens.

    `cached_input` and `cache_write` are None where the provider publishes no rate of their own: it then bills those
    tokens as ordinary input, and so does `cost`. An upstream whose input or output price is unknown has no Price. With
    `peak` these are the rates outside of its hours: `at` gives those of a moment. `rates` are these figures as JSON.
    """

    input: Decimal
    output: Decimal
    cached_input: Decimal | None = None
    cache_write: Decimal | None = None
    as_of: date | None = None
    source: str = "operator"
    peak: Peak | None = None
    rates: str = field(init=False, repr=False, compare=False, default="")
    _high: "Price | None" = field(init=False, repr=False, compare=False, default=None)

    def __post_init__(self) -> None:
        """Refuse negative or non-finite rates (ValueError); reckon those of the peak hours, and write both, once."""
        for rate in (self.input, self.output, self.cached_input, self.cache_write):
            if rate is not None and not (rate.is_finite() and rate >= 0):
                raise ValueError(f"a price must be a number of USD per 1M tokens, not {rate}")
        object.__setattr__(self, "rates", self._written())
        if self.peak is not None:
            object.__setattr__(self, "_high", self.times(self.peak.factor))

    def _written(self) -> str:
        """Return the rates as a bill keeps them: JSON, money as decimal text, what is not known left out."""
        told = {name: getattr(self, name) for name in _RATES}
        text = {name: format(rate, "f") for name, rate in told.items() if rate is not None}
        return json.dumps(text | ({} if self.as_of is None else {"as_of": self.as_of.isoformat()}))

    def times(self, factor: Decimal, *, peak: Peak | None = None) -> "Price":
        """Return these rates, each `factor` times as high, with these peak hours."""
        return replace(
            self,
            input=self.input * factor,
            output=self.output * factor,
            cached_input=None if self.cached_input is None else self.cached_input * factor,
            cache_write=None if self.cache_write is None else self.cache_write * factor,
            peak=peak,
        )

    def at(self, moment: datetime | None) -> "Price":
        """Return the price in force at `moment` (aware); None: outside of peak hours."""
        if self._high is None or self.peak is None or moment is None:
            return self
        return self._high if self.peak.holds(moment) else self

    def cost(self, usage: Usage) -> Decimal:
        """Return what `usage` costs at these rates, in USD, exactly (no rounding)."""
        cached, written = usage.cached_input or 0, usage.cache_write or 0
        total = (usage.input - cached - written) * self.input + usage.output * self.output
        if cached:
            total += cached * (self.input if self.cached_input is None else self.cached_input)
        if written:
            total += written * (self.input if self.cache_write is None else self.cache_write)
        return total / MILLION
