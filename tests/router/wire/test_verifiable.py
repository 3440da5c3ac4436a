"""What an answer promised to be, and what of it is plainly broken."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.wire.verifiable import NOTHING, Check, Findings, examine

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
STRICT: dict[str, Any] = {"type": "json_schema", "json_schema": {"name": "s", "schema": SCHEMA}}
TOOL = {"type": "function", "function": {"name": "weather", "parameters": SCHEMA}}
BARE = {"type": "function", "function": {"name": "now"}}
RAW = json.dumps(SCHEMA).encode()
BROKEN = Findings(applies=True, broken=True)
FINE = Findings(applies=True)


def said(content: Any = None, **message: Any) -> dict[str, Any]:
    """Return the message of an answer."""
    return {"role": "assistant", "content": content, **message}


def calling(arguments: Any, name: str = "weather") -> dict[str, Any]:
    """Return a message that calls a tool."""
    function = {"name": name, "arguments": arguments}
    return said(tool_calls=[{"id": "c", "type": "function", "function": function}])


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What was asked, what the answer says, and what there is to verify."""

    id: str
    asked: dict[str, Any] = field(default_factory=dict)
    message: dict[str, Any]
    expected: Findings


CASES = (
    Case(id="nothing promised", message=said("hi"), expected=NOTHING),
    Case(id="plain text asked for", asked={"response_format": {"type": "text"}}, message=said("x"), expected=NOTHING),
    Case(
        id="a schema",
        asked={"response_format": STRICT},
        message=said('{"city": 1}'),
        expected=Findings(applies=True, checks=(Check(RAW, '{"city": 1}'),)),
    ),
    Case(id="no JSON", asked={"response_format": STRICT}, message=said('{"city"'), expected=BROKEN),
    Case(id="in a fence", asked={"response_format": STRICT}, message=said("```json\n{}\n```"), expected=BROKEN),
    Case(id="silence", asked={"response_format": STRICT}, message=said(None), expected=BROKEN),
    Case(
        id="in parts",
        asked={"response_format": STRICT},
        message=said([{"type": "thinking", "thinking": []}, {"type": "text", "text": "[1]"}]),
        expected=Findings(applies=True, checks=(Check(RAW, "[1]"),)),
    ),
    Case(id="a refusal", asked={"response_format": STRICT}, message=said(refusal="No."), expected=NOTHING),
    Case(id="any object", asked={"response_format": {"type": "json_object"}}, message=said("{}"), expected=FINE),
    Case(id="no object", asked={"response_format": {"type": "json_object"}}, message=said("[]"), expected=BROKEN),
    Case(
        id="arguments",
        asked={"tools": [TOOL], "response_format": STRICT},
        message=calling('{"city": 1}'),
        expected=Findings(applies=True, checks=(Check(RAW, '{"city": 1}'),)),
    ),
    Case(
        id="arguments as an object",
        asked={"tools": [TOOL]},
        message=calling({"city": 1}),
        expected=Findings(applies=True, checks=(Check(RAW, '{"city":1}'),)),
    ),
    Case(
        id="no arguments",
        asked={"tools": [TOOL]},
        message=calling(""),
        expected=Findings(applies=True, checks=(Check(RAW, "{}"),)),
    ),
    Case(id="without a schema", asked={"tools": [BARE]}, message=calling("{}", "now"), expected=FINE),
    Case(id="cut arguments", asked={"tools": [TOOL]}, message=calling('{"city": "P'), expected=BROKEN),
    Case(id="a list of arguments", asked={"tools": [TOOL]}, message=calling("[]"), expected=BROKEN),
    Case(id="an unknown tool", asked={"tools": [TOOL]}, message=calling("{}", "other"), expected=BROKEN),
    Case(
        id="functions of old",
        asked={"functions": [TOOL["function"]]},
        message=said(function_call={"name": "weather", "arguments": "[]"}),
        expected=BROKEN,
    ),
    Case(
        id="a custom tool",
        asked={"tools": [{"type": "custom", "custom": {"name": "c"}}]},
        message=said(tool_calls=[{"id": "c", "type": "custom", "custom": {"name": "c", "input": "x"}}]),
        expected=NOTHING,
    ),
)


def answer(*messages: dict[str, Any]) -> bytes:
    """Return a whole chat completion with these choices."""
    choices = [{"index": place, "message": message} for place, message in enumerate(messages)]
    return json.dumps({"choices": choices}).encode()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_what_there_is_to_verify(case: Case) -> None:
    """Structure and arguments are looked at together."""
    asked = json.dumps(case.asked).encode()

    assert examine(asked, answer(case.message), structure=True, arguments=True) == case.expected


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_what_is_not_wanted_is_not_looked_at(case: Case) -> None:
    """Without both kinds nothing applies."""
    asked = json.dumps(case.asked).encode()

    assert examine(asked, answer(case.message), structure=False, arguments=False) == NOTHING


def test_every_choice_counts() -> None:
    """One broken choice of several breaks the answer."""
    asked = json.dumps({"response_format": {"type": "json_object"}}).encode()

    assert examine(asked, answer(said("{}"), said("no")), structure=True, arguments=True) == BROKEN
    assert examine(asked, answer(said("{}"), said("{}")), structure=True, arguments=True) == FINE


@given(asked=st.binary(max_size=40), told=st.binary(max_size=40))
def test_what_is_no_json_has_nothing_to_verify(asked: bytes, told: bytes) -> None:
    """Whatever the bytes are, nothing is raised."""
    assert isinstance(examine(asked, told, structure=True, arguments=True), Findings)
