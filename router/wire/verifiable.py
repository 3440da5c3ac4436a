"""What a whole chat completion promised to be: structured text, arguments of tools; and what of it is plainly broken.

Pure: what needs a JSON schema is returned as checks, for whoever has a validator.
"""

from typing import Any, NamedTuple

import msgspec
from msgspec import Raw

from router.wire.chat_answer import MALFORMED, decode_answer

_NOTHING = Raw(b"")
_NO_SCHEMA = frozenset({b"", b"null", b"true", b"{}"})
"""Schemas that everything in JSON fits."""


class Check(NamedTuple):
    """A text that is JSON, and the JSON schema that it has to fit, both as JSON."""

    schema: bytes
    text: str


class Findings(NamedTuple):
    """What was looked at in an answer.

    `applies`: there was something to verify. `broken`: a part of it is no JSON, or calls a tool that nobody declared.
    `checks`: what is left to a validator.
    """

    applies: bool
    broken: bool = False
    checks: tuple[Check, ...] = ()


NOTHING = Findings(applies=False)
_BROKEN = Findings(applies=True, broken=True)


class _Schema(msgspec.Struct, gc=False):
    schema: Raw = _NOTHING


class _Format(msgspec.Struct, gc=False):
    type: str = "text"
    json_schema: _Schema | None = None


class _Function(msgspec.Struct, gc=False):
    name: str = ""
    parameters: Raw = _NOTHING


class _Tool(msgspec.Struct, gc=False):
    type: str = "function"
    function: _Function | None = None


class _Asked(msgspec.Struct, gc=False):
    response_format: _Format | None = None
    tools: list[_Tool] | None = None
    functions: list[_Function] | None = None


_decode_asked = msgspec.json.Decoder(_Asked).decode


class _Broken(Exception):
    """A part of the answer is plainly not what was asked for."""


def examine(asked: bytes, answer: bytes, *, structure: bool, arguments: bool) -> Findings:
    """Return what of `answer`, a whole chat completion, is to be verified against what the body `asked` declares.

    `structure`: the text against response_format (a refusal and an answer that calls tools hold none); `arguments`:
    those of each call against its tool. Empty arguments count as an empty object, which is how many hosts write it.
    What cannot be read as a request or an answer has nothing to verify.
    """
    try:
        request = _decode_asked(asked)
        messages = [choice.message for choice in decode_answer(answer).choices or () if choice.message]
    except MALFORMED:
        return NOTHING
    checks: list[Check] = []
    applies = False
    try:
        for message in messages:
            calls = _calls(message)
            if structure and not calls:
                applies |= _examine_text(message, request.response_format, checks)
            if arguments and calls:
                applies |= _examine_calls(calls, request, checks)
    except _Broken:
        return _BROKEN
    return Findings(applies=applies, checks=tuple(checks))


def _examine_text(message: dict[str, Any], form: _Format | None, checks: list[Check]) -> bool:
    """Add the check of a message's text; say whether there was something to verify."""
    if form is None or form.type not in ("json_object", "json_schema") or message.get("refusal"):
        return False
    text = message.get("content")
    if isinstance(text, list):
        text = "".join(part["text"] for part in text if isinstance(part, dict) and isinstance(part.get("text"), str))
    value = _read(text if isinstance(text, str) else "")
    if form.type == "json_object":
        if not isinstance(value, dict):
            raise _Broken
    elif form.json_schema is not None:
        _add(checks, bytes(form.json_schema.schema), str(text))
    return True


def _calls(message: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the functions that a message calls, each with name and arguments; custom tools take free text."""
    calls = message.get("tool_calls")
    found = [call.get("function") for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []
    found.append(message.get("function_call"))
    return [function for function in found if isinstance(function, dict)]


def _examine_calls(calls: list[dict[str, Any]], asked: _Asked, checks: list[Check]) -> bool:
    """Add the check of each call's arguments."""
    functions = [*(tool.function for tool in asked.tools or ()), *(asked.functions or ())]
    declared = {each.name: bytes(each.parameters) for each in functions if each is not None}
    for call in calls:
        name, said = call.get("name"), call.get("arguments")
        if not isinstance(name, str) or name not in declared:
            raise _Broken
        text = msgspec.json.encode(said).decode() if isinstance(said, dict) else said or "{}"
        if not isinstance(text, str) or not isinstance(_read(text), dict):
            raise _Broken
        _add(checks, declared[name], text)
    return True


def _read(text: str) -> Any:
    """Return the JSON in `text`."""
    try:
        return msgspec.json.decode(text)
    except MALFORMED:
        raise _Broken from None


def _add(checks: list[Check], schema: bytes, text: str) -> None:
    """Add a check, unless every JSON fits the schema."""
    if schema not in _NO_SCHEMA:
        checks.append(Check(schema, text))
