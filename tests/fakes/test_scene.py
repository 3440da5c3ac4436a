"""A scene plays one request and keeps the order of what happened."""

from tests.fakes.reply import FakeReply
from tests.fakes.scene import WHOLE, Scene


async def test_a_scene_plays_a_request() -> None:
    """Intent, record, head and body are in the one journal."""
    scene = Scene(FakeReply(WHOLE))

    await scene.play()

    assert scene.journal == ["intend", "record", "begin", "end"]
    assert scene.client.body == WHOLE
