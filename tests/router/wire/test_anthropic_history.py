"""Conversations in blocks become messages: nothing is lost, nothing is changed, and what cannot be kept is refused."""

import json
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.errors import MalformedRequest
from router.wire.anthropic_history import History
from router.wire.anthropic_schema import decode_content, decode_messages

PNG = {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}
PNG_PART = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
CACHED = {"cache_control": {"type": "ephemeral"}}


def history(*messages: dict[str, Any], system: Any = None) -> History:
    """Return the history of these messages."""
    written = History()
    if system is not None:
        written.instruct(decode_content(json.dumps(system)))
    for number, message in enumerate(decode_messages(json.dumps(messages))):
        written.add(message, f"messages[{number}]")
    return written


def text(words: str, **more: Any) -> dict[str, Any]:
    """Return a text block."""
    return {"type": "text", "text": words, **more}


def result(content: Any = None, **more: Any) -> dict[str, Any]:
    """Return the result of the call toolu_1."""
    block = {"type": "tool_result", "tool_use_id": "toolu_1", **more}
    return block if content is None else block | {"content": content}


def user(*blocks: dict[str, Any]) -> dict[str, Any]:
    """Return a user message."""
    return {"role": "user", "content": list(blocks)}


def assistant(*blocks: dict[str, Any]) -> dict[str, Any]:
    """Return an assistant message."""
    return {"role": "assistant", "content": list(blocks)}


def use(**more: Any) -> dict[str, Any]:
    """Return a call."""
    return {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {"city": "Paris"}, **more}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A message, the messages that it becomes, and what is noted as dropped."""

    id: str
    message: dict[str, Any]
    expected: list[dict[str, Any]]
    dropped: frozenset[str] = frozenset()


CALL = {
    "id": "toolu_1",
    "type": "function",
    "function": {"name": "get_weather", "arguments": '{"city": "Paris"}'},
}

CASES = (
    Case(
        id="plain-text",
        message={"role": "user", "content": "Hi"},
        expected=[{"role": "user", "content": "Hi"}],
    ),
    Case(
        id="several-texts-are-lines",
        message=user(text("a", **CACHED), text("b\n")),
        expected=[{"role": "user", "content": "a\nb\n"}],
        dropped=frozenset({"cache_control"}),
    ),
    Case(
        id="a-picture-in-base64",
        message=user({"type": "image", "source": PNG}, text("What is this?")),
        expected=[{"role": "user", "content": [PNG_PART, {"type": "text", "text": "What is this?"}]}],
    ),
    Case(
        id="a-picture-by-its-address",
        message=user({"type": "image", "source": {"type": "url", "url": "https://a.example/b.png"}}),
        expected=[
            {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://a.example/b.png"}}]}
        ],
    ),
    Case(
        id="a-document-of-plain-text",
        message=user(
            {
                "type": "document",
                "title": "T",
                "context": "C",
                "citations": {"enabled": False},
                "source": {"type": "text", "media_type": "text/plain", "data": "D"},
            }
        ),
        expected=[{"role": "user", "content": "T\nC\nD"}],
        dropped=frozenset({"citations"}),
    ),
    Case(
        id="what-the-model-said-is-one-text",
        message=assistant(text("Par"), text("is")),
        expected=[{"role": "assistant", "content": "Paris"}],
    ),
    Case(
        id="a-call",
        message=assistant(text("Let me see."), use(**CACHED)),
        expected=[{"role": "assistant", "content": "Let me see.", "tool_calls": [CALL]}],
        dropped=frozenset({"cache_control"}),
    ),
    Case(
        id="a-call-without-words",
        message=assistant(use()),
        expected=[{"role": "assistant", "content": None, "tool_calls": [CALL]}],
    ),
    Case(
        id="an-unsigned-thought-goes-back-where-it-came-from",
        message=assistant({"type": "thinking", "thinking": "Hm.", "signature": ""}, text("Yes")),
        expected=[{"role": "assistant", "content": "Yes", "reasoning_content": "Hm."}],
    ),
    Case(
        id="thoughts-of-another-family-stay-behind",
        message=assistant(
            {"type": "thinking", "thinking": "Hm.", "signature": "EqQB"},
            {"type": "redacted_thinking", "data": "Emwk"},
            text("Yes"),
        ),
        expected=[{"role": "assistant", "content": "Yes"}],
        dropped=frozenset({"thinking", "redacted_thinking"}),
    ),
    Case(
        id="a-result-comes-before-what-is-said",
        message=user(text("And now?"), result("20 degrees")),
        expected=[
            {"role": "tool", "tool_call_id": "toolu_1", "content": "20 degrees"},
            {"role": "user", "content": "And now?"},
        ],
    ),
    Case(
        id="a-result-of-blocks-that-is-an-error",
        message=user(result([text("no"), text("such city")], is_error=True)),
        expected=[{"role": "tool", "tool_call_id": "toolu_1", "content": "no\nsuch city"}],
        dropped=frozenset({"tool_result.is_error"}),
    ),
    Case(
        id="an-empty-result",
        message=user(result()),
        expected=[{"role": "tool", "tool_call_id": "toolu_1", "content": ""}],
    ),
    Case(
        id="a-result-with-a-picture",
        message=user(result([{"type": "image", "source": PNG}]), text("Well?")),
        expected=[
            {"role": "tool", "tool_call_id": "toolu_1", "content": "(The result is in the next message.)"},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "Images in the result of toolu_1:"},
                    PNG_PART,
                    {"type": "text", "text": "Well?"},
                ],
            },
        ],
    ),
    Case(
        id="instructions-in-the-middle",
        message={"role": "system", "content": [text("Be brief."), text("Be kind.")]},
        expected=[{"role": "system", "content": "Be brief.\nBe kind."}],
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_message_becomes_messages(case: Case) -> None:
    """Each block finds its place in a chat completion."""
    before = [] if case.message["role"] == "assistant" else [assistant(use())]
    written = history(*before, case.message)

    assert json.loads(msgspec.json.encode(written.messages))[len(before) :] == case.expected
    assert written.dropped == case.dropped


REFUSED = (
    (user({"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "AA"}}), "[0]"),
    (user({"type": "search_result", "source": "https://a.example", "title": "t", "content": []}), "[0]"),
    (user(text("a"), {"type": "image", "source": {"type": "file", "file_id": "f"}}), "[1].source"),
    (user({"type": "image"}), "[0].source"),
    (user({"type": "container_upload", "file_id": "f"}), "[0]"),
    (user({"type": "text"}), "[0].text"),
    (user({"type": "tool_result", "content": "x"}), "[0].tool_use_id"),
    (user(result([{"type": "tool_reference", "tool_name": "t"}])), "[0].content[0]"),
    (
        user(
            {"type": "document", "citations": {"enabled": True}, "source": {"type": "text", "data": "D"}},
        ),
        "[0].citations",
    ),
    (assistant({"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}), "[0]"),
    (assistant({"type": "web_search_tool_result", "tool_use_id": "s", "content": []}), "[0]"),
    (assistant({"type": "image", "source": PNG}), "[0]"),
    (assistant({"type": "thinking"}), "[0].thinking"),
    (assistant({"type": "tool_use", "name": "n", "input": {}}), "[0].id"),
    (assistant({"type": "tool_use", "id": "i", "input": {}}), "[0].name"),
    (assistant(use(input="{}")), "[0].input"),
    ({"role": "system", "content": [{"type": "image", "source": PNG}]}, "[0]"),
)


@pytest.mark.parametrize(("message", "place"), REFUSED)
def test_what_cannot_be_kept_is_refused_by_its_place(message: dict[str, Any], place: str) -> None:
    """A 400 names the block and, where it is the kind that does not fit, the kind."""
    with pytest.raises(MalformedRequest) as caught:
        history(assistant(use()), message)

    assert caught.value.param == f"messages[1].content{place}"
    block = message["content"][0]
    if place == "[0]":
        assert f"'{block['type']}'" in caught.value.message


def test_an_unknown_role_is_refused() -> None:
    """The role is named by its field."""
    with pytest.raises(MalformedRequest) as caught:
        history({"role": "tool", "content": "x"})

    assert caught.value.param == "messages[0].role"


@pytest.mark.parametrize(("system", "said"), [("Be brief.", "Be brief."), ([text("a"), text("b")], "a\nb")])
def test_instructions_come_first(system: Any, said: str) -> None:
    """A text and blocks are both one system message; an empty text is none."""
    assert history(user(text("Hi")), system=system).messages[0] == {"role": "system", "content": said}
    assert history(user(text("Hi")), system="").messages == [{"role": "user", "content": "Hi"}]


WORDS = st.text(alphabet=st.characters(exclude_categories=("Cs",)))


@given(words=WORDS, more=WORDS)
def test_text_survives(words: str, more: str) -> None:
    """Whatever is said by whomever stands in the messages as it was."""
    said = history(
        user(text(words)),
        assistant(text(words), text(more), use()),
        user(result(words), {"type": "image", "source": PNG}, text(more)),
    ).messages

    assert said[0]["content"] == words
    assert (said[1]["content"] or "") == words + more
    assert json.loads(bytes(said[2]["content"])) == words
    assert said[3]["content"] == [PNG_PART, {"type": "text", "text": more}]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)


@given(value=st.dictionaries(WORDS, JSON, max_size=4))
def test_a_calls_input_survives(value: dict[str, Any]) -> None:
    """The arguments are the very bytes of the input."""
    [call] = history(assistant(use(input=value))).messages[0]["tool_calls"]

    assert call["function"]["arguments"] == json.dumps(value)
