"""The client that keeps every byte: what is complete, and what broke off."""

import pytest

from tests.fakes import behaviour
from tests.fakes.caller import ask
from tests.fakes.killing import billed, number_of
from tests.fakes.upstream import Behaviour, FakeUpstream


@pytest.mark.parametrize(
    ("play", "stream", "complete", "done"),
    [
        (behaviour.ok(), False, True, False),
        (behaviour.stream(3), True, True, True),
        (behaviour.stream(3, done=False), True, True, False),
        (behaviour.reset_before_headers(), False, False, False),
        (behaviour.reset_mid_stream(), True, False, False),
    ],
    ids=["whole", "stream", "stream without its end", "nothing", "half"],
)
async def test_what_came_back(play: Behaviour, stream: bool, complete: bool, done: bool) -> None:
    """Complete as HTTP says it is not the same as done."""
    async with FakeUpstream() as upstream:
        upstream.script(play)
        answer = await ask(upstream.port, stream=stream, number=7)
        [seen] = upstream.seen

    assert (answer.complete, answer.done, answer.broke is None) == (complete, done, complete)
    assert number_of(seen.body) == 7


async def test_a_port_where_nobody_listens() -> None:
    """A refused connection is an answer of its own."""
    async with FakeUpstream() as upstream:
        port = upstream.port
    answer = await ask(port)

    assert (answer.status, answer.broke) == (0, "ConnectionRefusedError")


def test_each_request_is_billed_otherwise() -> None:
    """So that a row of another request would be noticed."""
    assert len({billed(number) for number in range(1, 1000)}) == 999
