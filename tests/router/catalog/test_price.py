"""Prices: exact, per bucket, per million."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.catalog.price import Price
from router.usage import Usage
from tests.fakes.values import a_price


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
