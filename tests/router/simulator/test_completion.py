"""Simulated answers have the form that the OpenAI SDK reads."""

import json
from typing import Any

import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from router.simulator.answer import Answer, ToolCall
from router.simulator.completion import completion, events, usage

CALL = ToolCall(id="call_1", kind="function", name="get_weather", arguments='{"city": "a town with a long name"}')
CUSTOM = ToolCall(id="call_2", kind="custom", name="shell", arguments="simulated")
ABOUT: dict[str, Any] = {"name": "chatcmpl-sim-1", "created": 1_760_000_000}


def said(pieces: tuple[str, ...] = ("[simulated m]", " Hi", " there"), *calls: ToolCall) -> Answer:
    return Answer(
        model="m",
        pieces=pieces,
        tool_calls=calls,
        finish_reason="tool_calls" if calls else "stop",
        prompt_tokens=20,
        cached_tokens=8,
        completion_tokens=3,
    )


def parsed(answer: Answer, *, choices: int = 1, with_usage: bool = False) -> list[ChatCompletionChunk]:
    raw = list(events(answer, choices=choices, with_usage=with_usage, **ABOUT))
    assert raw[-1] == b"data: [DONE]\n\n"
    return [ChatCompletionChunk.model_validate(json.loads(one.removeprefix(b"data: "))) for one in raw[:-1]]


@pytest.mark.parametrize("answer", [said(), said((), CALL), said((), CUSTOM)], ids=["text", "call", "custom call"])
def test_a_completion_reads_as_one(answer):
    """The SDK's types accept it, with the same content, and the counts add up."""
    read = ChatCompletion.model_validate(completion(answer, **ABOUT))
    assert read.choices[0].message.content == (answer.text or None)
    assert [call.id for call in read.choices[0].message.tool_calls or ()] == [call.id for call in answer.tool_calls]
    assert read.usage is not None
    assert read.usage.total_tokens == read.usage.prompt_tokens + read.usage.completion_tokens == 23
    assert read.usage.prompt_tokens_details is not None
    assert read.usage.prompt_tokens_details.cached_tokens == 8


def test_the_chunks_add_up_to_the_text():
    """Concatenated, the deltas are the answer; the last names why it ends."""
    chunks = parsed(said())
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "[simulated m] Hi there"
    assert [chunk.choices[0].finish_reason for chunk in chunks] == [None] * 4 + ["stop"]
    assert chunks[0].choices[0].delta.role == "assistant"


@pytest.mark.parametrize("call", [CALL, CUSTOM], ids=["function", "custom"])
def test_the_chunks_add_up_to_the_tool_call(call):
    """Name and id come first, the arguments in pieces."""
    raw = [json.loads(one[6:]) for one in events(said((), call), choices=1, with_usage=False, **ABOUT) if b"{" in one]
    deltas = [part for chunk in raw for part in chunk["choices"][0]["delta"].get("tool_calls", ())]
    field = "arguments" if call.kind == "function" else "input"
    assert deltas[0]["id"] == call.id
    assert deltas[0][call.kind]["name"] == call.name
    assert "".join(part[call.kind][field] for part in deltas) == call.arguments
    assert raw[-1]["choices"][0]["finish_reason"] == "tool_calls"


def test_usage_comes_only_when_it_is_asked_for():
    """With include_usage the last chunk has it and no choice, and the others have null."""
    assert not [chunk for chunk in parsed(said()) if chunk.usage]
    *chunks, last = parsed(said(), with_usage=True)
    assert not [chunk for chunk in chunks if chunk.usage]
    assert last.choices == []
    assert last.usage is not None
    assert last.usage.model_dump()["prompt_tokens"] == usage(said())["prompt_tokens"] == 20


def test_several_choices_are_paid_for():
    """With n = 2 there are two choices and twice the tokens."""
    read = ChatCompletion.model_validate(completion(said(), choices=2, **ABOUT))
    assert [choice.index for choice in read.choices] == [0, 1]
    assert read.usage is not None
    assert read.usage.completion_tokens == 6
    assert {chunk.choices[0].index for chunk in parsed(said(), choices=2)} == {0, 1}
