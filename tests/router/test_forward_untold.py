"""An answer that the client's side cannot tell: found before the row is written, and the next upstream is asked."""

import json

import pytest

from router.ports import Refusal
from tests.fakes.completion import completion, usage
from tests.fakes.reply import FakeReply
from tests.fakes.scene import WHOLE, Scene

OTHER = json.dumps(completion("Rome.", tokens=usage())).encode()


async def test_an_answer_that_cannot_be_told_is_the_upstreams_failure() -> None:
    """The next one's is delivered and booked."""
    scene = Scene(FakeReply(WHOLE), FakeReply(OTHER))
    scene.client.unspeakable = WHOLE

    await scene.play()

    assert scene.client.body == OTHER
    [entry] = scene.ledger.entries
    assert (entry.status, [attempt.ending for attempt in entry.attempts]) == ("ok", ["broken", "answered"])


async def test_nobody_whose_answer_can_be_told_is_a_failed_request() -> None:
    """The row says what the client got."""
    scene = Scene(FakeReply(WHOLE), FakeReply(WHOLE))
    scene.client.unspeakable = WHOLE

    with pytest.raises(Refusal) as caught:
        await scene.play()

    assert caught.value.error.status == 502
    [entry] = scene.ledger.entries
    assert (entry.status, entry.http_status, entry.error_code) == ("failed", 502, "upstream_broken")
