"""So many at once, a short queue for more, and no place is ever lost."""

import asyncio
import json
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.access.keys import ClientKeys
from router.api.admission import Admission, Room
from router.api.front import Front
from router.api.messages import MessagesClient
from router.api.surface import Surface
from router.errors import Overloaded
from router.upstreams.credentials import Secret
from tests.fakes.asgi import Exchange, call
from tests.fakes.ports import some_ports


async def test_a_place_that_is_given_back_goes_to_who_waits_longest() -> None:
    """First come, first served; a newcomer does not overtake."""
    room = Room(1, 8)
    assert room.enter()
    first, second = (asyncio.create_task(room.wait(5)) for _ in range(2))
    await asyncio.sleep(0)

    room.leave()
    assert not room.enter()
    assert await first
    assert not second.done()
    room.leave()
    assert await second
    room.leave()

    assert room.taken == 0


async def test_who_waits_too_long_or_finds_the_queue_full_is_sent_away() -> None:
    """Neither takes a place, and the queue is as long as before."""
    room = Room(1, 1)
    room.enter()
    waiting = asyncio.create_task(room.wait(0.05))
    await asyncio.sleep(0)

    assert await room.wait(5) is False
    assert await waiting is False
    assert await room.wait(0.001) is False
    room.leave()
    assert room.taken == 0


async def test_a_place_that_nobody_wants_any_more_is_given_on() -> None:
    """Whoever is cancelled just as its turn comes gives the place back."""
    room = Room(1, 8)
    room.enter()
    task = asyncio.create_task(room.wait(5))
    await asyncio.sleep(0)
    room.leave()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert room.taken == 0


async def test_a_caller_at_its_limit_leaves_the_others_alone() -> None:
    """The refusal names the caller and the setting; another caller is let in."""
    admission = Admission(most=8, queue=8, wait=0.001, per_caller=1)
    assert admission.enter("a")
    assert not admission.enter("a")

    with pytest.raises(Overloaded, match="caller 'a'") as refused:
        await admission.wait("a")
    assert "server.max_concurrent_per_key" in refused.value.fix
    assert admission.enter("b")
    assert admission.taken == 2


async def test_a_full_process_keeps_no_place_of_a_caller() -> None:
    """Who is sent away by the one limit has given back what the other gave."""
    admission = Admission(most=1, queue=8, wait=0.001, per_caller=1)
    assert admission.enter("a")
    assert not admission.enter("b")
    with pytest.raises(Overloaded):
        await admission.wait("b")

    admission.leave("a")
    assert admission.enter("b")


@given(st.lists(st.sampled_from(["enter", "leave", "wait", "cancel", "turn"]), max_size=60), st.integers(1, 4))
def test_no_place_is_ever_lost_or_made(steps: list[str], most: int) -> None:
    """Whatever comes in whatever order: never more than there are, and none once everybody has left."""

    async def play() -> int:
        room, holding, waiting = Room(most, 3), 0, []
        for step in steps:
            if step == "enter":
                holding += room.enter()
            elif step == "leave" and holding:
                room.leave()
                holding -= 1
            elif step == "wait":
                waiting.append(asyncio.create_task(room.wait(10)))
            elif step == "cancel" and waiting:
                waiting[-1].cancel()
            elif step == "turn":
                await asyncio.sleep(0)
            assert room.taken <= most
        for _ in range(3 * len(waiting) + 3):
            await asyncio.sleep(0)
            done = [task for task in waiting if task.done()]
            waiting = [task for task in waiting if not task.done()]
            holding += sum(task.result() for task in done if not task.cancelled())
            for _ in range(holding):
                room.leave()
            holding = 0
        assert not waiting
        return room.taken

    assert asyncio.run(play()) == 0


async def test_a_refusal_is_in_the_terms_of_the_surface_and_reads_no_body() -> None:
    """Anthropic's clients hear overloaded_error with a Retry-After; the body is still unread."""
    admission = Admission(most=1, queue=1, wait=0.001)
    admission.enter(None)
    keys = ClientKeys({"team": Secret("client-key-0123456789abcdef")})
    app = Surface(MessagesClient, some_ports(), keys, 1000, admission)
    headers = [(b"host", b"a"), (b"x-api-key", b"client-key-0123456789abcdef")]

    done = await call(app, b"{}", path="/v1/messages", headers=headers)

    assert (done.status, done.headers["retry-after"]) == (503, "1")
    assert json.loads(done.body)["error"]["type"] == "overloaded_error"
    assert done.messages != []
    assert admission.taken == 1


async def test_reading_is_always_let_in_and_everything_leaves_again() -> None:
    """A full process answers GETs of the cold half, and refuses its POSTs."""
    admission = Admission(most=1, queue=1, wait=0.001)

    async def cold(_scope, _receive, send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    front = Front({}, cold, 100, lambda: "id", ClientKeys({}), admission)
    assert (await call(front, path="/v1/router/raw")).status == 200
    assert admission.taken == 0
    admission.enter(None)
    assert (await call(front, path="/health", method="GET")).status == 200
    assert (await call(front, path="/v1/router/raw")).status == 503
    assert admission.taken == 1


async def test_one_caller_cannot_take_every_place_with_bodies_that_do_not_come() -> None:
    """Of the cold half's POSTs too: he is refused once he has his share, and another caller is served."""
    keys = {name: f"client-key-0123456789-{name}" for name in ("alice", "bob")}
    admission = Admission(most=8, queue=4, wait=0.001, per_caller=4)
    arrives = asyncio.Event()

    async def cold(_scope, _receive, send) -> None:
        await arrives.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    front = Front({}, cold, 100, lambda: "id", ClientKeys({name: Secret(key) for name, key in keys.items()}), admission)

    def post(name: str) -> asyncio.Task[Exchange]:
        headers = [(b"host", b"a"), (b"authorization", b"Bearer " + keys[name].encode())]
        return asyncio.create_task(call(front, path="/v1/router/classify", headers=headers))

    alices = [post("alice") for _ in range(20)]
    refused = [await each for each in islice(asyncio.as_completed(alices, timeout=30), 16)]
    assert {each.status for each in refused} == {503}
    bob = post("bob")
    await asyncio.sleep(0)
    assert admission.taken == 5
    arrives.set()

    assert [(await each).status for each in (bob, *alices)].count(200) == 5
    assert bob.result().status == 200
    assert admission.taken == 0


async def test_what_has_no_key_is_refused_before_it_takes_a_place() -> None:
    """A full process answers it with 401, not with 503, and waits for nothing."""
    admission = Admission(most=1, queue=1, wait=60)
    admission.enter(None)
    keys = ClientKeys({"team": Secret("client-key-0123456789abcdef")})
    front = Front({}, Surface(MessagesClient, some_ports(), keys, 100), 100, lambda: "id", keys, admission)

    done = await call(front, path="/v1/router/classify")

    assert (done.status, done.headers["x-request-id"]) == (401, "id")
    assert admission.taken == 1
