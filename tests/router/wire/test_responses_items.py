"""Input items to the messages of a chat completion."""

import json
from dataclasses import dataclass

import pytest
from msgspec import Raw

from router.errors import MalformedRequest
from router.wire.responses_items import Conversation, add_items

CALL = {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "f", "arguments": '{"a": 1}'}
OUTPUT = {"type": "function_call_output", "call_id": "c1", "output": "42"}
TOOL_CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}


def said(text, role="user"):
    return {"role": role, "content": text}


def answered(*parts, **rest):
    return {
        "type": "message",
        "id": "msg_1",
        "status": "completed",
        "role": "assistant",
        "content": list(parts),
        **rest,
    }


def output_text(text):
    return {"type": "output_text", "text": text, "annotations": []}


def thought(text):
    return {"type": "reasoning", "id": "rs_1", "summary": [], "content": [{"type": "reasoning_text", "text": text}]}


def converse(items):
    """Return the conversation that `items` make."""
    conversation = Conversation()
    add_items(conversation, [Raw(json.dumps(item).encode()) for item in items])
    conversation.end()
    return conversation


@dataclass(frozen=True)
class Case:
    id: str
    items: list
    expected: list
    dropped: tuple = ()


CASES = [
    Case("a plain message", [said("hi")], [said("hi")]),
    Case("typed", [{"type": "message", **said("hi")}], [said("hi")]),
    Case("developer is system", [said("be brief", "developer"), said("hi")], [said("be brief", "system"), said("hi")]),
    Case("one text part is a string", [said([{"type": "input_text", "text": "hi"}])], [said("hi")]),
    Case(
        "text and picture",
        [
            said(
                [
                    {"type": "input_text", "text": "what is it?"},
                    {"type": "input_image", "image_url": "data:image/png;base64,AA==", "detail": "low"},
                    {"type": "input_image", "image_url": "https://example.com/a.png"},
                ]
            )
        ],
        [
            said(
                [
                    {"type": "text", "text": "what is it?"},
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA==", "detail": "low"}},
                    {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
                ]
            )
        ],
    ),
    Case("no parts", [said([])], [said("")]),
    Case("an answer", [answered(output_text("a"))], [said("a", "assistant")]),
    Case("an easy answer", [said("a", "assistant")], [said("a", "assistant")]),
    Case(
        "an answer in parts",
        [answered(output_text("a"), output_text("b"))],
        [said([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], "assistant")],
    ),
    Case("a refusal", [answered({"type": "refusal", "refusal": "no"})], [said("no", "assistant")]),
    Case(
        "two answers",
        [said("a", "assistant"), said("b", "assistant")],
        [said("a", "assistant"), said("b", "assistant")],
    ),
    Case(
        "a call and its output",
        [CALL, OUTPUT],
        [
            {"role": "assistant", "content": None, "tool_calls": [TOOL_CALL]},
            {"role": "tool", "tool_call_id": "c1", "content": "42"},
        ],
    ),
    Case(
        "text and parallel calls are one message",
        [
            answered(output_text("I look")),
            CALL,
            {**CALL, "call_id": "c2"},
            OUTPUT,
            {**OUTPUT, "call_id": "c2", "output": [{"type": "input_text", "text": "43"}]},
        ],
        [
            {"role": "assistant", "content": "I look", "tool_calls": [TOOL_CALL, {**TOOL_CALL, "id": "c2"}]},
            {"role": "tool", "tool_call_id": "c1", "content": "42"},
            {"role": "tool", "tool_call_id": "c2", "content": "43"},
        ],
    ),
    Case(
        "an output in parts",
        [CALL, {**OUTPUT, "output": [{"type": "input_text", "text": "4"}, {"type": "input_text", "text": "2"}]}],
        [
            {"role": "assistant", "content": None, "tool_calls": [TOOL_CALL]},
            {
                "role": "tool",
                "tool_call_id": "c1",
                "content": [{"type": "text", "text": "4"}, {"type": "text", "text": "2"}],
            },
        ],
    ),
    Case(
        "one step after another",
        [CALL, OUTPUT, {**CALL, "call_id": "c2"}],
        [
            {"role": "assistant", "content": None, "tool_calls": [TOOL_CALL]},
            {"role": "tool", "tool_call_id": "c1", "content": "42"},
            {"role": "assistant", "content": None, "tool_calls": [{**TOOL_CALL, "id": "c2"}]},
        ],
    ),
    Case(
        "a thought goes with what follows it",
        [thought("t"), answered(output_text("a")), thought("u"), CALL],
        [
            {"role": "assistant", "content": "a", "reasoning_content": "t"},
            {"role": "assistant", "content": None, "reasoning_content": "u", "tool_calls": [TOOL_CALL]},
        ],
    ),
    Case(
        "a thought that nothing follows",
        [thought("t"), said("hi")],
        [said("hi")],
        dropped=("input.reasoning",),
    ),
    Case(
        "a thought that only its maker can read",
        [{"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAAA"}, said("a", "assistant")],
        [said("a", "assistant")],
        dropped=("input.reasoning",),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_items_become_messages(case) -> None:
    """What belongs together is one message; what is left out is named."""
    conversation = converse(case.items)

    assert conversation.messages == case.expected
    assert conversation.dropped == set(case.dropped)


@dataclass(frozen=True)
class Refused:
    id: str
    items: list
    param: str
    words: str = ""


REFUSED = [
    Refused("stored item", [{"type": "item_reference", "id": "msg_1"}], "input[0].type", "item_reference"),
    Refused("stored item without a type", [{"id": "msg_1"}], "input[0].type", "item_reference"),
    Refused("web search", [said("a"), {"type": "web_search_call", "id": "w"}], "input[1].type", "web_search_call"),
    Refused("computer", [{"type": "computer_call_output", "output": {}}], "input[0].type", "computer_call_output"),
    Refused("compaction", [{"type": "compaction", "encrypted_content": "x"}], "input[0].type", "compaction"),
    Refused("free words as a type", [{"type": "my secret"}], "input[0].type", "unknown"),
    Refused("file", [said([{"type": "input_file", "file_id": "f"}])], "input[0].content[0].type", "input_file"),
    Refused("audio", [said([{"type": "input_audio"}])], "input[0].content[0].type", "input_audio"),
    Refused("stored picture", [said([{"type": "input_image", "file_id": "f"}])], "input[0].content[0].file_id"),
    Refused("no picture", [said([{"type": "input_image"}])], "input[0].content[0].image_url", "required"),
    Refused("no text", [said([{"type": "input_text"}])], "input[0].content[0].text", "required"),
    Refused("no refusal", [answered({"type": "refusal", "text": "no"})], "input[0].content[0].refusal", "required"),
    Refused("picture in an answer", [answered({"type": "input_image"})], "input[0].content[0].type"),
    Refused(
        "picture from a tool",
        [CALL, {**OUTPUT, "output": [{"type": "input_image", "image_url": "data:"}]}],
        "input[1].output[0].type",
    ),
    Refused("output without its call", [OUTPUT], "input[0].call_id", "no function_call before it"),
    Refused("call without a name", [{"type": "function_call", "call_id": "c"}], "input[0].name", "required"),
    Refused("unknown role", [said("a", "tool")], "input[0].role"),
    Refused("content of a wrong kind", [said(3)], "input[0].content"),
    Refused("no item", [3], "input[0]"),
    Refused("an id that is no text", [said("a"), {**said("b"), "id": 5}], "input[1].id"),
    Refused("an id that is a list", [{**CALL, "id": ["x"]}], "input[0].id"),
    Refused("a status that is no text", [{**CALL, "status": {}}], "input[0].status"),
]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.id)
def test_what_cannot_be_kept_is_refused_by_name(case) -> None:
    """The error names the field and what to do; it repeats nothing that was written freely."""
    with pytest.raises(MalformedRequest) as caught:
        converse(case.items)

    assert caught.value.param == case.param
    assert case.param in caught.value.message
    assert case.words in caught.value.message
    assert caught.value.fix
    assert "secret" not in caught.value.message


def test_calls_without_an_output_are_named() -> None:
    """OpenAI answers 400 as well; what has its output, also before other calls, is none of them."""
    conversation = converse([CALL, OUTPUT, {**CALL, "call_id": "c2"}, {**CALL, "call_id": "my own"}, said("So?")])

    with pytest.raises(MalformedRequest, match=r"no output for the function_call of c2, \(another\)\.") as caught:
        conversation.require_outputs()
    assert caught.value.param == "input"
