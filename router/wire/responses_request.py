"""A Responses request -> the chat completion that asks for the same, and what its answer must repeat.

Every member has one of four fates: it is translated, it is honoured here (metadata is given back), it is dropped and
named, or the request is refused because the answer would be another without it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import Raw

from router.errors import MalformedRequest
from router.wire.responses_body import (
    KEPT,
    MOST_ITEMS,
    NOTHING,
    Body,
    Choice,
    Effort,
    Text,
    Tool,
    given,
    read_body,
    read_value,
)
from router.wire.responses_items import SEND_ALL, Conversation, add_items
from router.wire.responses_kept import turns

_REFUSED = {
    "conversation": ("it names a conversation, and this proxy keeps none by name", SEND_ALL),
    "background": ("nothing is answered in the background here", "Leave it out and set 'stream' to true."),
    "prompt": ("this proxy keeps no prompt templates", "Send its text as 'instructions' and 'input'."),
    "moderation": ("no upstream would moderate as it says", "Leave it out, or call the provider directly."),
}
"""Members whose loss would change the answer: why, and what to do instead."""

_FORGETS = "it names a response, and this proxy keeps no responses (responses.store is off)"

_CHOICES = frozenset({"auto", "none", "required"})
_PLAIN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,63}")
_UNKNOWN = "unknown"
"""What stands in the header for a dropped member whose name is no plain word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What came before a request, where responses are kept: (input items, response object) of each earlier turn."""

    turns: tuple[tuple[bytes, bytes], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Translated:
    """A Responses request, translated.

    `body` is the chat completion as JSON. `dropped` names what no upstream is told, sorted. `session` is what the
    metadata call the session, None when nothing. `echo` are the members of the response object that repeat the request.
    `stores` says that the answer is to be kept, and with it `asked`, the request's own input.
    """

    body: bytes
    dropped: tuple[str, ...]
    session: str | None
    echo: Mapping[str, Any]
    stores: bool
    asked: str | tuple[Raw, ...]


def translated(body: bytes, past: Past | None = None) -> Translated:
    """Return the chat completion that asks what `body` asks, a Responses request; MalformedRequest names a field.

    `past` None says that no responses are kept: then none can be continued, and `store` is dropped.
    """
    parsed, members = read_body(body)
    _refuse(members)
    if past is None and parsed.previous_response_id is not None:
        raise _impossible("previous_response_id", _FORGETS, f"{SEND_ALL[:-1]}, or switch responses.store on.")
    conversation = _conversation(parsed, past or Past())
    tools = _tools(parsed)
    stores = past is not None and parsed.store is not False
    dropped = conversation.dropped | _dropped(parsed, members, past)
    chat: dict[str, Any] = {"model": parsed.model, "messages": conversation.messages}
    chat |= _output(parsed) | _sampling(parsed) | _tooling(parsed, tools)
    if parsed.stream:
        chat |= {"stream": True, "stream_options": {"include_usage": True}}
    session = (parsed.metadata or {}).get("session_id")
    return Translated(
        body=msgspec.json.encode(chat),
        dropped=tuple(sorted({name if _PLAIN_NAME.fullmatch(name) else _UNKNOWN for name in dropped})),
        session=session or None,
        echo=_echo(parsed, members, tools, stores=stores),
        stores=stores,
        asked=parsed.input if isinstance(parsed.input, str) else tuple(parsed.input or ()),
    )


def _refuse(members: Mapping[str, Raw]) -> None:
    """Refuse what the API has and this proxy cannot do (400, naming the field)."""
    for name, (reason, fix) in _REFUSED.items():
        if given(members.get(name)) and bytes(members[name]) != b"false":
            raise _impossible(name, reason, fix)


def _impossible(name: str, reason: str, fix: str) -> MalformedRequest:
    return MalformedRequest(f"'{name}' is not possible: {reason}.", fix=fix, param=name)


def _conversation(parsed: Body, past: Past) -> Conversation:
    """Return the messages: instructions, what came before, then input; MalformedRequest when there are none."""
    conversation = Conversation()
    if parsed.instructions is not None:
        conversation.say("system", parsed.instructions)
    earlier = turns(past.turns)
    if len(earlier) > MOST_ITEMS:
        raise MalformedRequest(f"The conversation has more than {MOST_ITEMS:,} items.", param="previous_response_id")
    add_items(conversation, earlier)
    if isinstance(parsed.input, str):
        conversation.say("user", parsed.input)
    elif isinstance(parsed.input, list):
        add_items(conversation, parsed.input)
        conversation.end()
    else:
        raise MalformedRequest("'input': it is required.", param="input")
    conversation.require_outputs()
    if not conversation.messages:
        raise MalformedRequest("'input': there is no message in it.", param="input")
    return conversation


def _dropped(parsed: Body, members: Mapping[str, Raw], past: Past | None) -> set[str]:
    """Name what no upstream is told: members that no chat completion has, and members of those that it has."""
    dropped = {name for name in members.keys() - KEPT - _REFUSED.keys() if given(members[name])}
    if past is not None:
        dropped.discard("store")
    if parsed.truncation not in (None, "disabled"):
        dropped.add("truncation")  # a conversation that fits nowhere is refused, not cut
    if parsed.text is not None:
        dropped |= _unread(members["text"], Text, "text")
    if parsed.reasoning is not None:
        dropped |= _unread(members["reasoning"], Effort, "reasoning")
    for tool in parsed.tools or ():
        dropped |= _unread(tool, Tool, "tools")
    return dropped


def _unread(raw: Raw, kind: type[msgspec.Struct], where: str) -> set[str]:
    """Name the members of an object that are no fields of `kind`."""
    members = read_value(raw, dict[str, Raw], where)
    return {f"{where}.{name}" for name in members.keys() - {*kind.__struct_fields__} if given(members[name])}


def _sampling(parsed: Body) -> dict[str, Any]:
    """Return the members that both APIs have, most under the same name; those that are absent stay absent."""
    effort = parsed.reasoning or Effort()
    both = {
        "max_completion_tokens": parsed.max_output_tokens,
        "temperature": parsed.temperature,
        "top_p": parsed.top_p,
        "reasoning_effort": effort.effort,
        "user": parsed.user,
        "prompt_cache_key": parsed.prompt_cache_key,
    }
    return {name: value for name, value in both.items() if value is not None}


def _output(parsed: Body) -> dict[str, Any]:
    """Return response_format where text.format asks for more than text."""
    form = (parsed.text or Text()).format
    if form is None or form.type == "text":
        return {}
    if form.type == "json_object":
        return {"response_format": {"type": "json_object"}}
    if form.type != "json_schema":
        raise MalformedRequest(
            "'text.format.type': expected text, json_object or json_schema.", param="text.format.type"
        )
    if form.name is None:
        raise MalformedRequest("'text.format.name': it is required.", param="text.format.name")
    if not bytes(form.schema).startswith(b"{"):
        raise MalformedRequest("'text.format.schema': expected object.", param="text.format.schema")
    schema: dict[str, Any] = {"name": form.name, "schema": form.schema}
    if form.description is not None:
        schema["description"] = form.description
    if form.strict is not None:
        schema["strict"] = form.strict
    return {"response_format": {"type": "json_schema", "json_schema": schema}}


def _tools(parsed: Body) -> list[Tool]:
    """Return the functions among the tools; MalformedRequest names a tool of another type."""
    tools = []
    for number, raw in enumerate(parsed.tools or ()):
        where = f"tools[{number}]"
        tool = read_value(raw, Tool, where)
        if tool.type != "function":
            raise MalformedRequest(
                f"'{where}.type': only tools of type function are possible: this proxy runs no tools of its own.",
                fix="Leave the tool out, or offer a function that does the same.",
                param=f"{where}.type",
            )
        if tool.name is None:
            raise MalformedRequest(f"'{where}.name': it is required.", param=f"{where}.name")
        if given(tool.parameters) and not bytes(tool.parameters).startswith(b"{"):
            raise MalformedRequest(f"'{where}.parameters': expected object | null.", param=f"{where}.parameters")
        tools.append(tool)
    return tools


def _tooling(parsed: Body, tools: list[Tool]) -> dict[str, Any]:
    """Return tools, tool_choice and parallel_tool_calls; without tools none of them, which chat upstreams refuse."""
    allowed, choice = _chosen(parsed.tool_choice, tools)
    if not allowed:
        if choice in (None, "auto", "none"):
            return {}
        raise MalformedRequest("'tool_choice' asks for a tool, but 'tools' has none.", param="tool_choice")
    tooling: dict[str, Any] = {"tools": [_function(tool) for tool in allowed]}
    if choice is not None:
        tooling["tool_choice"] = choice
    if parsed.parallel_tool_calls is not None:
        tooling["parallel_tool_calls"] = parsed.parallel_tool_calls
    return tooling


def _function(tool: Tool) -> dict[str, Any]:
    """Return a tool as a chat completion writes it."""
    function: dict[str, Any] = {"name": tool.name}
    if tool.description is not None:
        function["description"] = tool.description
    if given(tool.parameters):
        function["parameters"] = tool.parameters
    if tool.strict is not None:
        function["strict"] = tool.strict
    return {"type": "function", "function": function}


def _chosen(choice: str | Choice | None, tools: list[Tool]) -> tuple[list[Tool], Any]:
    """Return the tools to offer and the tool_choice. Upstreams know no allowed_tools: the others are not offered."""
    if choice is None:
        return tools, None
    if isinstance(choice, str):
        if choice not in _CHOICES:
            raise MalformedRequest("'tool_choice': expected none, auto, required or an object.", param="tool_choice")
        return tools, choice
    names = {tool.name for tool in tools}
    if choice.type == "function" and choice.name is not None:
        if choice.name not in names:
            raise MalformedRequest("'tool_choice.name' is no tool in 'tools'.", param="tool_choice.name")
        return tools, {"type": "function", "function": {"name": choice.name}}
    if choice.type == "allowed_tools" and choice.mode in ("auto", "required"):
        listed = {named.name for named in choice.tools or () if named.type == "function"}
        if not listed <= names:
            raise MalformedRequest("'tool_choice.tools' has a tool that is not in 'tools'.", param="tool_choice.tools")
        return [tool for tool in tools if tool.name in listed], choice.mode
    raise MalformedRequest(
        "'tool_choice.type': expected function (with a name) or allowed_tools (with a mode of auto or required).",
        param="tool_choice.type",
    )


def _echo(parsed: Body, members: Mapping[str, Raw], tools: list[Tool], *, stores: bool) -> dict[str, Any]:
    """Return what the response object repeats: each member as it was in force, None where nothing was said.

    `user` is there only where it was given: the API's schema has no null for it.
    """
    effort = parsed.reasoning or Effort()
    return {
        "background": False,
        "instructions": parsed.instructions,
        "max_output_tokens": parsed.max_output_tokens,
        "metadata": parsed.metadata or {},
        "parallel_tool_calls": parsed.parallel_tool_calls is not False,
        "previous_response_id": parsed.previous_response_id,
        "prompt_cache_key": parsed.prompt_cache_key,
        "reasoning": {"effort": effort.effort, "summary": None},
        "store": stores,
        "temperature": parsed.temperature,
        "text": members["text"] if parsed.text is not None and parsed.text.format else {"format": {"type": "text"}},
        "tool_choice": "auto" if parsed.tool_choice is None else members["tool_choice"],
        "tools": [
            {
                "type": "function",
                "name": tool.name,
                "description": tool.description,
                "parameters": tool.parameters if tool.parameters is not NOTHING else None,
                "strict": tool.strict,
            }
            for tool in tools
        ],
        "top_p": parsed.top_p,
        "truncation": "disabled",
        **({} if parsed.user is None else {"user": parsed.user}),
    }
