"""A Responses request to a chat completion, member by member."""

import json
from dataclasses import dataclass, field

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types.responses import Response

from router.errors import MalformedRequest
from router.wire.openai_responses import Frame
from router.wire.responses_request import translated

HI = [{"role": "user", "content": "hi"}]
F = {"type": "function", "name": "f", "parameters": {"type": "object"}, "strict": True}
G = {"type": "function", "name": "g", "description": "says g", "parameters": None}
CHAT_F = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}, "strict": True}}
CHAT_G = {"type": "function", "function": {"name": "g", "description": "says g"}}
SCHEMA = {"type": "json_schema", "name": "s", "schema": {"type": "object"}, "strict": True, "description": "d"}


def translate(**members):
    """Return what a request with these members, or the smallest one, is translated to."""
    return translated(json.dumps({"model": "auto", "input": "hi", **members}).encode())


@dataclass(frozen=True)
class Case:
    id: str
    members: dict
    expected: dict = field(default_factory=dict)
    dropped: tuple = ()


CASES = [
    Case("nothing more", {}),
    Case("instructions", {"instructions": "be brief"}, {"messages": [{"role": "system", "content": "be brief"}, *HI]}),
    Case("items", {"input": HI}),
    Case(
        "same under both names",
        {"temperature": 0.5, "top_p": 0.9, "user": "u", "prompt_cache_key": "k"},
        {"temperature": 0.5, "top_p": 0.9, "user": "u", "prompt_cache_key": "k"},
    ),
    Case("nulls", dict.fromkeys(("temperature", "tools", "text", "reasoning", "metadata", "background", "prompt"))),
    Case("limit", {"max_output_tokens": 9}, {"max_completion_tokens": 9}),
    Case("effort", {"reasoning": {"effort": "low"}}, {"reasoning_effort": "low"}),
    Case(
        "a summary nobody writes",
        {"reasoning": {"effort": "low", "summary": "auto"}},
        {"reasoning_effort": "low"},
        ("reasoning.summary",),
    ),
    Case("stream", {"stream": True}, {"stream": True, "stream_options": {"include_usage": True}}),
    Case("no stream", {"stream": False}),
    Case("text", {"text": {"format": {"type": "text"}}}),
    Case("json", {"text": {"format": {"type": "json_object"}}}, {"response_format": {"type": "json_object"}}),
    Case(
        "schema",
        {"text": {"format": SCHEMA, "verbosity": "low"}},
        {
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "s", "schema": {"type": "object"}, "strict": True, "description": "d"},
            }
        },
        ("text.verbosity",),
    ),
    Case(
        "tool that is loaded later",
        {"tools": [{**F, "defer_loading": True, "a b": 1, "output_schema": None}]},
        {"tools": [CHAT_F]},
        ("tools.defer_loading", "unknown"),
    ),
    Case("tools", {"tools": [F, G]}, {"tools": [CHAT_F, CHAT_G]}),
    Case(
        "required",
        {"tools": [F], "tool_choice": "required", "parallel_tool_calls": False},
        {"tools": [CHAT_F], "tool_choice": "required", "parallel_tool_calls": False},
    ),
    Case(
        "one tool",
        {"tools": [F, G], "tool_choice": {"type": "function", "name": "g"}},
        {"tools": [CHAT_F, CHAT_G], "tool_choice": {"type": "function", "function": {"name": "g"}}},
    ),
    Case(
        "some tools",
        {
            "tools": [F, G],
            "tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "g"}]},
        },
        {"tools": [CHAT_G], "tool_choice": "auto"},
    ),
    Case("no tools", {"tools": [], "tool_choice": "auto", "parallel_tool_calls": True}),
    Case(
        "what no upstream is told",
        {
            "store": True,
            "include": ["reasoning.encrypted_content"],
            "truncation": "auto",
            "x-y z": 1,
            "background": False,
        },
        dropped=("include", "store", "truncation", "unknown"),
    ),
    Case("truncation as it is anyway", {"truncation": "disabled"}),
    Case("metadata are given back, not sent", {"metadata": {"a": "b"}}),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_each_member_is_translated_or_named(case) -> None:
    """Nothing is lost without a word, nothing is added."""
    done = translate(**case.members)

    assert json.loads(done.body) == {"model": "auto", "messages": HI} | case.expected
    assert done.dropped == case.dropped


@dataclass(frozen=True)
class Refused:
    id: str
    members: dict
    param: str


REFUSED = [
    Refused("earlier response", {"previous_response_id": "resp_1"}, "previous_response_id"),
    Refused("conversation", {"conversation": {"id": "c"}}, "conversation"),
    Refused("background", {"background": True}, "background"),
    Refused("template", {"prompt": {"id": "p"}}, "prompt"),
    Refused("moderation", {"moderation": {"model": "m"}}, "moderation"),
    Refused("web search", {"tools": [F, {"type": "web_search"}]}, "tools[1].type"),
    Refused("mcp", {"tools": [{"type": "mcp", "server_label": "s"}]}, "tools[0].type"),
    Refused("custom tool", {"tools": [{"type": "custom", "name": "c"}]}, "tools[0].type"),
    Refused("nameless tool", {"tools": [{"type": "function"}]}, "tools[0].name"),
    Refused("parameters of a wrong kind", {"tools": [{**F, "parameters": "x"}]}, "tools[0].parameters"),
    Refused("unknown format", {"text": {"format": {"type": "yaml"}}}, "text.format.type"),
    Refused("nameless schema", {"text": {"format": {"type": "json_schema", "schema": {}}}}, "text.format.name"),
    Refused("no schema", {"text": {"format": {"type": "json_schema", "name": "s"}}}, "text.format.schema"),
    Refused("unknown choice", {"tools": [F], "tool_choice": "any"}, "tool_choice"),
    Refused("choice without tools", {"tool_choice": "required"}, "tool_choice"),
    Refused("choice of no tool", {"tools": [F], "tool_choice": {"type": "function", "name": "x"}}, "tool_choice.name"),
    Refused("choice of a built-in", {"tools": [F], "tool_choice": {"type": "web_search"}}, "tool_choice.type"),
    Refused(
        "choice among no tools",
        {"tools": [F], "tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": [G]}},
        "tool_choice.tools",
    ),
    Refused("nothing to answer", {"input": []}, "input"),
    Refused("no input", {"input": None}, "input"),
]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.id)
def test_what_cannot_be_kept_is_refused_by_name(case) -> None:
    """The error names the field and what to do."""
    with pytest.raises(MalformedRequest) as caught:
        translate(**case.members)

    assert caught.value.param == case.param
    assert f"'{case.param}'" in caught.value.message
    assert caught.value.fix


def test_an_earlier_response_is_refused_with_the_reason() -> None:
    """Whoever names an earlier response learns that none are kept."""
    with pytest.raises(MalformedRequest, match="keeps no responses"):
        translate(previous_response_id="resp_1")


def test_input_is_required() -> None:
    """A body without input asks nothing."""
    with pytest.raises(MalformedRequest) as caught:
        translated(b'{"model":"auto"}')

    assert caught.value.param == "input"


def test_a_schema_survives_byte_for_byte() -> None:
    """What a tool or a format says of JSON is not read, so it cannot change."""
    schema = b'{"type" :"object","properties":{"x":{"const":1.50,"d":"caf\\u00e9"}}}'
    body = (
        b'{"model":"auto","input":"hi","tools":[{"type":"function","name":"f","parameters":' + schema + b"}],"
        b'"text":{"format":{"type":"json_schema","name":"s","schema":' + schema + b"}}}"
    )

    assert translated(body).body.count(schema) == 2


@given(text=st.text(), arguments=st.text(), output=st.text())
def test_texts_survive(text, arguments, output) -> None:
    """What is said, called and put out arrives as it was written."""
    done = translate(
        instructions=text,
        input=[
            {"role": "user", "content": [{"type": "input_text", "text": text}]},
            {"type": "function_call", "call_id": "c", "name": "f", "arguments": arguments},
            {"type": "function_call_output", "call_id": "c", "output": output},
        ],
    )

    system, user, assistant, tool = json.loads(done.body)["messages"]
    assert (system["content"], user["content"]) == (text, text)
    assert assistant["tool_calls"][0]["function"]["arguments"] == arguments
    assert tool["content"] == output


def test_the_session_is_what_the_metadata_say() -> None:
    """A session named in the metadata is found, an empty one is none."""
    assert translate(metadata={"session_id": "s1"}).session == "s1"
    assert translate(metadata={"session_id": ""}).session is None
    assert translate().session is None


def test_the_response_repeats_the_request() -> None:
    """The response object says what was in force, in the API's own terms."""
    members = {
        "instructions": "be brief",
        "temperature": 0.5,
        "max_output_tokens": 9,
        "metadata": {"a": "b"},
        "tools": [F, G],
        "tool_choice": {"type": "function", "name": "f"},
        "parallel_tool_calls": False,
        "text": {"format": SCHEMA},
        "reasoning": {"effort": "low"},
    }
    done = translate(**members, store=True)
    frame = Frame(stem="1", created_at=1, model="m", echo=done.echo)

    response = json.loads(msgspec.json.encode(frame.response("completed")))

    Response.model_validate(response)
    kept = (
        "instructions",
        "temperature",
        "max_output_tokens",
        "metadata",
        "tool_choice",
        "parallel_tool_calls",
        "text",
    )
    assert {name: response[name] for name in kept} == {name: members[name] for name in kept}
    assert response["tools"][0] == F | {"description": None}
    assert response["tools"][1] == G | {"strict": None}
    assert response["reasoning"] == {"effort": "low", "summary": None}
    assert response["store"] is False


NAMES = ("type", "role", "content", "text", "name", "id", "call_id", "output", "arguments", "format", "schema", "tools")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)
MEMBERS = (
    "input",
    "instructions",
    "tools",
    "tool_choice",
    "text",
    "reasoning",
    "metadata",
    "stream",
    "prompt",
    "store",
)


@settings(deadline=None, max_examples=300)
@given(members=st.dictionaries(st.sampled_from(MEMBERS), JSON, max_size=4))
def test_any_json_is_translated_or_refused(members) -> None:
    """Whatever the members hold, the only error is MalformedRequest."""
    try:
        done = translate(**members)
    except MalformedRequest:
        return
    assert json.loads(done.body)["messages"]
