"""Virtual time: waits end in their order, at their time, at once."""

import asyncio
import time

import pytest

from tests.fakes.virtual_time import VirtualTime


@pytest.fixture
def loop():
    """A loop that is closed at the end."""
    virtual = VirtualTime()
    yield virtual
    virtual.close()


def test_hours_pass_in_a_moment(loop) -> None:
    """Sleeps and time-outs end when they should by the loop's clock."""
    seen = []

    async def wait(seconds: float) -> None:
        await asyncio.sleep(seconds)
        seen.append((seconds, round(loop.time() - 1_000, 6)))

    async def all_of_them() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1_800):
                await asyncio.gather(wait(3_600), wait(1), wait(0.25))

    began = time.monotonic()
    loop.run_until_complete(all_of_them())

    assert seen == [(0.25, 0.25), (1, 1)]
    assert round(loop.time() - 1_000, 6) == 1_800
    assert time.monotonic() - began < 60


def test_a_wait_without_end_is_said(loop) -> None:
    """Instead of hanging."""

    async def for_ever() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(RuntimeError, match="nothing will happen"):
        loop.run_until_complete(for_ever())
