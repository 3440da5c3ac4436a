"""The call that is built, the reader that is chosen, the event that ends a failed stream."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from router.api.inbound import read
from router.errors import StreamInterrupted, UpstreamBroken, UpstreamRejected
from router.policy.rules import Limits
from router.wire.chat_stream import StreamReader
from router.wire.chat_whole import WholeReader
from router.wire.openai_chat import build_call, error_event, reply_reader
from tests.fakes.values import a_provider, a_request, an_upstream

LIMITS = Limits(connect=1.0, first_byte=2.0, idle=3.0)
MESSAGES = [{"role": "user", "content": 'say "model": "x" and \\"user\\"'}]


def call_for(kind, body):
    """Return the call for these body members (or bytes), read as a client's request."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = read(raw, request_id="r", caller="c")
    return build_call(request, an_upstream(provider=a_provider(kind=kind)), LIMITS)


@dataclass(frozen=True)
class Case:
    id: str
    kind: str
    given: dict[str, Any]
    sent: dict[str, Any] = field(default_factory=dict)
    gone: tuple[str, ...] = ()


ASKED = {"stream_options": {"include_usage": True}}
CASES = [
    Case("plain", "openai", {"temperature": 0.5, "odd": {"model": "y"}}),
    Case("not-a-stream", "openai", {"stream": False}),
    Case("asks", "openai", {"stream": True}, ASKED),
    Case("already-asked", "openai", {"stream": True, **ASKED}),
    Case(
        "keeps-other-options",
        "vllm",
        {"stream": True, "stream_options": {"include_usage": False, "x": 1}},
        {"stream_options": {"include_usage": True, "x": 1}},
    ),
    Case("empty-options", "vllm", {"stream": True, "stream_options": {}}, ASKED),
    Case("null-options", "vllm", {"stream": True, "stream_options": None}, ASKED),
    Case("nested-name", "vllm", {"stream": True, "metadata": {"stream_options": 1}}, ASKED),
    Case("comes-unasked", "openrouter", {"stream": True}),
    Case("unknown-to-morph", "morph", {"stream": True}),
    Case("mistral-stream", "mistral", {"stream": True, **ASKED}, gone=("stream_options",)),
    Case(
        "mistral",
        "mistral",
        {
            "seed": 7,
            "max_completion_tokens": 5,
            "user": "u",
            "logprobs": True,
            "tool_choice": "required",
            "stop": ["x"],
        },
        {"random_seed": 7, "max_tokens": 5, "tool_choice": "any"},
        ("seed", "max_completion_tokens", "user", "logprobs"),
    ),
    Case("nvidia", "nvidia", {"max_completion_tokens": 5}, {"max_tokens": 5}, ("max_completion_tokens",)),
    Case(
        "large",
        "deepinfra",
        {"x": "y" * 9000, "max_completion_tokens": 5},
        {"max_tokens": 5},
        ("max_completion_tokens",),
    ),
    Case("unknown-kind", "somebody", {"stream": True}, ASKED),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_builds_the_body(case):
    """The upstream's model is set, the dialect's edits are made, and every other member is as the client sent it."""
    given = {"messages": MESSAGES, "model": "auto", **case.given}
    sent = json.loads(call_for(case.kind, given).body)
    expected = {**given, "model": "small-wire", **case.sent}
    assert sent == {key: value for key, value in expected.items() if key not in case.gone}


def test_names_what_the_provider_cannot_be_asked():
    """What the dialect loses is on the call, in the order of the body; for others there is nothing to tell."""
    given = {"model": "auto", "messages": MESSAGES, "user": "u", "logit_bias": {"1": 1}, "seed": 3}
    assert call_for("mistral", given).dropped == ("user", "logit_bias")
    assert call_for("openai", given).dropped == ()


def test_speaks_to_a_model_in_its_own_generation():
    """The upstream's model, not its provider alone, chooses the dialect."""
    body = json.dumps({"model": "auto", "messages": MESSAGES, "temperature": 0.5}).encode()
    request = read(body, request_id="r", caller="c")
    for model, dropped in (("kimi-k2.6", ("temperature",)), ("moonshot-v1-8k", ())):
        upstream = an_upstream(provider=a_provider(kind="moonshot"), model=model)
        assert build_call(request, upstream, LIMITS).dropped == dropped


def test_more_tools_than_a_provider_takes_are_refused_before_sending():
    """The client is told the limit; nothing is sent."""
    tool = {"type": "function", "function": {"name": "f"}}
    given = {"model": "auto", "messages": MESSAGES, "tools": [tool] * 129}
    assert call_for("openai", given)
    with pytest.raises(UpstreamRejected, match="at most 128 tools, the request has 129"):
        call_for("mistral", given)


@pytest.mark.parametrize(
    ("kind", "name", "taken"),
    [
        ("moonshot", "get_weather", True),
        ("moonshot", "ls", False),
        ("moonshot", "3d_view", False),
        ("moonshot", "files.read", False),
        ("moonshot", "a" * 65, False),
        ("openai", "ls", True),
    ],
)
def test_names_of_tools_that_a_provider_does_not_take_are_refused_before_sending(kind, name, taken):
    """The client is told what names are like there, and which tool it is, without its name."""
    tools = [
        {"type": "function", "function": {"name": "get_weather"}},
        {"type": "function", "function": {"name": name}},
    ]
    given = {"model": "auto", "messages": MESSAGES, "tools": tools}
    if taken:
        assert json.loads(call_for(kind, given).body)["tools"] == tools
        return
    with pytest.raises(UpstreamRejected, match="number 2 has another") as caught:
        call_for(kind, given)
    assert (caught.value.code, caught.value.param) == ("unsupported_tool_name", "tools")
    assert name not in caught.value.message


@pytest.mark.parametrize("tools", [[{"type": "builtin_function", "function": {"name": "$web_search"}}], [{}], [5]])
def test_what_is_no_function_is_left_to_the_provider(tools):
    """A host's own tools have names of their own."""
    assert (
        json.loads(call_for("moonshot", {"model": "auto", "messages": MESSAGES, "tools": tools}).body)["tools"] == tools
    )


def test_names_written_with_escapes_are_edited_too():
    """An escaped name does not slip past the edits."""
    body = rb'{"m\u006fdel":"auto","messages":[{"role":"user","content":"x"}],"\u0075ser":"u","stream":true,'
    body += rb'"\u0073tream_options":{"a":1}}'
    assert json.loads(call_for("mistral", body).body).keys() == {"model", "messages", "stream"}
    assert json.loads(call_for("vllm", body).body)["stream_options"] == {"a": 1, "include_usage": True}


def test_only_the_model_differs_where_nothing_else_must():
    """Whitespace, order and number forms of the client survive."""
    body = b' { "n" : 1 ,"temperature":1.0e0,\n"model": "auto","messages":[{"role":"user","content":"\\u00e9 x"}]}\n'
    assert call_for("openai", body).body == body.replace(b'"auto"', b'"small-wire"')


def test_fills_the_call_in():
    """Address, headers and time-outs are those of the provider and the limits."""
    call = call_for("openai", {"model": "auto", "messages": MESSAGES})
    assert call.url == "http://127.0.0.1:9/v1/chat/completions"
    assert dict(call.headers) == {
        "content-type": "application/json",
        "accept": "application/json",
        "accept-encoding": "identity",
    }
    assert (call.method, call.connect, call.first_byte, call.idle) == ("POST", 1.0, 2.0, 3.0)
    stream = call_for("openai", {"model": "auto", "messages": MESSAGES, "stream": True})
    assert dict(stream.headers)["accept"] == "text/event-stream"


@dataclass(frozen=True)
class Reply:
    id: str
    stream: bool
    content_type: str | None
    reader: type
    hopeless: bool = False


REPLIES = [
    Reply("stream", True, "text/event-stream; charset=utf-8", StreamReader),
    Reply("stream-capitals", True, "Text/Event-Stream", StreamReader),
    Reply("stream-untyped", True, None, StreamReader),
    Reply("stream-json", True, "application/json", WholeReader),
    Reply("stream-problem", True, "application/problem+json", WholeReader),
    Reply("stream-html", True, "text/html", WholeReader, hopeless=True),
    Reply("whole", False, "application/json", WholeReader),
    Reply("whole-untyped", False, None, WholeReader),
    Reply("whole-text", False, "text/plain", WholeReader),
    Reply("whole-html", False, "text/html; charset=utf-8", WholeReader, hopeless=True),
    Reply("whole-stream", False, "text/event-stream", WholeReader, hopeless=True),
]


@pytest.mark.parametrize("case", REPLIES, ids=lambda case: case.id)
def test_chooses_the_reader(case):
    """By what was asked and what the content type says; what cannot be an answer fails with its first chunk."""
    headers = {} if case.content_type is None else {"content-type": case.content_type}
    reader = reply_reader(a_request(stream=case.stream), an_upstream(), headers, LIMITS)
    assert type(reader) is case.reader
    if case.hopeless:
        with pytest.raises(UpstreamBroken):
            reader.feed(b"x")
    else:
        assert reader.feed(b" ") == b""


def test_json_in_place_of_a_stream_is_broken():
    """A provider that ignores `stream` gave no stream, however good its answer."""
    reader = reply_reader(a_request(stream=True), an_upstream(), {"content-type": "application/json"}, LIMITS)
    reader.feed(b'{"choices": [{"message": {"content": "x"}}]}')
    with pytest.raises(UpstreamBroken, match="stream"):
        reader.finish()


def test_the_error_event_has_all_four_fields_and_no_done():
    """The last event of a failed stream is OpenAI's error object."""
    event = error_event(StreamInterrupted("The stream ended without a finish."))
    error = json.loads(event.removeprefix(b"data: "))["error"]
    assert event.endswith(b"}\n\n")
    assert error.keys() == {"message", "type", "param", "code"}
    assert (error["type"], error["param"], error["code"]) == ("api_error", None, "upstream_stream_interrupted")
    assert error["message"].startswith("The stream ended without a finish. ")
