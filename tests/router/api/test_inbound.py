"""Bytes to Request: what the decision needs is read, what is wrong is a 400 that names the field and no value."""

import contextlib
import json
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.prompt import Prompt
from classifier.tier import Tier
from router.api.inbound import read
from router.errors import MalformedRequest
from router.request import Needs
from router.wire.tokens import LIKELY_IMAGE_TOKENS, MESSAGE_TOKENS, SAFE_IMAGE_TOKENS

HI = [{"role": "user", "content": "hi"}]


def read_raw(body, **meta):
    return read(body, request_id="req", caller="someone", **meta)


def read_body(**members):
    return read_raw(json.dumps({"model": "auto", "messages": HI, **members}).encode())


def test_reads_a_plain_request():
    """The body is kept as it is and the model's place in it is known."""
    body = b' {"messages":[{"role":"user","content":"hi"}],"model" : "auto","odd":[1e400]} '
    request = read_raw(body, floor=Tier.HARD, session="s-1")
    assert (request.id, request.caller, request.model_asked, request.body) == ("req", "someone", "auto", body)
    assert body[slice(*request.model_at)] == b'"auto"'
    assert request.prompt == Prompt.of([("user", "hi")])
    assert request.needs == Needs(context_tokens=1 + MESSAGE_TOKENS)
    assert request.input_tokens == 1 + MESSAGE_TOKENS
    assert (request.stream, request.wants_usage, request.floor, request.session) == (False, False, Tier.HARD, "s-1")


@dataclass(frozen=True)
class Needing:
    id: str
    members: dict[str, Any]
    needs: dict[str, Any]
    prompt: dict[str, Any] = field(default_factory=dict)


TOOL = {"type": "function", "function": {"name": "f", "parameters": {"model": "x"}}}
PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 90_000}}
SCHEMA = {"type": "json_schema", "json_schema": {"name": "x", "schema": {}}}

NEEDING = [
    Needing("nothing", {"tools": [], "tool_choice": {"odd": 1}, "reasoning_effort": None}, {}),
    Needing("tools", {"tools": [TOOL, TOOL]}, {"tools": True, "tool_count": 2}, {"tools": 2}),
    Needing("functions", {"functions": [TOOL["function"]]}, {"tools": True, "tool_count": 1}, {"tools": 1}),
    Needing("json-schema", {"response_format": SCHEMA}, {"json_schema": True}, {"json_output": True}),
    Needing("json-object", {"response_format": {"type": "json_object"}}, {}, {"json_output": True}),
    Needing("text", {"response_format": {"type": "text"}}, {}),
    Needing("effort", {"reasoning_effort": "high"}, {"reasoning": True}),
    Needing("effort-none", {"reasoning_effort": "none"}, {}),
    Needing("effort-minimal", {"reasoning_effort": "minimal"}, {}),
    Needing("max-tokens", {"max_tokens": 7}, {"max_output_tokens": 7}),
    Needing("newer-limit", {"max_tokens": 7, "max_completion_tokens": 9}, {"max_output_tokens": 9}),
    Needing("limit-null", {"max_tokens": 7, "max_completion_tokens": None}, {"max_output_tokens": 7}),
    Needing("picture", {"messages": [{"role": "user", "content": [PICTURE]}]}, {"images": True}, {"images": 1}),
    Needing("sound", {"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]}, {"audio": True}),
    Needing("spoken", {"modalities": ["text", "audio"]}, {"audio": True}),
    Needing("one-call", {"messages": [{"role": "assistant", "tool_calls": [TOOL]}]}, {}),
    Needing("two-calls", {"messages": [{"role": "assistant", "tool_calls": [TOOL] * 2}]}, {"parallel_tools": True}),
    Needing("odd-calls", {"messages": [{"role": "assistant", "tool_calls": {}}], "modalities": "audio"}, {}),
]
NO_NEEDS = Needs(context_tokens=0)


@pytest.mark.parametrize("case", NEEDING, ids=lambda case: case.id)
def test_knows_what_is_needed(case):
    """Capabilities and limits are read from the members that ask for them."""
    request = read_body(**case.members)
    prompt = {"tools": 0, "images": 0, "json_output": False}
    assert replace(request.needs, context_tokens=0) == replace(NO_NEEDS, **case.needs)
    assert {name: getattr(request.prompt, name) for name in prompt} == prompt | case.prompt


def test_joins_the_text_parts():
    """Text parts become one turn; pictures, tool calls and missing content add no text to it."""
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    messages = [
        {"role": "system", "content": [{"type": "text", "text": "a"}, PICTURE, {"type": "text", "text": "é\u2028"}]},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "content": "", "tool_call_id": "1"},
        {"role": "assistant"},
    ]
    request = read_body(messages=messages)
    turns = [("system", "a\né\u2028"), ("assistant", ""), ("tool", ""), ("assistant", "")]
    assert request.prompt == Prompt.of(turns, images=1)


def test_counts_text_not_pictures():
    """Tool schemas and calls count as text, the bytes of a picture do not; the safe estimate is the higher."""
    plain = read_body()
    tools = read_body(tools=[TOOL] * 10)
    picture = read_body(messages=[{"role": "user", "content": [{"type": "text", "text": "hi"}, PICTURE]}])
    called = read_body(messages=[{"role": "assistant", "tool_calls": [{"x": "y" * 400}]}])
    assert tools.input_tokens - plain.input_tokens >= 10 * len(json.dumps(TOOL)) // 4
    assert tools.needs.context_tokens > tools.input_tokens
    assert picture.input_tokens == plain.input_tokens + LIKELY_IMAGE_TOKENS
    assert picture.needs.context_tokens == plain.needs.context_tokens + SAFE_IMAGE_TOKENS
    assert called.input_tokens > 100


def test_estimates_in_bytes():
    """Text beyond ASCII counts with its UTF-8 bytes."""
    assert read_body(messages=[{"role": "user", "content": "日" * 40}]).input_tokens == 30 + MESSAGE_TOKENS


@pytest.mark.parametrize(
    ("members", "stream", "wants"),
    [
        ({"stream": True}, True, False),
        ({"stream": None}, False, False),
        ({"stream": True, "stream_options": None}, True, False),
        ({"stream": True, "stream_options": {"include_usage": True, "x": 1}}, True, True),
        ({"stream": True, "stream_options": {"include_usage": None}}, True, False),
    ],
)
def test_reads_the_stream(members, stream, wants):
    """A stream is asked for with true; its usage only with include_usage true."""
    request = read_body(**members)
    assert (request.stream, request.wants_usage) == (stream, wants)


def test_takes_the_session_from_the_first_place():
    """Header, then prompt_cache_key, then metadata.session_id; shortened; empty is none."""
    body = json.dumps(
        {"model": "m", "messages": HI, "prompt_cache_key": "key", "metadata": {"session_id": "meta", "x": "y"}}
    ).encode()
    assert read_raw(body, session="head").session == "head"
    assert read_raw(body).session == "key"
    assert read_body(metadata={"session_id": "meta"}).session == "meta"
    assert read_body(prompt_cache_key="k" * 1000).session == "k" * 256
    assert read_body(prompt_cache_key="", metadata={"other": "x"}).session is None


@dataclass(frozen=True)
class Bad:
    id: str
    body: bytes
    param: str | None
    says: str


def bad(**members):
    return json.dumps({"model": "auto", "messages": HI, **members}).encode()


def message(**members):
    return bad(messages=[*HI, members])


BAD = [
    Bad("empty", b"", None, "JSON"),
    Bad("text", b"hello", None, "JSON"),
    Bad("list", b"[]", None, "object"),
    Bad("null", b"null", None, "object"),
    Bad("cut", bad()[:-1], None, "JSON"),
    Bad("two-objects", bad() + bad(), None, "trailing"),
    Bad("bom", b"\xef\xbb\xbf" + bad(), None, "JSON"),
    Bad("utf16", bad().decode().encode("utf-16"), None, "UTF-8"),
    Bad("invalid-utf8", bad(x="Q").replace(b"Q", b"\xff"), None, "UTF-8 (byte"),
    Bad("invalid-utf8-key", bad(Q="").replace(b"Q", b"\xc0\xaf"), None, "UTF-8"),
    Bad("surrogate-in-utf8", bad(x="Q").replace(b"Q", b"\xed\xa0\x80"), None, "UTF-8"),
    Bad("lone-surrogate", message(role="user", content="Q").replace(b"Q", b"\\ud800"), None, "JSON"),
    Bad("lone-surrogate-unread", bad(x="Q").replace(b"Q", b"\\ud800"), None, "JSON"),
    Bad("lone-low-surrogate", bad(x="Q").replace(b"Q", b"\\udc00"), None, "JSON"),
    Bad("wrong-pair", bad(x="Q").replace(b"Q", b"\\ud800\\u0041"), None, "JSON"),
    Bad("nan", bad(x=0).replace(b"0", b"NaN"), None, "JSON"),
    Bad("infinity", bad(x=0).replace(b"0", b"Infinity"), None, "JSON"),
    Bad("huge-number", bad(temperature=0).replace(b": 0", b": 1e999"), "temperature", "range"),
    Bad("long-integer", bad(seed=0).replace(b": 0", b": " + b"9" * 5000), "seed", "range"),
    Bad("newline-in-text", bad(x="Q").replace(b"Q", b"\n"), None, "JSON"),
    Bad("deep", bad(x=0).replace(b": 0", b": " + b"[" * 100_000 + b"]" * 100_000), None, "deep"),
    Bad("deep-messages", bad(messages=0).replace(b": 0", b": " + b"[" * 100_000 + b"]" * 100_000), None, "deep"),
    Bad("no-model", json.dumps({"messages": HI}).encode(), "model", "required"),
    Bad("model-number", bad(model=5), "model", "str"),
    Bad("model-null", bad(model=None), "model", "str"),
    Bad("model-empty", bad(model=""), "model", "length"),
    Bad("no-messages", b'{"model":"auto"}', "messages", "required"),
    Bad("messages-null", bad(messages=None), "messages", "array"),
    Bad("messages-text", bad(messages="hi"), "messages", "array"),
    Bad("messages-empty", bad(messages=[]), "messages", "length"),
    Bad("message-text", bad(messages=["hi"]), "messages[0]", "object"),
    Bad("no-role", message(content="x"), "messages[1].role", "required"),
    Bad("role-number", message(role=1), "messages[1].role", "str"),
    Bad("content-number", message(role="user", content=1), "messages[1].content", "int"),
    Bad("content-object", message(role="user", content={"text": "x"}), "messages[1].content", "object"),
    Bad("part-text", message(role="user", content=["x"]), "messages[1].content[0]", "object"),
    Bad(
        "part-number", message(role="user", content=[{"type": "text", "text": 1}]), "messages[1].content[0].text", "str"
    ),
    Bad("stream-text", bad(stream="true"), "stream", "bool"),
    Bad("options-list", bad(stream_options=[]), "stream_options", "object"),
    Bad("include-usage-text", bad(stream_options={"include_usage": "x"}), "stream_options.include_usage", "bool"),
    Bad("tools-object", bad(tools={}), "tools", "array"),
    Bad("format-text", bad(response_format="json"), "response_format", "object"),
    Bad("format-without-type", bad(response_format={}), "response_format.type", "required"),
    Bad("max-tokens-zero", bad(max_tokens=0), "max_tokens", ">= 1"),
    Bad("max-tokens-negative", bad(max_completion_tokens=-1), "max_completion_tokens", ">= 1"),
    Bad("max-tokens-fraction", bad(max_tokens=1.5), "max_tokens", "int"),
    Bad("max-tokens-text", bad(max_tokens="5"), "max_tokens", "int"),
    Bad("max-tokens-true", bad(max_tokens=True), "max_tokens", "int"),
    Bad("n-zero", bad(n=0), "n", ">= 1"),
    Bad("effort-number", bad(reasoning_effort=3), "reasoning_effort", "str"),
    Bad("model-twice", bad()[:-1] + b',"model":"other"}', "model", "twice"),
    Bad("model-twice-escaped", bad()[:-1] + b',"\\u006dodel":"other"}', "model", "twice"),
    Bad("model-twice-other-case", bad()[:-1] + b',"Model":"other"}', "model", "twice"),
    Bad("messages-twice", bad()[:-1] + b',"messages":[{"role":"user","content":"x"}]}', "messages", "twice"),
    Bad("same-messages-twice", bad()[:-1] + b',"messages":' + json.dumps(HI).encode() + b"}", "messages", "twice"),
    Bad("stream-twice", bad(stream=True)[:-1] + b',"stream":false}', "stream", "twice"),
]


@pytest.mark.parametrize("case", BAD, ids=lambda case: case.id)
def test_refuses(case):
    """A 400 that says what is wrong and names the field."""
    with pytest.raises(MalformedRequest) as caught:
        read_raw(case.body)
    assert (caught.value.status, caught.value.param) == (400, case.param)
    assert case.says in caught.value.message
    assert caught.value.fix


@pytest.mark.parametrize(
    "members",
    [
        {"api_base": "http://169.254.169.254/", "base_url": "x", "extra_headers": {"a": "b"}},
        {"temperature": "0.5", "seed": "x", "top_p": None, "user": 5, "store": "x"},
        {"tool_choice": 7, "max_tokens": 10**18, "metadata": {"cost": -1}},
        {"messages": [{"role": "alien", "content": "hi", "name": 5, "refusal": {}}]},
        {"x": "\x00\x7f", "": 1},
    ],
)
def test_lets_pass_what_it_does_not_use(members):
    """Fields that decide nothing here are the upstream's affair."""
    assert json.loads(read_body(**members).body) == {"model": "auto", "messages": HI, **members}


def test_an_error_quotes_nothing_of_the_prompt():
    """The text of a prompt is in no message, whatever is wrong with it."""
    for content in ({"secret-words": 1}, ["secret-words"], 5):
        with pytest.raises(MalformedRequest) as caught:
            read_body(messages=[{"role": "user", "content": "secret-words"}, {"role": "user", "content": content}])
        assert "secret" not in caught.value.message


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["role", "content", "type", "text", "image_url", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)
MEMBERS = st.sampled_from(
    [
        "model",
        "messages",
        "stream",
        "stream_options",
        "tools",
        "response_format",
        "max_tokens",
        "n",
        "reasoning_effort",
        "metadata",
        "x",
    ]
)


@settings(deadline=None)
@given(st.dictionaries(MEMBERS, ANY, max_size=5), st.booleans())
def test_reads_or_refuses_anything(members, ascii_only):
    """Any JSON is a Request or a MalformedRequest, never another error."""
    body = json.dumps({"model": "auto", "messages": HI, **members}, ensure_ascii=ascii_only)
    with contextlib.suppress(MalformedRequest):
        request = read_raw(body.encode("utf-8", "surrogatepass"))
        assert json.loads(request.body[slice(*request.model_at)]) == request.model_asked


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_reads_or_refuses_any_bytes(body):
    """Bytes that are no request are refused as such."""
    with pytest.raises(MalformedRequest):
        read_raw(body)
