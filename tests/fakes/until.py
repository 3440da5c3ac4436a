"""Waiting for what another process, or a server that tells nobody, will have done soon."""

import asyncio
from collections.abc import Callable


async def until(holds: Callable[[], object], within: float = 10.0, *, shows: Callable[[], object] = str) -> None:
    """Return once `holds()` is true; TimeoutError, with what `shows()` returns, when that takes longer (seconds)."""
    try:
        async with asyncio.timeout(within):
            while not holds():  # noqa: ASYNC110  # there is no event: what is waited for is elsewhere
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise TimeoutError(f"not within {within:g} s: {shows()!r}") from None
