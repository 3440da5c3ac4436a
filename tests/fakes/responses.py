"""What a client of the Responses API reads: the events of a stream, each held against the openai SDK's own types.

The SDK reads leniently; `events_of` does not: an event without a required member, or with a wrong one, fails the test.
"""

import functools
import json
from typing import Any, get_args

from openai.types.responses import Response, ResponseStreamEvent

LAST = ("response.completed", "response.incomplete", "response.failed")


@functools.cache
def _types() -> dict[str, Any]:
    """Return the SDK's model of each event by its type."""
    models = get_args(get_args(ResponseStreamEvent)[0])
    return {get_args(model.model_fields["type"].annotation)[0]: model for model in models}


def events_of(data: bytes) -> list[dict[str, Any]]:
    """Return the events of a whole stream; AssertionError or ValidationError unless each is as the API has it."""
    events = []
    for number, block in enumerate(data.decode().removesuffix("\n\n").split("\n\n")):
        name, text = block.split("\n")
        event = json.loads(text.removeprefix("data: "))
        assert name == f"event: {event['type']}"
        assert event["sequence_number"] == number
        _types()[event["type"]].model_validate(event)
        events.append(event)
    return events


def response_of(data: bytes) -> dict[str, Any]:
    """Return a whole response object; ValidationError unless it is as the API has it."""
    Response.model_validate_json(data)
    return json.loads(data)


def kinds(events: list[dict[str, Any]]) -> list[str]:
    """Return the types without their common prefix, equal neighbours once."""
    names = [event["type"].removeprefix("response.") for event in events]
    return [name for number, name in enumerate(names) if not number or names[number - 1] != name]


def replayed(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the output that the events before the last one tell of: added items, grown by their deltas alone."""
    output: list[dict[str, Any]] = []
    for event in events:
        kind = event["type"]
        if kind == "response.output_item.added":
            assert event["output_index"] == len(output)
            output.append(event["item"])
        elif kind == "response.content_part.added":
            content = output[event["output_index"]]["content"]
            assert event["content_index"] == len(content)
            content.append(event["part"])
        elif kind == "response.function_call_arguments.delta":
            output[event["output_index"]]["arguments"] += event["delta"]
        elif kind.endswith(".delta"):
            field = "refusal" if kind == "response.refusal.delta" else "text"
            output[event["output_index"]]["content"][event["content_index"]][field] += event["delta"]
        elif kind == "response.output_item.done":
            output[event["output_index"]]["status"] = event["item"]["status"]
            assert output[event["output_index"]] == event["item"]
    return output
