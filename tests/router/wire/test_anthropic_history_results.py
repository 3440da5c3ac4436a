"""Which results of tools have a place in a conversation: those of the calls in the assistant's turn before."""

import json
from typing import Any

import pytest

from router.errors import MalformedRequest
from router.wire.anthropic_history import History
from router.wire.anthropic_schema import decode_messages


def history(*messages: dict[str, Any]) -> History:
    """Return what messages become."""
    written = History()
    for number, message in enumerate(decode_messages(json.dumps(messages))):
        written.add(message, f"messages[{number}]")
    return written


def use(call: str = "toolu_1") -> dict[str, Any]:
    """Return a message that calls a tool."""
    return {"role": "assistant", "content": [{"type": "tool_use", "id": call, "name": "f", "input": {}}]}


def result(call: str = "toolu_1") -> dict[str, Any]:
    """Return a message with the result of a call."""
    return {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call, "content": "x"}]}


SAID = {"role": "assistant", "content": "Well."}


@pytest.mark.parametrize(
    "messages",
    [[result()], [use("other"), result()], [use(), result(), SAID, result()], [result(), use()]],
    ids=["no call", "another call", "a call of an earlier turn", "a call that comes later"],
)
def test_a_result_of_no_call_is_refused(messages: list[dict[str, Any]]) -> None:
    """Anthropic answers 400, and hosts behind would as well, or make something up."""
    with pytest.raises(MalformedRequest, match="it is the result of no tool_use") as caught:
        history(*messages)

    assert caught.value.param is not None
    assert caught.value.param.endswith(".content[0].tool_use_id")


def test_messages_in_a_row_are_one_turn() -> None:
    """Calls of two messages may be answered in two messages, instructions between them."""
    written = history(use(), use("toolu_2"), {"role": "system", "content": "Be brief."}, result(), result("toolu_2"))

    assert [message["role"] for message in written.messages] == ["assistant", "assistant", "system", "tool", "tool"]
