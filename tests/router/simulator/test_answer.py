"""What a simulated model says: plain about itself, the same each time, and counted like a real one."""

import json
from typing import Any

import pytest

from router.simulator.answer import Answer, Invalid, Memory, answer

NAMES = ("sim-small", "sim-medium", "sim-large")
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
CLOCK = {"type": "function", "function": {"name": "readClock"}}
FREE = {"type": "custom", "custom": {"name": "shell"}}
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}


def ask(*messages: Any, memory: Memory | None = None, model: str = "sim-small", **fields: Any) -> Answer:
    said = [{"role": "user", "content": one} if isinstance(one, str | list) else one for one in messages]
    return answer(
        {"model": model, "messages": said or [{"role": "user", "content": "Hi"}], **fields}, NAMES, memory or Memory()
    )


def test_the_answer_says_that_it_is_simulated():
    """Nobody can take it for a model's answer."""
    assert ask("Hi").text.startswith("[simulated sim-small] ")
    assert "no model has read your prompt" in ask("Hi").text


def test_the_same_prompt_gets_the_same_answer_and_another_another():
    """The text follows from model and prompt alone."""
    assert ask("Hi").text == ask("Hi").text
    assert len({ask("Hi").text, ask("Ho").text, ask("Hi", model="sim-large").text}) == 3


def test_larger_models_say_more():
    """The order of the names is the order of the answers' lengths."""
    lengths = [ask("Hi", model=name).completion_tokens for name in NAMES]
    assert lengths == sorted(lengths)
    assert len(set(lengths)) == 3


def test_tokens_are_counted_by_bytes():
    """A prompt costs a token for four bytes, an image a flat number, an answer one for each piece."""
    assert ask("x" * 400).prompt_tokens == 100
    assert ask("ü" * 200).prompt_tokens == 100
    assert ask([{"type": "text", "text": "x" * 40}, IMAGE]).prompt_tokens == 95
    said = ask("Hi")
    assert said.completion_tokens == len(said.pieces)


def test_images_are_seen():
    """The answer tells how many images the prompt had."""
    assert "with 2 images" in ask([IMAGE, IMAGE]).text


@pytest.mark.parametrize("field", ["max_tokens", "max_completion_tokens"])
def test_the_token_limit_cuts_the_answer(field):
    """A limit that is reached is kept and named; one that is not changes nothing."""
    cut = ask("Hi", **{field: 3})
    assert (cut.completion_tokens, cut.finish_reason) == (3, "length")
    assert ask("Hi").text.startswith(cut.text)
    assert ask("Hi", **{field: 10_000}).finish_reason == "stop"


@pytest.mark.parametrize(
    ("tools", "choice", "prompt", "called"),
    [
        ([WEATHER, CLOCK], "required", "Hi", "get_weather"),
        ([WEATHER, CLOCK], {"type": "function", "function": {"name": "readClock"}}, "Hi", "readClock"),
        ([WEATHER, CLOCK], "auto", "How is the weather in Rome?", "get_weather"),
        ([WEATHER, CLOCK], "auto", "Look at the clock", "readClock"),
        ([WEATHER, CLOCK], "auto", "Hi", None),
        ([WEATHER], "none", "How is the weather?", None),
        ([FREE], {"type": "custom", "custom": {"name": "shell"}}, "Hi", "shell"),
        ([], "required", "Hi", None),
        (["broken", {"type": "function"}], "required", "Hi", None),
    ],
)
def test_a_tool_is_called_when_it_is_asked_for(tools, choice, prompt, called):
    """A forced tool is called, else one whose name the prompt plainly speaks of."""
    said = ask(prompt, tools=tools, tool_choice=choice)
    assert [call.name for call in said.tool_calls] == ([called] if called else [])
    assert said.finish_reason == ("tool_calls" if called else "stop")
    assert bool(said.text) is (called is None)


def test_a_tools_arguments_keep_to_its_parameters():
    """The arguments are JSON that the schema allows."""
    call = ask("Hi", tools=[WEATHER], tool_choice="required").tool_calls[0]
    assert json.loads(call.arguments) == {"city": "simulated"}


def test_a_tools_result_is_answered_in_words():
    """After a tool has answered, the model does not call it again."""
    result = {"role": "tool", "tool_call_id": "c", "content": "the weather is fine"}
    assert ask("weather?", result, tools=[WEATHER]).text


def test_forms_are_filled():
    """A JSON object and a JSON schema are answered with just that."""
    assert json.loads(ask("Hi", response_format={"type": "json_object"}).text)["simulated"] is True
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    wanted = {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}}
    assert json.loads(ask("Hi", response_format=wanted).text) == {"n": 0}


def test_repeated_beginnings_are_cached():
    """What a conversation repeats is cached, for the same model only, never its last message."""
    memory, first, second = Memory(), "x" * 400, "y" * 80
    reply = {"role": "assistant", "content": "z" * 40}
    assert ask(first, memory=memory).cached_tokens == 0
    assert ask(first, memory=memory).cached_tokens == 0
    assert ask(first, reply, second, memory=memory).cached_tokens == 100
    assert ask(first, reply, second, memory=memory).cached_tokens == 110
    assert ask(first, reply, second, memory=memory, model="sim-large").cached_tokens == 0
    assert ask("other", reply, second, memory=memory).cached_tokens == 0


def test_the_memory_is_bounded():
    """The oldest beginnings are forgotten."""
    memory = Memory(limit=2)
    for prompt in ("one", "two", "three"):
        ask(prompt, "go on", memory=memory)
    assert ask("three", "more", memory=memory).cached_tokens == 2
    assert ask("one", "more", memory=memory).cached_tokens == 0


@pytest.mark.parametrize(
    "fields",
    [
        {"messages": None},
        {"messages": []},
        {"messages": ["Hi"]},
        {"messages": [{"content": "Hi"}]},
        {"messages": [{"role": "user", "content": 5}]},
        {"tools": [WEATHER], "tool_choice": {"type": "function", "function": {"name": "other"}}},
        {"response_format": {"type": "json_schema", "json_schema": {"schema": False}}},
        {"response_format": {"type": "json_schema", "json_schema": "text"}},
        {"response_format": {"type": "json_schema", "json_schema": {"schema": {"type": "string", "minLength": "x"}}}},
        {"tools": [{"type": "function", "function": {"name": "f", "parameters": 5}}], "tool_choice": "required"},
    ],
    ids=str,
)
def test_a_request_that_is_none_is_refused(fields):
    """Each fault names its field."""
    with pytest.raises(Invalid) as caught:
        answer({"model": "sim-small", "messages": [{"role": "user", "content": "Hi"}], **fields}, NAMES, Memory())
    assert caught.value.param in fields
