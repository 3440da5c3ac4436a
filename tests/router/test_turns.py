"""Turns: one at a time, callers one after the other, and no turn is ever lost."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from router.turns import Turns


async def test_a_crowd_of_one_caller_holds_up_nobody_else() -> None:
    """Whoever comes behind twenty of one caller is served after one of them, and everybody in the end."""
    turns, served = Turns(), list[str]()

    async def work(caller: str) -> None:
        async with turns.turn(caller):
            served.append(caller)
            await asyncio.sleep(0)

    crowd = [asyncio.create_task(work("a")) for _ in range(20)]
    await asyncio.sleep(0)
    others = [asyncio.create_task(work(name)) for name in ("b", "c", "b")]
    await asyncio.gather(*crowd, *others)

    assert max(place for place, caller in enumerate(served) if caller != "a") <= 7
    assert sorted(served) == ["a"] * 20 + ["b", "b", "c"]


async def test_who_is_cancelled_keeps_no_turn() -> None:
    """Neither while waiting, nor when the turn came just then."""
    turns, begun = Turns(), asyncio.Event()

    async def work() -> None:
        async with turns.turn("a"):
            begun.set()
            await asyncio.Event().wait()

    first, second, third = (asyncio.create_task(work()) for _ in range(3))
    await begun.wait()
    begun.clear()
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)  # the second one has been given its turn and has not run yet
    second.cancel()
    async with asyncio.timeout(5):
        await begun.wait()
    third.cancel()
    await asyncio.gather(first, second, third, return_exceptions=True)

    async with asyncio.timeout(5), turns.turn("b"):
        pass


@settings(deadline=None)  # the machine may be busy
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["come", "leave", "wait"])), max_size=50))
def test_one_at_a_time_whatever_happens(steps: list[tuple[str, str]]) -> None:
    """Never two turns at once; when all have come or gone, a turn can be had at once."""

    async def play() -> None:
        turns, at_once = Turns(), 0

        async def work(caller: str) -> None:
            nonlocal at_once
            async with turns.turn(caller):
                at_once += 1
                assert at_once == 1
                try:
                    await asyncio.sleep(0)
                finally:
                    at_once -= 1

        tasks: list[asyncio.Task[None]] = []
        for caller, step in steps:
            if step == "come":
                tasks.append(asyncio.create_task(work(caller)))
            elif step == "leave" and tasks:
                tasks[len(tasks) // 2].cancel()
            else:
                await asyncio.sleep(0)
        ends = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 5)
        assert all(end is None or isinstance(end, asyncio.CancelledError) for end in ends)
        async with asyncio.timeout(5), turns.turn("d"):
            pass

    asyncio.run(play())
