"""The fake reply and the fake send do what they are told."""

import pytest

from router.errors import UpstreamTimeout
from router.wire.call import UpstreamCall
from tests.fakes.reply import FakeReply, FakeSend
from tests.fakes.values import a_provider

CALL = UpstreamCall(provider=a_provider(), url="http://127.0.0.1:9/v1", body=b"{}")


async def test_chunks_then_a_failure() -> None:
    """What was sent arrives before the failure does."""
    reply = FakeReply(b"a", b"b", then=UpstreamTimeout("late"))
    chunks = reply.chunks()

    seen = [await anext(chunks), await anext(chunks)]
    with pytest.raises(UpstreamTimeout):
        await anext(chunks)
    await reply.close()

    assert (seen, reply.closed) == ([b"a", b"b"], 1)


async def test_sends_play_in_order() -> None:
    """The first play answers the first call."""
    send = FakeSend(UpstreamTimeout("late"), FakeReply())

    with pytest.raises(UpstreamTimeout):
        await send(CALL)
    assert (await send(CALL)).status == 200
    assert send.calls == [CALL, CALL]
