"""The fake tells the truth about what it waited for."""

import asyncio

import pytest

from tests.fakes.until import until


async def test_it_returns_once_it_holds_and_says_what_it_saw_when_it_does_not() -> None:
    """Soon, and not without bound."""
    done = asyncio.Event()
    asyncio.get_running_loop().call_later(0.05, done.set)

    await until(done.is_set)
    with pytest.raises(TimeoutError, match="was this"):
        await until(lambda: False, 0.05, shows=lambda: "was this")
