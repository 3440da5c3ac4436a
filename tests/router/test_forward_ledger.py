"""The shell and a ledger that is slow or away: no answer without its row, nothing paid that could not be accounted."""

import pytest

from router.errors import LedgerUnavailable, UpstreamTimeout
from router.ledger.entry import EntryStatus
from router.ports import Refusal
from tests.fakes.reply import SSE, FakeReply
from tests.fakes.scene import STREAM, WHOLE, Scene


async def test_an_answer_that_cannot_be_accounted_is_not_given() -> None:
    """Without its row a whole answer is a 503 that names the ledger."""
    scene = Scene(FakeReply(WHOLE), error=LedgerUnavailable("disk full"))

    with pytest.raises(Refusal) as caught:
        await scene.play()

    assert (caught.value.error.status, caught.value.error.code) == (503, "ledger_unavailable")
    assert not caught.value.error.again  # it was paid, and the next would be


async def test_after_that_the_next_request_costs_nothing() -> None:
    """While the ledger is known not to take rows, no upstream is called."""
    scene = Scene(FakeReply(WHOLE), error=LedgerUnavailable("disk full"))
    with pytest.raises(Refusal):
        await scene.play()

    with pytest.raises(Refusal) as caught:
        await scene.play()

    assert caught.value.error.code == "ledger_unavailable"
    assert caught.value.error.again
    assert len(scene.send.calls) == 1


async def test_a_stream_that_cannot_be_accounted_is_not_completed() -> None:
    """Without its row a stream ends in an error, not in [DONE]."""
    scene = Scene(FakeReply(*STREAM, headers=SSE), error=LedgerUnavailable("disk full"))

    await scene.play(stream=True)

    assert b"[DONE]" not in scene.client.body
    assert b"ledger_unavailable" in scene.client.body


async def test_a_slow_ledger_is_not_the_upstreams_time_out() -> None:
    """The deadline bounds the upstreams; an answer that is there is delivered however long its row takes."""
    scene = Scene(FakeReply(WHOLE), deadline=0.05)
    scene.ledger.delay = 0.15

    await scene.play()

    assert scene.client.body == WHOLE
    assert [entry.status for entry in scene.ledger.entries] == [EntryStatus.OK]


async def test_each_call_is_kept_before_it_leaves() -> None:
    """The intent of an attempt is there when the upstream is asked, with those before it; so is the row's id."""
    scene = Scene(UpstreamTimeout("late"), FakeReply(WHOLE))

    await scene.play()

    first, second = scene.ledger.intents
    [entry] = scene.ledger.entries
    assert scene.journal[:2] == ["intend", "intend"]
    assert (first.upstream, first.attempts) == ("small", ())
    assert (second.upstream, [attempt.ending for attempt in second.attempts]) == ("large", ["timeout"])
    assert {first.decision_id, second.decision_id} == {entry.decision_id}


async def test_what_cannot_be_kept_is_not_sent() -> None:
    """Without room for the intent, no upstream is called and none is blamed."""
    scene = Scene(FakeReply(WHOLE), error=LedgerUnavailable("disk full"))
    scene.ledger.takes_intents = False

    with pytest.raises(Refusal) as caught:
        await scene.play()

    assert (caught.value.error.status, caught.value.error.code) == (503, "ledger_unavailable")
    assert scene.send.calls == []
