"""The client in tests notices what a real one would stumble over."""

import pytest

from tests.fakes.anthropic_events import blocks, parsed

START = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
DELTA = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "a"}}
STOP = {"type": "content_block_stop", "index": 0}


def test_puts_a_block_together() -> None:
    """Deltas add up."""
    assert blocks([START, DELTA, DELTA, STOP]) == [{"type": "text", "text": "aa", "json": ""}]


@pytest.mark.parametrize("events", [[START, START], [DELTA], [STOP], [START], [START, {**DELTA, "index": 1}]])
def test_notices_a_wrong_order(events: list[dict[str, object]]) -> None:
    """A block that is not open cannot go on, and one that is open must end."""
    with pytest.raises(AssertionError):
        blocks(events)


def test_an_events_name_is_its_type() -> None:
    """Clients go by the name."""
    assert parsed(b'event: ping\ndata: {"type":"ping"}\n\n') == [{"type": "ping"}]
    with pytest.raises(AssertionError):
        parsed(b'event: pong\ndata: {"type":"ping"}\n\n')
