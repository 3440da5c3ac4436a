"""Prices: exact, per bucket, per million."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.catalog.price import Peak, Price
from router.usage import Usage
from tests.fakes.values import a_price, price_of


def test_each_bucket_at_its_own_rate() -> None:
    """Ordinary, cached and written input and output are priced one by one."""
    price = a_price("2", "10", cached_input=Decimal("0.5"), cache_write=Decimal("2.5"))
    usage = Usage(input=1_000_000, output=100_000, cached_input=400_000, cache_write=100_000)

    assert price.cost(usage) == Decimal("0.5") * 2 + Decimal("0.2") + Decimal("0.25") + Decimal(1)


def test_without_a_rate_of_its_own_a_bucket_is_ordinary_input() -> None:
    """A provider that publishes no cached rate bills cached tokens as input."""
    cached = Usage(input=1000, output=0, cached_input=1000)

    assert a_price("3", "9").cost(cached) == a_price("3", "9").cost(Usage(input=1000, output=0))


@given(tokens=st.integers(0, 10**9), rate=st.decimals("0", "999", places=6))
def test_cost_is_exact_to_the_picodollar(tokens: int, rate: Decimal) -> None:
    """With six decimals per million the cost is a whole number of 1e-12 USD."""
    cost = Price(input=rate, output=Decimal(0)).cost(Usage(input=tokens, output=0))

    assert cost * 10**12 == tokens * rate * 10**6


@pytest.mark.parametrize("rate", ["-1", "NaN", "Infinity"])
def test_a_rate_is_a_number_of_dollars(rate: str) -> None:
    """Negative and unreal rates are refused."""
    with pytest.raises(ValueError, match="per 1M tokens"):
        Price(input=Decimal(rate), output=Decimal(1))


WEEKDAYS = Peak(factor=Decimal(2), hours=((60, 240), (360, 600)), days=frozenset(range(5)))
SUNDAY = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "holds"),
    [
        (SUNDAY + timedelta(days=1, hours=1), True),
        (SUNDAY + timedelta(days=1, minutes=59, seconds=59), False),
        (SUNDAY + timedelta(days=1, hours=3, minutes=59, seconds=59), True),
        (SUNDAY + timedelta(days=1, hours=4), False),
        (SUNDAY + timedelta(days=5, hours=9), True),
        (SUNDAY + timedelta(days=6, hours=9), False),
        (SUNDAY + timedelta(hours=9), False),
        ((SUNDAY + timedelta(days=1, hours=2)).astimezone(timezone(timedelta(hours=8))), True),
        ((SUNDAY + timedelta(hours=18)).astimezone(timezone(timedelta(hours=8))), False),
    ],
)
def test_peak_hours_are_those_of_the_week_in_utc(moment: datetime, holds: bool) -> None:
    """The first minute counts, the last does not; wherever the clock that tells the moment stands."""
    price = a_price("1", "3", cached_input=Decimal("0.1"), cache_write=Decimal(4), peak=WEEKDAYS)
    now = price.at(moment)
    rates = (now.input, now.output, now.cached_input, now.cache_write)

    assert WEEKDAYS.holds(moment) is holds
    assert rates == ((2, 6, Decimal("0.2"), 8) if holds else (1, 3, Decimal("0.1"), 4))
    assert (now.as_of, now.source) == (price.as_of, price.source)


def test_a_price_without_peak_hours_is_always_the_same() -> None:
    """So is one at no known moment."""
    flat, peaked = a_price(), a_price(peak=WEEKDAYS)

    assert flat.at(SUNDAY + timedelta(days=1, hours=2)) is flat
    assert peaked.at(None) is peaked


@pytest.mark.parametrize(
    "fields",
    [
        {"factor": Decimal(-1)},
        {"factor": Decimal("NaN")},
        {"hours": ()},
        {"hours": ((240, 60),)},
        {"hours": ((0, 1441),)},
        {"days": frozenset()},
        {"days": frozenset({7})},
    ],
)
def test_peak_hours_lie_in_a_week(fields: dict[str, object]) -> None:
    """What no clock shows is refused."""
    with pytest.raises(ValueError, match=r"factor|hours"):
        Peak(**{"factor": Decimal(2), "hours": ((0, 60),), **fields})


@given(st.lists(st.none() | st.decimals(0, 1000, places=6), min_size=2, max_size=2), st.none() | st.dates())
def test_a_bill_can_be_reckoned_again_from_the_rates(more: list[Decimal | None], as_of: date | None) -> None:
    """What is written of a price gives the same cost, and the same date."""
    cached, written = more
    price = Price(input=Decimal("0.28"), output=Decimal("1E+1"), cached_input=cached, cache_write=written, as_of=as_of)
    usage = Usage(input=900, output=77, cached_input=100, cache_write=10)

    again = price_of(price.rates)

    assert (again.cost(usage), again.as_of) == (price.cost(usage), as_of)
    assert '"output": "10"' in price.rates
    assert again.rates == price.rates


def test_the_rates_of_the_peak_are_those_that_were_charged() -> None:
    """In its hours the factor is in them."""
    price = Price(input=Decimal(1), output=Decimal(2), peak=Peak(factor=Decimal("1.5"), hours=((0, 60),)))
    midnight = datetime(2026, 11, 21, tzinfo=UTC)

    assert json.loads(price.at(midnight).rates) == {"input": "1.5", "output": "3.0"}
    assert json.loads(price.rates) == {"input": "1", "output": "2"}
