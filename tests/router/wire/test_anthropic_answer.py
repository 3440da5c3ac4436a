"""A whole chat completion becomes a message; what no message can say is an upstream's fault."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.errors import UpstreamBroken
from router.wire.anthropic_answer import Telling, call_id, to_message
from tests.fakes.completion import completion, usage

TELLING = Telling(message_id="msg_1", model="asked-for", input_tokens=5, stops=("END",))


def an_answer(message: dict[str, Any], finish: str = "stop", **more: Any) -> bytes:
    """Return a whole completion of this message."""
    whole = completion(model="small-1", tokens=usage(12, 7))
    whole["choices"] = [{"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish, **more}]
    return json.dumps(whole).encode()


def a_call(arguments: Any = '{"city": "Paris"}', **more: Any) -> dict[str, Any]:
    """Return a call as an upstream writes it."""
    return {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": arguments}, **more}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A message, its end, and what becomes of it."""

    id: str
    message: dict[str, Any]
    content: list[dict[str, Any]]
    finish: str = "stop"
    stop_reason: str = "end_turn"
    stop_sequence: str | None = None
    choice: dict[str, Any] = field(default_factory=dict)


USE = {"type": "tool_use", "id": "call_1", "name": "get_weather", "input": {"city": "Paris"}}

CASES = (
    Case(id="text", message={"content": "Paris."}, content=[{"type": "text", "text": "Paris."}]),
    Case(id="nothing", message={"content": ""}, content=[]),
    Case(
        id="cut-short",
        message={"content": "Par"},
        content=[{"type": "text", "text": "Par"}],
        finish="length",
        stop_reason="max_tokens",
    ),
    Case(
        id="reasoning-comes-first",
        message={"content": "Paris.", "reasoning_content": "Hm."},
        content=[{"type": "thinking", "thinking": "Hm.", "signature": ""}, {"type": "text", "text": "Paris."}],
    ),
    Case(
        id="a-call-that-ends-in-stop",
        message={"content": None, "tool_calls": [a_call({"city": "Paris"})]},
        content=[USE],
        stop_reason="tool_use",
    ),
    Case(
        id="a-call-without-an-id-or-arguments",
        message={"content": None, "tool_calls": [a_call(" ", id=None)]},
        content=[{"type": "tool_use", "id": "toolu_1_0", "name": "get_weather", "input": {}}],
        finish="tool_calls",
        stop_reason="tool_use",
    ),
    Case(
        id="a-refusal",
        message={"content": None, "refusal": "No."},
        content=[{"type": "text", "text": "No."}],
        finish="content_filter",
        stop_reason="refusal",
    ),
    Case(
        id="a-sequence",
        message={"content": "One"},
        content=[{"type": "text", "text": "One"}],
        choice={"stop_reason": "END"},
        stop_reason="stop_sequence",
        stop_sequence="END",
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_an_answer_becomes_a_message(case: Case) -> None:
    """Every part of the answer is a block, and the end has Anthropic's name."""
    told = json.loads(to_message(an_answer(case.message, case.finish, **case.choice), TELLING))

    assert told == {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "small-1",
        "content": case.content,
        "stop_reason": case.stop_reason,
        "stop_sequence": case.stop_sequence,
        "usage": {"input_tokens": 12, "output_tokens": 7},
    }


def test_several_calls_keep_their_order_and_ids() -> None:
    """Parallel calls are blocks one after the other."""
    calls = [a_call(), a_call('{"city": "Rome"}', id="call_2")]
    told = json.loads(to_message(an_answer({"content": "Let me see.", "tool_calls": calls}, "tool_calls"), TELLING))

    assert told["content"] == [
        {"type": "text", "text": "Let me see."},
        USE,
        USE | {"id": "call_2", "input": {"city": "Rome"}},
    ]
    assert told["stop_reason"] == "tool_use"


def test_what_the_answer_does_not_say() -> None:
    """The model is then the upstream's, the usage the ledger's estimate."""
    whole = completion("12345678", tokens=None)
    del whole["model"]
    told = json.loads(to_message(json.dumps(whole).encode(), TELLING))

    assert (told["model"], told["usage"]) == ("asked-for", {"input_tokens": 5, "output_tokens": 2})


def test_thoughts_that_are_not_wanted_stay_here() -> None:
    """A client that switched thinking off gets the text alone; what was thought is counted all the same."""
    telling = Telling(message_id="msg_1", model="m", input_tokens=5, shows_thinking=False)
    whole = json.loads(an_answer({"content": "Paris.", "reasoning_content": "Hmm..."}))
    del whole["usage"]
    told = json.loads(to_message(json.dumps(whole).encode(), telling))

    assert told["content"] == [{"type": "text", "text": "Paris."}]
    assert told["usage"]["output_tokens"] == 3


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b'{"choices":[]}',
        b'{"choices":[{"message":{"content":[7]}}]}',
        an_answer({"content": None, "tool_calls": [{"id": "call_1"}]}),
        an_answer({"content": None, "tool_calls": [{"id": "call_1", "function": {"arguments": "{}"}}]}),
    ],
)
def test_what_no_message_can_say(data: bytes) -> None:
    """It is the upstream that broke, and its words are not repeated."""
    with pytest.raises(UpstreamBroken) as caught:
        to_message(data, TELLING)

    assert "city" not in caught.value.message


@pytest.mark.parametrize("arguments", ["[1]", '{"city": ', "7"])
def test_arguments_that_are_no_object_become_an_empty_input(arguments: str) -> None:
    """The answer is paid and mostly cut short: it is told as far as a message can."""
    told = json.loads(to_message(an_answer({"content": None, "tool_calls": [a_call(arguments)]}), TELLING))
    assert [block["input"] for block in told["content"]] == [{}]


WORDS = st.text(alphabet=st.characters(exclude_categories=("Cs",)), min_size=1)


@given(words=WORDS, thought=WORDS)
def test_text_survives(words: str, thought: str) -> None:
    """Text and reasoning come through as they were said."""
    told = json.loads(to_message(an_answer({"content": words, "reasoning_content": thought}), TELLING))

    assert [block.get("thinking", block.get("text")) for block in told["content"]] == [thought, words]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)


@given(value=st.dictionaries(WORDS, JSON, max_size=4), indent=st.sampled_from([None, 2]))
def test_arguments_survive(value: dict[str, Any], indent: int | None) -> None:
    """The input is the very text of the arguments."""
    arguments = json.dumps(value, ensure_ascii=False, indent=indent)
    told = to_message(an_answer({"content": None, "tool_calls": [a_call(arguments)]}), TELLING)

    assert json.loads(told)["content"][0]["input"] == value
    assert arguments.encode() in told


def test_a_made_up_id_names_its_message() -> None:
    """Two calls of one message differ, and so do those of two messages."""
    assert call_id("msg_ab", 1) == "toolu_ab_1"
