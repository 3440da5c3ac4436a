"""A conversation that one family of models wrote is taken by every other; docs/compatibility.md shows each pair.

TIERWISE_WRITE_DOCS=1 writes the section of docs/compatibility.md anew.
"""

import json
import os
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from router.api.inbound import read
from router.policy.rules import Limits
from router.wire.dialects import DIALECTS, dialect_of
from router.wire.history import fitted
from router.wire.openai_chat import build_call
from tests.fakes.strict import refusal
from tests.fakes.values import a_provider, an_upstream

PAGE = Path(__file__).resolve().parents[2] / "docs" / "compatibility.md"
BEGIN, END = "<!-- histories: begin -->", "<!-- histories: end -->"
LIMITS = Limits(connect=1.0, first_byte=2.0, idle=3.0)
MODELS = {"moonshot": "kimi-k2.6", "openai": "gpt-5.4"}
FAMILIES = tuple(DIALECTS)
TOPICS = ("text", "tools", "parallel tools", "reasoning", "images in tool results", "structured output")

IDS = {
    "mistral": ("abcDEF123", "abcDEF124"),
    "moonshot": ("functions.get_weather:0", "functions.get_weather:1"),
    "vllm": ("chatcmpl-tool-0123456789abcdef0123456789abcdef", "chatcmpl-tool-1"),
    "deepseek": ("call_00_a1B2", "call_01_a1B2"),
}
PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}
THOUGHT = "It is cold there."
SYSTEM, ASKED = {"role": "system", "content": "Be brief."}, {"role": "user", "content": "Weather?"}
MORE = {"role": "user", "content": "And now?"}


def answer(family: str, text: str | None, calls: int = 0, thought: str | None = None) -> dict[str, Any]:
    """Return an assistant's message as this family writes it."""
    own = dialect_of(family, MODELS.get(family, "m")).history.reasoning
    message: dict[str, Any] = {"role": "assistant", "content": text}
    if calls:
        names = IDS.get(family, ("call_abcdefghijklmnop0123", "call_abcdefghijklmnop0124"))[:calls]
        function = {"name": "get_weather", "arguments": "{}"}
        message["tool_calls"] = [{"id": name, "type": "function", "function": function} for name in names]
    if thought is not None and own == "content[].thinking":
        said = [{"type": "text", "text": text}] if text else []
        message["content"] = [{"type": "thinking", "thinking": [{"type": "text", "text": thought}]}, *said]
    elif thought is not None and own is not None:
        message[own] = thought
    return message


def results(message: dict[str, Any], content: Any) -> list[dict[str, Any]]:
    """Return the results of a message's calls."""
    return [{"role": "tool", "tool_call_id": call["id"], "content": content} for call in message["tool_calls"]]


def conversation(family: str, topic: str) -> list[dict[str, Any]]:
    """Return what stands in the history when a model of this family has answered."""
    if topic == "text":
        return [SYSTEM, {**ASKED, "name": "ann"}, answer(family, "Cold."), ASKED, answer(family, ""), MORE]
    if topic == "reasoning":
        called = answer(family, None, 1, THOUGHT)
        return [SYSTEM, ASKED, called, *results(called, "4"), answer(family, "4.", thought=THOUGHT), MORE]
    if topic == "structured output":
        return [SYSTEM, ASKED, answer(family, '{"degrees":4}'), MORE]
    called = answer(family, None, 2 if topic == "parallel tools" else 1)
    parts = [{"type": "text", "text": "4"}, PICTURE]
    return [SYSTEM, ASKED, called, *results(called, parts if topic.startswith("images") else "4"), MORE]


FORMAT = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}}}


def asked(kind: str, messages: list[dict[str, Any]], topic: str = "", **more: Any) -> bytes:
    """Return a body with these messages for a model of this kind."""
    form = {"response_format": FORMAT} if topic == "structured output" else {}
    return json.dumps({"model": MODELS.get(kind, "m"), "messages": messages, **form, **more}).encode()


def sent(kind: str, body: bytes):
    """Return the call that tierwise makes of a body."""
    upstream = an_upstream(provider=a_provider(kind=kind), model=MODELS.get(kind, "m"))
    auto = body.replace(b'"model": "%s"' % upstream.model.encode(), b'"model": "auto"', 1)
    return build_call(read(auto, request_id="r", caller="c"), upstream, LIMITS)


def cell(family: str, kind: str, topic: str) -> str:
    """Return what becomes of a conversation: "as it came", "fitted", and what is named as not kept."""
    call = sent(kind, asked(kind, conversation(family, topic), topic))
    refused = refusal(kind, call.body)
    assert refused is None, (family, kind, topic, refused)
    same = json.loads(call.body)["messages"] == conversation(family, topic)
    lost = ", ".join(f"`{name}`" for name in call.dropped)
    streamed = sent(kind, asked(kind, conversation(family, topic), topic, stream=True))
    assert refusal(kind, streamed.body) is None, (family, kind, topic)
    assert json.loads(streamed.body)["messages"] == json.loads(call.body)["messages"]
    assert streamed.dropped == call.dropped
    return f"without {lost}" if lost else "as it came" if same else "fitted"


@pytest.mark.parametrize(("family", "kind"), list(product(FAMILIES, FAMILIES)))
def test_every_host_takes_what_every_family_wrote(family, kind):
    """Whatever was said, called, thought or shown, the next host's own validation passes."""
    assert all(cell(family, kind, topic) for topic in TOPICS)


@pytest.mark.parametrize(
    ("family", "kind", "topic", "at"),
    [
        ("openai", "mistral", "text", "messages.name"),
        ("openai", "mistral", "tools", "tool_calls.id"),
        ("moonshot", "mistral", "parallel tools", "tool_calls.id"),
        ("deepseek", "mistral", "reasoning", "messages.assistant"),
        ("mistral", "mistral", "tools", "messages.order"),
        ("openai", "groq", "text", "messages.name"),
        ("openai", "deepseek", "tools", "messages.reasoning_content"),
        ("vllm", "moonshot", "reasoning", "messages.reasoning_content"),
        ("openai", "deepinfra", "images in tool results", "messages.content"),
        ("moonshot", "openai", "tools", "tool_calls.id"),
        ("moonshot", "azure", "tools", "tool_calls.id"),
        ("fireworks", "openai", "reasoning", "messages.reasoning_content"),
    ],
)
def test_hosts_refuse_what_is_not_fitted(family, kind, topic, at):
    """The same conversation, as it was written, is refused for the reason that the rewriting is there for."""
    assert refusal(kind, asked(kind, conversation(family, topic))).at == at


@pytest.mark.parametrize(("family", "kind"), list(product(FAMILIES, FAMILIES)))
def test_results_answer_the_calls_that_they_answered(family, kind):
    """Each id is used by a call and its result alike, in the same places as before."""
    given = conversation(family, "parallel tools")
    fit, _ = fitted(asked(kind, given), dialect_of(kind, MODELS.get(kind, "m")).history)
    messages = json.loads(fit)["messages"]
    calls = [call["id"] for message in messages for call in message.get("tool_calls") or ()]
    assert [message["tool_call_id"] for message in messages if message["role"] == "tool"] == calls
    assert len(set(calls)) == 2


@pytest.mark.parametrize(("family", "kind"), list(product(FAMILIES, FAMILIES)))
def test_reasoning_is_read_or_named(family, kind):
    """Where the next host reads reasoning it gets the same words in its own member; elsewhere the loss has a name."""
    own = dialect_of(kind, MODELS.get(kind, "m")).history.reasoning
    call = sent(kind, asked(kind, conversation(family, "reasoning")))
    wrote = dialect_of(family, MODELS.get(family, "m")).history.reasoning is not None
    assert (THOUGHT in call.body.decode()) is (wrote and own is not None)
    assert bool(call.dropped) is (wrote and own is None)


def _section() -> str:
    """Return the matrix, hosts that answer alike in one row."""
    rows: dict[tuple[str, ...], list[str]] = {}
    for kind in FAMILIES:
        row = []
        for topic in TOPICS:
            found: dict[str, list[str]] = {}
            for family in FAMILIES:
                found.setdefault(cell(family, kind, topic), []).append(family)
            row.append(next(iter(found)) if len(found) == 1 else "; ".join(
                f"{said} (from {', '.join(who)})" for said, who in sorted(found.items())))  # fmt: skip
        rows.setdefault(tuple(row), []).append(kind)
    return "\n".join(
        [
            "A conversation that one family wrote, sent to another: each ordered pair was built, sent and judged by a",
            "strict imitation of the host's validation. `without`: the response names it in `x-router-dropped-params`.",
            "",
            "- A tool call's id that the host takes stays; another becomes nine letters and digits made of it alone,",
            "  the same in every request, in the call and in its result. No two ids of a conversation become one.",
            "- Reasoning moves to the member that the host reads. Where it reads none, or more than words is lost (a",
            "  signature, sealed data), it is named. Where it must stand beside tool calls and nobody wrote any, one",
            "  space is sent.",
            "- A tool's result for a host that takes text only is joined, a line a part; its pictures begin the user's",
            "  message behind the results, or are one.",
            "- An assistant's answer at the end is marked as the beginning of the next one where the host wants that",
            "  (Mistral `prefix`, Moonshot `partial`). A text in parts becomes one text for those of Moonshot's models",
            "  that read text only.",
            "- By a model's name there are further rules: at openai and azure the ids of tool calls have at most 40",
            "  letters, digits, `_` and `-` (but where a deployment is called Kimi), at bedrock 64, with `.` and `:`;",
            "  behind openrouter those of the maker (openai/, anthropic/, amazon/, mistralai/), at bedrock for",
            "  `mistral.` Mistral's.",
            "- Mistral: an assistant that says nothing is left out. Between a tool's result and somebody else than the",
            "  assistant stands an assistant's message of one space. Instructions at the end move in front of the",
            "  user's last message.",
            "- A conversation of instructions alone is sent as it came: no rule can mend it without words of our own.",
            "",
            f"| to | {' | '.join(TOPICS)} |",
            "|---" * (len(TOPICS) + 1) + "|",
            *(f"| {', '.join(kinds)} | {' | '.join(row)} |" for row, kinds in rows.items()),
        ]
    )


def test_the_documentation_shows_every_pair():
    """The section of docs/compatibility.md is what the pairs above come to."""
    page = PAGE.read_text(encoding="utf-8")
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    assert begin
    assert end
    expected = f"{before}{BEGIN}\n\n{_section()}\n\n{END}{after}"
    if os.environ.get("TIERWISE_WRITE_DOCS") == "1":
        PAGE.write_text(expected, encoding="utf-8")
        page = expected
    assert page == expected
