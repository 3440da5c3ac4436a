"""A request for a message becomes one for a chat completion: each member is said, named as dropped, or refused."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from router.errors import MalformedRequest
from router.wire.anthropic_request import to_chat

HELLO = [{"role": "user", "content": "Hello, Claude"}]
SAID = [{"role": "user", "content": "Hello, Claude"}]
TOOL = {
    "name": "get_weather",
    "description": "Get the current weather in a given location",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
FUNCTION = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Get the current weather in a given location",
        "parameters": TOOL["input_schema"],
    },
}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}


def a_body(**members: Any) -> bytes:
    """Return a body with these members beside the required ones; `...` leaves one out."""
    body = {"model": "auto", "max_tokens": 1024, "messages": HELLO, **members}
    return json.dumps({name: value for name, value in body.items() if value is not ...}).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Members of a request, what they become, and what is named as dropped."""

    id: str
    members: dict[str, Any]
    expected: dict[str, Any] = field(default_factory=dict)
    dropped: tuple[str, ...] = ()


CASES = (
    Case(id="nothing-more", members={}),
    Case(id="null-is-absent", members={"system": None, "temperature": None, "tools": None, "thinking": None}),
    Case(
        id="instructions",
        members={"system": "Be brief."},
        expected={"messages": [{"role": "system", "content": "Be brief."}, *SAID]},
    ),
    Case(
        id="instructions-in-blocks",
        members={"system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}]},
        expected={"messages": [{"role": "system", "content": "Be brief."}, *SAID]},
        dropped=("cache_control",),
    ),
    Case(
        id="a-stream-asks-for-its-usage",
        members={"stream": True},
        expected={"stream": True, "stream_options": {"include_usage": True}},
    ),
    Case(id="no-stream", members={"stream": False}),
    Case(
        id="how-it-is-drawn",
        members={"temperature": 0.7, "top_p": 1, "top_k": 5, "stop_sequences": ["END", "\n\nHuman:"]},
        expected={"temperature": 0.7, "top_p": 1, "stop": ["END", "\n\nHuman:"]},
        dropped=("top_k",),
    ),
    Case(id="no-stops", members={"stop_sequences": []}),
    Case(id="a-tool", members={"tools": [TOOL]}, expected={"tools": [FUNCTION]}),
    Case(
        id="a-tool-with-extras",
        members={
            "tools": [
                TOOL
                | {
                    "type": "custom",
                    "strict": True,
                    "cache_control": {"type": "ephemeral"},
                    "input_examples": [{"city": "Paris"}],
                    "defer_loading": False,
                    "allowed_callers": ["direct"],
                    "eager_input_streaming": True,
                }
            ]
        },
        expected={"tools": [{"type": "function", "function": FUNCTION["function"] | {"strict": True}}]},
        dropped=("cache_control", "tools.eager_input_streaming", "tools.input_examples"),
    ),
    Case(
        id="choice-auto",
        members={"tools": [TOOL], "tool_choice": {"type": "auto"}},
        expected={"tools": [FUNCTION], "tool_choice": "auto"},
    ),
    Case(
        id="choice-any-one-at-a-time",
        members={"tools": [TOOL], "tool_choice": {"type": "any", "disable_parallel_tool_use": True}},
        expected={"tools": [FUNCTION], "tool_choice": "required", "parallel_tool_calls": False},
    ),
    Case(
        id="choice-of-a-tool",
        members={"tools": [TOOL], "tool_choice": {"type": "tool", "name": "get_weather"}},
        expected={"tools": [FUNCTION], "tool_choice": {"type": "function", "function": {"name": "get_weather"}}},
    ),
    Case(
        id="choice-none",
        members={"tools": [TOOL], "tool_choice": {"type": "none"}},
        expected={"tools": [FUNCTION], "tool_choice": "none"},
    ),
    Case(id="a-choice-without-tools", members={"tools": [], "tool_choice": {"type": "auto"}}),
    Case(id="who-asks", members={"metadata": {"user_id": "u-1"}}, expected={"user": "u-1"}),
    Case(id="nobody-asks", members={"metadata": {}}),
    Case(
        id="a-name-longer-than-openai-takes",
        members={"metadata": {"user_id": "u" * 65}},
        dropped=("metadata.user_id",),
    ),
    Case(id="no-thinking", members={"thinking": {"type": "disabled"}}),
    *(
        Case(
            id=f"a-budget-of-{budget}",
            members={"thinking": {"type": "enabled", "budget_tokens": budget}},
            expected={"reasoning_effort": effort},
            dropped=("thinking.budget_tokens",),
        )
        for budget, effort in ((1024, "low"), (4096, "medium"), (16383, "medium"), (16384, "high"), (60000, "high"))
    ),
    Case(id="thinking-as-it-likes", members={"thinking": {"type": "adaptive"}}, dropped=("thinking",)),
    Case(
        id="thinking-with-an-effort",
        members={"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}},
        expected={"reasoning_effort": "low"},
    ),
    Case(
        id="an-effort-that-openai-does-not-know",
        members={"thinking": {"type": "between_tools"}, "output_config": {"effort": "max"}},
        expected={"reasoning_effort": "high"},
        dropped=("output_config.effort",),
    ),
    Case(
        id="an-effort-without-thinking",
        members={"output_config": {"effort": "medium"}},
        dropped=("output_config.effort",),
    ),
    Case(
        id="a-form",
        members={"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}},
        expected={
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "answer", "strict": True, "schema": SCHEMA},
            }
        },
    ),
    Case(
        id="what-no-upstream-takes",
        members={"service_tier": "auto", "context_management": {"edits": []}, "mcp_servers": [], "speed": "fast"},
        dropped=("context_management", "service_tier", "speed"),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_member_is_said_or_named(case: Case) -> None:
    """What a chat completion can say is said in its words; the rest is in `dropped`, sorted."""
    chat = to_chat(a_body(**case.members))

    base = {"model": "auto", "messages": SAID, "max_completion_tokens": 1024}
    assert json.loads(chat.body) == base | case.expected
    assert chat.dropped == case.dropped


REFUSED = (
    ("model", {"model": ...}),
    ("model", {"model": ""}),
    ("messages", {"messages": ...}),
    ("messages", {"messages": []}),
    ("messages[0].content", {"messages": [{"role": "user", "content": 7}]}),
    ("messages[1]", {"messages": [*HELLO, {"role": "assistant", "content": "The answer is ("}]}),
    ("max_tokens", {"max_tokens": ...}),
    ("max_tokens", {"max_tokens": 0}),
    ("stream", {"stream": "yes"}),
    ("temperature", {"temperature": "hot"}),
    ("stop_sequences[0]", {"stop_sequences": [1]}),
    ("system[0]", {"system": [{"type": "image"}]}),
    ("tools[0]", {"tools": [{"type": "web_search_20250305", "name": "web_search"}]}),
    ("tools[1]", {"tools": [TOOL, {"type": "bash_20250124", "name": "bash"}]}),
    ("tools[0].name", {"tools": [TOOL | {"name": ""}]}),
    ("tools[0].input_schema", {"tools": [{"name": "f"}]}),
    ("tool_choice", {"tool_choice": {"type": "any"}}),
    ("tool_choice.name", {"tools": [TOOL], "tool_choice": {"type": "tool"}}),
    ("tool_choice.type", {"tools": [TOOL], "tool_choice": {"type": "some"}}),
    ("thinking.type", {"thinking": {"type": "loud"}}),
    ("thinking.budget_tokens", {"thinking": {"type": "enabled"}}),
    ("thinking.budget_tokens", {"thinking": {"type": "enabled", "budget_tokens": 0}}),
    ("output_config.effort", {"thinking": {"type": "adaptive"}, "output_config": {"effort": "huge"}}),
    ("output_config.format", {"output_config": {"format": {"type": "regex"}}}),
    ("metadata.user_id", {"metadata": {"user_id": 7}}),
    ("mcp_servers", {"mcp_servers": [{"type": "url", "url": "https://a.example", "name": "a"}]}),
    ("container", {"container": "c-1"}),
    ("inference_geo", {"inference_geo": "us"}),
    (None, {"Bad\r\nName": 1}),
    (None, {f"member_{number}": 1 for number in range(33)}),
)


@pytest.mark.parametrize(("param", "members"), REFUSED)
def test_what_does_not_fit_or_cannot_be_kept_is_refused(param: str | None, members: dict[str, Any]) -> None:
    """A 400 names the field."""
    with pytest.raises(MalformedRequest) as caught:
        to_chat(a_body(**members))

    assert caught.value.param == param


def test_a_refused_tool_is_named() -> None:
    """The reader learns which of its tools it is."""
    with pytest.raises(MalformedRequest, match="'web_fetch_20250910'"):
        to_chat(a_body(tools=[{"type": "web_fetch_20250910", "name": "web_fetch"}]))


def test_only_a_count_may_leave_out_max_tokens() -> None:
    """count_tokens has no such member."""
    chat = to_chat(a_body(max_tokens=...), counting=True)

    assert json.loads(chat.body) == {"model": "auto", "messages": SAID}


@pytest.mark.parametrize(
    ("thinking", "shown"),
    [
        (..., True),
        ({"type": "enabled", "budget_tokens": 2000}, True),
        ({"type": "adaptive", "display": "omitted"}, False),
        ({"type": "disabled"}, False),
    ],
)
def test_whether_thoughts_are_shown(thinking: Any, shown: bool) -> None:
    """They are, unless the client says otherwise."""
    assert to_chat(a_body(thinking=thinking)).shows_thinking is shown


def test_the_stops_are_remembered() -> None:
    """The answer must be told which of them ended it."""
    assert to_chat(a_body(stop_sequences=["END"])).stops == ("END",)


def test_a_schema_keeps_its_bytes() -> None:
    """Numbers and spaces in it are not rewritten."""
    written = b'{ "type":"object","properties":{"n":{"maximum":1.50e3}} }'
    body = a_body(tools=[TOOL | {"input_schema": "HERE"}]).replace(b'"HERE"', written)

    assert written in to_chat(body).body
