"""The strict reader of Responses answers refuses what the SDK would let pass."""

import json

import pydantic
import pytest

from tests.fakes.responses import events_of, kinds, replayed, response_of

DELTA = {
    "type": "response.output_text.delta",
    "sequence_number": 0,
    "item_id": "msg_1",
    "output_index": 0,
    "content_index": 0,
    "delta": "a",
    "logprobs": [],
}


def written(*events) -> bytes:
    """Return events as a server writes them."""
    return b"".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events)


def test_a_good_event_passes() -> None:
    """What the API has is returned as it is."""
    assert events_of(written(DELTA)) == [DELTA]


@pytest.mark.parametrize("member", ["item_id", "delta", "logprobs", "output_index"])
def test_a_missing_member_is_noticed(member) -> None:
    """A required member may not be missing."""
    with pytest.raises(pydantic.ValidationError):
        events_of(written({key: value for key, value in DELTA.items() if key != member}))


def test_a_wrong_number_is_noticed() -> None:
    """The sequence numbers count from 0 without a gap."""
    with pytest.raises(AssertionError):
        events_of(written(DELTA, DELTA))


def test_a_response_without_its_model_is_noticed() -> None:
    """A response object is held against the SDK's type too."""
    with pytest.raises(pydantic.ValidationError):
        response_of(b'{"id": "resp_1", "object": "response", "output": []}')


def test_deltas_are_added_up() -> None:
    """The output is what the events before the last one say; neighbours of one kind count once."""
    item = {"type": "message", "status": "in_progress", "content": []}
    part = {"type": "output_text", "text": ""}
    events = [
        {"type": "response.output_item.added", "output_index": 0, "item": item},
        {"type": "response.content_part.added", "output_index": 0, "content_index": 0, "part": part},
        DELTA,
        DELTA,
    ]

    assert replayed(events)[0]["content"] == [{"type": "output_text", "text": "aa"}]
    assert kinds(events) == ["output_item.added", "content_part.added", "output_text.delta"]
