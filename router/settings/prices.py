"""Prices as they are written: rates, and the hours in which they are higher."""

import re
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from router.catalog.price import DAY_MINUTES
from router.settings.problems import meant
from router.settings.scalars import Day, Money, shown
from router.settings.section import Section

CATALOGUE = "catalog"
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""The days of the week as they are written, in order."""

_STEEPEST = 1000
_HOURS = re.compile(r"([0-2][0-9]):([0-5][0-9])-([0-2][0-9]):([0-5][0-9])")


def _hours(value: Any) -> tuple[tuple[int, int], ...]:
    """Read spans such as 01:00-04:00 as minutes of the day."""
    spans = value if isinstance(value, list) else [value]
    return tuple(map(_span, spans)) if spans else _span(None)  # type: ignore[return-value]  # the latter raises


def _span(value: Any) -> tuple[int, int]:
    found = _HOURS.fullmatch(value) if isinstance(value, str) else None
    start, end = (int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])) if found else (0, 0)
    if not start < end <= DAY_MINUTES:
        raise ValueError(
            "Hours are written like 01:00-04:00, in UTC, within one day (22:00-24:00 and 00:00-02:00 over midnight); "
            f"it is {shown(value)}."
        )
    return start, end


def _days(value: Any) -> tuple[int, ...]:
    """Read days of the week, Monday as 0."""
    if not isinstance(value, list) or not value:
        raise ValueError(f"Days are a list of {', '.join(DAYS)}; it is {shown(value)}.")
    for day in value:
        if day not in DAYS:
            raise ValueError(f"{shown(day)} is not a day of the week ({', '.join(DAYS)}).{meant(str(day), DAYS)}")
    return tuple(DAYS.index(day) for day in value)


def _factor(value: Any) -> Decimal:
    """Read how many times as high a price is."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not 0 < value <= _STEEPEST:
        raise ValueError(f"A factor is a number above 0 and at most {_STEEPEST}, such as 2; it is {shown(value)}.")
    return Decimal(value)


Factor = Annotated[Decimal, BeforeValidator(_factor)]
Hours = Annotated[tuple[tuple[int, int], ...], BeforeValidator(_hours)]
Days = Annotated[tuple[int, ...], BeforeValidator(_days)]


class PeakSettings(Section):
    """Hours, in UTC, in which every rate is `factor` times as high. `days` default to all days of the week."""

    factor: Factor
    hours: Hours
    days: Days = tuple(range(len(DAYS)))


class PriceSettings(Section):
    """USD per 1M tokens outside of the hours of `peak`. `cached_input` and `cache_write` default to the input price.

    Embeddings have no output.
    """

    input: Money
    output: Money | None = None
    cached_input: Money | None = None
    cache_write: Money | None = None
    as_of: Day | None = None
    source: str = "operator"
    peak: PeakSettings | None = None


class CataloguePrice(PriceSettings):
    """The word `catalog`: take the price from the shipped catalogue."""

    input: Money = Field(default=0, validate_default=True)
    output: Money | None = Field(default=0, validate_default=True)


def _price(value: Any) -> Any:
    """Read `catalog`, a map of rates, or null."""
    if value == CATALOGUE:
        return CataloguePrice()
    if isinstance(value, str):
        raise ValueError(  # noqa: TRY004 - pydantic gathers ValueError only
            f"A price is 'catalog' or a map of input and output; it is {shown(value)}."
        )
    return value


Priced = Annotated[PriceSettings | None, BeforeValidator(_price)]
"""A price of one's own, the catalogue's, or null: not known."""
