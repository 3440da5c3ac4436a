"""A conversation as one host takes it: ids, order, pictures, and that nothing else changes."""

import json
import re
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.errors import MalformedRequest
from router.wire.dialect import FREE, History
from router.wire.dialects import DIALECTS, dialect_of
from router.wire.history import fitted, new_ids

NINE = r"[a-zA-Z0-9]{9}"
MISTRAL, DEEPINFRA = dialect_of("mistral").history, dialect_of("deepinfra").history
DEEPSEEK, GROQ = dialect_of("deepseek").history, dialect_of("groq").history
KIMI, OLD_KIMI = dialect_of("moonshot").history, dialect_of("moonshot", "kimi-k2-0905-preview").history
USER, SYSTEM = {"role": "user", "content": "u"}, {"role": "system", "content": "s"}
SAID, PAUSE = {"role": "assistant", "content": "a"}, {"role": "assistant", "content": " "}
PICTURE = {"type": "image_url", "image_url": {"url": "data:,x"}}
TEXT = {"type": "text", "text": "t"}


def called(name: str = "abcDEF123", **rest: Any) -> dict[str, Any]:
    """Return an assistant's message with one call."""
    call = {"id": name, "type": "function", "function": {"name": "f", "arguments": "{}"}, "index": 0}
    return {"role": "assistant", "content": None, "tool_calls": [call], **rest}


def result(content: Any = "r", name: str = "abcDEF123") -> dict[str, Any]:
    """Return a tool's message."""
    return {"role": "tool", "tool_call_id": name, "content": content}


@dataclass(frozen=True)
class Case:
    id: str
    history: History
    given: list[Any]
    sent: list[Any]
    lost: tuple[str, ...] = ()


CASES = [
    Case("pause", MISTRAL, [called(), result(), USER], [called(), result(), PAUSE, USER]),
    Case("answered", MISTRAL, [called(), result(), SAID, USER], [called(), result(), SAID, USER]),
    Case("prefix", MISTRAL, [USER, SAID], [USER, {**SAID, "prefix": True}]),
    Case("partial", KIMI, [USER, SAID], [USER, {**SAID, "partial": True}]),
    Case("partial-begun", KIMI, [USER, {**SAID, "partial": True}], [USER, {**SAID, "partial": True}]),
    Case("partial-not", KIMI, [SAID, USER, SYSTEM], [SAID, USER, SYSTEM]),
    Case("plain", OLD_KIMI, [{**USER, "content": [TEXT, TEXT]}], [{**USER, "content": "t\nt"}]),
    Case("plain-picture", OLD_KIMI, [{**USER, "content": [TEXT, PICTURE]}], [{**USER, "content": [TEXT, PICTURE]}]),
    Case("plain-result", OLD_KIMI, [USER, called(), result([TEXT])], [USER, called(), result("t")]),
    Case("parts-elsewhere", KIMI, [{**USER, "content": [TEXT]}], [{**USER, "content": [TEXT]}]),
    Case("thinks-throughout", DEEPSEEK, [USER, called(), result(), SAID, USER],
         [USER, called(reasoning_content=" "), result(), {**SAID, "reasoning_content": " "}, USER]),
    Case("no-calls-no-thoughts", DEEPSEEK, [USER, SAID, USER, {"role": "tool", "content": "x"}],
         [USER, SAID, USER, {"role": "tool", "content": "x"}]),
    Case("begun", MISTRAL, [USER, {**SAID, "prefix": True}], [USER, {**SAID, "prefix": True}]),
    Case("instructed-last", MISTRAL, [SAID, USER, SYSTEM], [SAID, SYSTEM, USER]),
    Case("instructed-only", MISTRAL, [SYSTEM], [SYSTEM]),
    Case("silent", MISTRAL, [USER, {"role": "assistant", "content": ""}, USER], [USER, USER]),
    Case("silent-parts", MISTRAL, [{"role": "assistant", "content": [{"type": "text", "text": ""}]}, USER], [USER]),
    Case("silent-alone", MISTRAL, [{"role": "assistant"}], [{"role": "assistant", "prefix": True}]),
    Case("silent-between", MISTRAL, [called(), result(), {"role": "assistant"}, USER],
         [called(), result(), PAUSE, USER]),
    Case("tools-name", MISTRAL, [called(), {**result(), "name": "f"}], [called(), {**result(), "name": "f"}]),
    Case("name", MISTRAL, [{**USER, "name": "n"}], [USER], ("messages.name",)),
    Case("name-null", GROQ, [{**USER, "name": None}], [USER]),
    Case("sdk", MISTRAL, [USER, {**SAID, "refusal": None, "annotations": []}, USER], [USER, SAID, USER]),
    Case("refusal", MISTRAL, [{**SAID, "refusal": "no"}, USER], [SAID, USER], ("messages.refusal",)),
    Case("shown", DEEPINFRA, [result([TEXT, PICTURE, TEXT])], [result("t\nt"), {"role": "user", "content": [PICTURE]}]),
    Case("shown-to-user", DEEPINFRA, [result([PICTURE]), result("r"), USER],
         [result(""), result("r"), {"role": "user", "content": [PICTURE, {"type": "text", "text": "u"}]}]),
    Case("shown-to-assistant", DEEPINFRA, [result([PICTURE]), SAID],
         [result(""), {"role": "user", "content": [PICTURE]}, SAID]),
    Case("unthought", DEEPSEEK, [called(), result()], [called(reasoning_content=" "), result()]),
    Case("free-id", FREE, [called("functions.f:0"), result(name="functions.f:0")],
         [called("functions.f:0"), result(name="functions.f:0")]),
    Case("no-calls", DEEPSEEK, [{**SAID, "tool_calls": None}, USER], [{**SAID, "tool_calls": None}, USER]),
]  # fmt: skip


def body_of(messages: list[Any]) -> bytes:
    """Return a body around these messages."""
    return b'{"a": 1.50, "messages" :%s , "model":"m"}' % json.dumps(messages).encode()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_messages_are_what_the_host_demands(case):
    """What goes out is what the rule says, the loss has its name, and a body that fits is the very same object."""
    body = body_of(case.given)
    fit, lost = fitted(body, case.history)
    assert (json.loads(fit)["messages"], lost) == (case.sent, case.lost)
    assert (fit is body) is (case.given == case.sent)
    assert fit.startswith(b'{"a": 1.50, "messages" :[')
    assert fit.endswith(b'] , "model":"m"}')


def test_ids_are_mapped_in_calls_and_results_alike():
    """Call and result keep matching; members of a call that nobody knows survive."""
    fit, _ = fitted(body_of([called("functions.f:0"), result(name="functions.f:0")]), MISTRAL)
    call, answer = json.loads(fit)["messages"]
    assert re.fullmatch(NINE, call["tool_calls"][0]["id"])
    assert answer["tool_call_id"] == call["tool_calls"][0]["id"]
    assert call["tool_calls"][0]["index"] == 0


@pytest.mark.parametrize(
    ("kind", "model", "name", "stays"),
    [
        ("openai", "gpt-5.4", "call_" + "a" * 35, True),
        ("openai", "gpt-5.4", "call_" + "a" * 36, False),
        ("openai", "gpt-5.4", "functions.f:0", False),
        ("openai", "kimi-at-home", "functions.f:0", True),
        ("azure", "my-gpt", "call_" + "a" * 36, False),
        ("azure", "Kimi-K2.6", "functions.f:0", True),
        ("bedrock", "deepseek.v3.2", "functions.f:0", True),
        ("bedrock", "deepseek.v3.2", "a" * 65, False),
        ("bedrock", "deepseek.v3.2", "call_a|fc_b", False),
        ("bedrock", "mistral.large", "call_a", False),
        ("openrouter", "openai/gpt-5.4", "a" * 41, False),
        ("openrouter", "anthropic/claude", "a" * 64, True),
        ("openrouter", "anthropic/claude", "functions.f:0", False),
        ("openrouter", "mistralai/mistral-medium-3-5", "call_a", False),
        ("openrouter", "moonshotai/kimi-k2.6", "functions.f:0", True),
        ("moonshot", "kimi-k2.6", "functions.f:0", True),
        ("vllm", "m", "functions.f:0", True),
    ],
)
def test_only_ids_that_the_host_would_refuse_are_made_anew(kind, model, name, stays):
    """Lengths and characters are those of the host, or of the maker behind it; the same id comes of it every time."""
    body = json.dumps({"messages": [called(name), result(name=name)]}).encode()
    sent, lost = fitted(body, dialect_of(kind, model).history)
    call, answer = json.loads(sent)["messages"]
    assert (call["tool_calls"][0]["id"] == name, lost) == (stays, ())
    assert answer["tool_call_id"] == call["tool_calls"][0]["id"]
    assert fitted(body, dialect_of(kind, model).history)[0] == sent


def test_a_name_written_with_escapes_is_read():
    """What a parser reads as `name` is dropped as `name`."""
    assert fitted(b'{"messages":[{"role":"user","n\\u0061me":"x"}]}', GROQ) == (
        b'{"messages":[{"role":"user"}]}',
        ("messages.name",),
    )


def test_what_is_no_conversation_is_left_to_the_host():
    """Members of another kind than expected stay as they came."""
    for body in (b'{"name":1}', b'{"messages":[],"name":1}', b'{"messages":["tool_call","name",1]}'):
        assert fitted(body, GROQ) == (body, ())
    odd = b'{"messages":[{"role":"assistant","tool_calls":"x","content":"a","reasoning":3},{"role":"user"}]}'
    assert fitted(odd, GROQ)[0] is odd


def test_endless_nesting_is_malformed():
    """A body that cannot be read within bounds is the client's fault."""
    deep = b"[" * 100_000 + b"]" * 100_000
    with pytest.raises(MalformedRequest):
        fitted(b'{"messages":[{"role":"user","name":%s}]}' % deep, GROQ)


@pytest.mark.parametrize("kind", DIALECTS)
def test_every_tables_ids_can_be_made(kind):
    """A host's pattern is one that new ids fit."""
    pattern = dialect_of(kind).history.call_id
    assert pattern is None or re.fullmatch(pattern, new_ids(["a:b"], pattern)["a:b"])


def test_a_made_id_gives_way_to_one_that_was_there():
    """An id that fits stays, even if another one would have become it; the other becomes a third."""
    first = new_ids(["a:b"], NINE)["a:b"]
    named = new_ids(["a:b", first], NINE)
    assert named[first] == first
    assert named["a:b"] != first


@given(st.lists(st.text(max_size=80)))
def test_ids_stay_apart(ids):
    """No two ids become one, each fits, those that fit stay, and the same ids become the same again."""
    named = new_ids(ids, NINE)
    assert len(set(named.values())) == len(set(ids))
    assert all(re.fullmatch(NINE, new) for new in named.values())
    assert all(new == name for name, new in named.items() if re.fullmatch(NINE, name))
    assert new_ids(ids, NINE) == named


_CONTENT = st.none() | st.text(max_size=4) | st.lists(st.sampled_from([TEXT, PICTURE]), max_size=3)
_TURN = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "system", "tool"])},
    optional={
        "content": _CONTENT,
        "name": st.none() | st.text(max_size=3),
        "reasoning_content": st.text(max_size=3),
        "reasoning": st.text(max_size=3),
        "reasoning_details": st.just([{"type": "reasoning.text", "text": "t", "signature": "s"}]),
        "tool_call_id": st.text(max_size=12),
        "tool_calls": st.lists(st.fixed_dictionaries({"id": st.text(max_size=12)}), max_size=2),
        "x_unknown": st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=3),
    },
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no fault
@given(st.lists(_TURN, max_size=6), st.sampled_from(sorted(DIALECTS)))
def test_fitting_twice_is_fitting_once(messages, kind):
    """What fits is not touched again, all bytes around the messages stay, and unknown members of a message survive."""
    history = dialect_of(kind).history
    fit, _ = fitted(body_of(messages), history)
    assert fitted(fit, history) == (fit, ())
    assert fit.startswith(b'{"a": 1.50, "messages" :[')
    assert fit.endswith(b'] , "model":"m"}')
    if history.assistant is None:
        unknown = [message["x_unknown"] for message in messages if "x_unknown" in message]
        assert [message["x_unknown"] for message in json.loads(fit)["messages"] if "x_unknown" in message] == unknown
