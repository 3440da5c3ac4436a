"""A client of Anthropic's Messages API reads a stream: events out of bytes, blocks out of events, and their order."""

import json
from typing import Any

_MEMBERS = {
    "text_delta": ("text", "text"),
    "thinking_delta": ("thinking", "thinking"),
    "input_json_delta": ("json", "partial_json"),
}
"""What each kind of delta adds to, in a block as it is put together here, and where it says it."""


def parsed(data: bytes) -> list[dict[str, Any]]:
    """Return the data of each event, whose name is its type."""
    found = []
    for piece in data.split(b"\n\n")[:-1]:
        name, payload = piece.split(b"\n")
        found.append(json.loads(payload.removeprefix(b"data: ")))
        assert name == b"event: " + found[-1]["type"].encode()
    return found


def blocks(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put the blocks together as a client does; each begins when the one before has ended. Arguments are in `json`."""
    whole: list[dict[str, Any]] = []
    open_block: int | None = None
    for told in events:
        if told["type"] == "content_block_start":
            assert (open_block, told["index"]) == (None, len(whole))
            open_block = told["index"]
            whole.append({**told["content_block"], "json": ""})
        elif told["type"] == "content_block_delta":
            assert told["index"] == open_block
            member, place = _MEMBERS[told["delta"]["type"]]
            whole[-1][member] += told["delta"][place]
        elif told["type"] == "content_block_stop":
            assert told["index"] == open_block
            open_block = None
    assert open_block is None
    return whole
