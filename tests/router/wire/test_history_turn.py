"""One message alone: where its reasoning goes, and what is lost of it."""

from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
from msgspec import Raw

from router.wire.dialect import FREE
from router.wire.dialects import dialect_of
from router.wire.history_turn import Turn, is_silent, refit, show, spoken, taken, without_parts

SAID = {"role": "assistant", "content": "a"}
A, B = {"type": "text", "text": "a"}, {"type": "text", "text": "b"}
THOUGHT = {"type": "thinking", "thinking": [{"type": "text", "text": "t"}]}
WORDS = [{"type": "reasoning.text", "text": "t"}]
SEALED = [{"type": "reasoning.encrypted", "data": "x"}]
CALLS = {"tool_calls": [{"id": "1"}]}


@dataclass(frozen=True)
class Case:
    id: str
    kind: str
    given: dict[str, Any]
    sent: dict[str, Any]
    lost: tuple[str, ...] = ()


CASES = [
    Case("own", "deepseek", {"reasoning_content": "t"}, {"reasoning_content": "t"}),
    Case("moved", "vllm", {"reasoning_content": "t"}, {"reasoning": "t"}),
    Case("words", "deepseek", {"reasoning_details": WORDS}, {"reasoning_content": "t"}),
    Case("twice", "groq", {"reasoning": "t", "reasoning_content": "t", "reasoning_details": WORDS}, {"reasoning": "t"}),
    Case("other", "groq", {"reasoning": "t", "reasoning_content": "u"}, {"reasoning": "t"}, ("reasoning_content",)),
    Case("empty-own", "groq", {"reasoning": "", "reasoning_content": "u"}, {"reasoning": "u"}),
    Case("sealed", "groq", {"reasoning_details": SEALED}, {}, ("reasoning_details",)),
    Case("kept-there", "openrouter", {"reasoning_details": SEALED}, {"reasoning_details": SEALED}),
    Case("none", "openai", {"reasoning_content": "t", "reasoning": None}, {}, ("reasoning_content",)),
    Case("says-nothing", "openai", {"reasoning_content": ""}, {}),
    Case("into-content", "mistral", {"reasoning": "t"}, {"content": [THOUGHT, A]}),
    Case("in-content", "mistral", {"content": [THOUGHT, A], "reasoning": "t"}, {"content": [THOUGHT, A]}),
    Case("calling", "mistral", {"content": None, **CALLS, "reasoning": "t"}, {"content": [THOUGHT], **CALLS}),
    Case("out-of-content", "vllm", {"content": [THOUGHT, A, B]}, {"content": "ab", "reasoning": "t"}),
    Case("plain-thought", "vllm", {"content": [{"type": "thinking", "thinking": "t"}, A]},
         {"content": "a", "reasoning": "t"}),
    Case("only-thought", "vllm", {"content": [THOUGHT], **CALLS}, {"content": None, **CALLS, "reasoning": "t"}),
    Case("not-read", "openai", {"content": [THOUGHT, A]}, {"content": "a"}, ("content[].thinking",)),
    Case("demanded", "deepseek", {"reasoning_content": None, **CALLS}, {"reasoning_content": " ", **CALLS}),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_reasoning_goes_where_the_host_reads_it(case):
    """The words are in the host's member once, and what is lost has a name."""
    lost: dict[str, None] = {}
    turn = Turn(Raw(msgspec.json.encode({**SAID, **case.given})))
    refit(turn, dialect_of(case.kind).history, lost)
    assert msgspec.json.decode(turn.encoded()) == {**SAID, **case.sent}
    assert tuple(lost) == tuple(f"messages.{name}" for name in case.lost)


def test_an_unchanged_message_keeps_its_bytes():
    """Also where its spaces and numbers are not how we would write them."""
    turn = Turn(Raw(b'{"role": "user",  "x": 1.50}'))
    refit(turn, FREE, {})
    assert turn.encoded() == b'{"role": "user",  "x": 1.50}'


def test_parts_move_from_a_result_to_a_user():
    """Texts stay as one, a line each; what is no text is shown in front of the user's words."""
    tool = spoken("tool", [A, {"type": "image_url"}, B])
    user = spoken("user", "u")
    show(user, without_parts(tool))
    assert tool.text("content") == "a\nb"
    assert msgspec.json.decode(user.encoded())["content"] == [{"type": "image_url"}, {"type": "text", "text": "u"}]


@pytest.mark.parametrize(
    ("role", "content", "silent"),
    [("assistant", "", True), ("assistant", [], True), ("assistant", " ", False), ("user", "", False)],
)
def test_silence_is_an_assistants(role, content, silent):
    """Only an assistant without a word or a call is silent."""
    assert is_silent(spoken(role, content)) is silent


def test_another_kind_is_none():
    """What cannot be read as expected is no value."""
    assert taken(msgspec.json.Decoder(str).decode, Raw(b"1")) is None
    assert taken(msgspec.json.Decoder(str).decode, None) is None
