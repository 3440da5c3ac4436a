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


ASKED = {"role": "user", "content": "And?"}
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


@pytest.mark.parametrize(
    ("messages", "place", "names"),
    [
        ([ASKED, use()], "messages[1]", "toolu_1"),
        ([ASKED, use(), {"role": "user", "content": "So?"}], "messages[1]", "toolu_1"),
        ([use(), result(), SAID, ASKED, use("a"), use("b:2"), result("a")], "messages[5]", "b:2"),
        ([use(), ASKED, SAID], "messages[0]", "toolu_1"),
        ([use("not plain"), ASKED], "messages[0]", "(another)"),
    ],
    ids=["at the end", "a word instead", "one of two", "forgotten since", "an odd id"],
)
def test_a_call_without_a_result_is_refused(messages: list[dict[str, Any]], place: str, names: str) -> None:
    """As Anthropic does, by the ids: hosts behind refuse it too, each in words of its own."""
    with pytest.raises(MalformedRequest) as caught:
        history(*messages).end()

    assert caught.value.param == place
    assert caught.value.message == f"'{place}': tool_use without a tool_result in the message after it: {names}."


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        ([use(), result(), result()], "the tool_use has a result already"),
        ([use(), use(), result()], "another tool_use of this turn has it too"),
    ],
    ids=["two results", "two calls"],
)
def test_calls_and_results_are_pairs(messages: list[dict[str, Any]], words: str) -> None:
    """What could not be matched is refused; a later turn may use an id again, as some families of models do."""
    with pytest.raises(MalformedRequest, match=words):
        history(*messages)
    history(use(), result(), SAID, ASKED, use(), result()).end()


def test_messages_in_a_row_are_one_turn() -> None:
    """Calls of two messages may be answered in two messages, instructions between them."""
    written = history(use(), use("toolu_2"), {"role": "system", "content": "Be brief."}, result(), result("toolu_2"))

    assert [message["role"] for message in written.messages] == ["assistant", "assistant", "system", "tool", "tool"]
