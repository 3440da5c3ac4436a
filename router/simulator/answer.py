"""What a simulated model answers: text, a form or a tool call, the same for the same prompt, and what it would cost."""

import json
import math
import re
from collections import OrderedDict
from dataclasses import dataclass
from hashlib import sha256
from itertools import cycle, islice
from typing import Any, Final

from router.simulator.instance import Impossible, smallest

_SENTENCE: Final = (
    "this answer is made up here no model has read your prompt it stands where a real answer would and has about its "
    "length so that streams costs and tables look as they will set a provider key and start again to get real ones"
)
_UNFIT = (Impossible, ArithmeticError, AttributeError, TypeError, ValueError)  # what a schema that is none leads to
_BYTES_A_TOKEN = 4
_TOKENS_AN_IMAGE = 85
_REMEMBERED_PREFIXES = 8_192
_TALKATIVE = (24, 60, 140)
"""Words an answer has at least: by the model's place among the names, the last for all that follow."""


class Invalid(ValueError):
    """The request is not a chat completion request; the text says what is wrong with which field."""

    def __init__(self, message: str, param: str | None = None) -> None:
        """Keep the offending field's name."""
        super().__init__(message)
        self.param = param


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """One call of a tool: a function with JSON arguments, or a custom tool with free input."""

    id: str
    kind: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer, in pieces of one token each. Token counts are whole numbers; cached ones are part of the prompt's."""

    model: str
    pieces: tuple[str, ...]
    tool_calls: tuple[ToolCall, ...]
    finish_reason: str
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(self.pieces)


class Memory:
    """The beginnings of conversations that a process has seen, as a provider's prompt cache would know them."""

    def __init__(self, limit: int = _REMEMBERED_PREFIXES) -> None:
        self._limit = limit
        self._seen: OrderedDict[bytes, None] = OrderedDict()

    def cached(self, model: str, messages: list[dict[str, Any]], tokens: list[int]) -> int:
        """Return how many tokens of the longest known beginning these messages share, and remember them.

        `tokens` are those of each message. The last message is never counted as cached.
        """
        digest, marks = sha256(model.encode()), []
        for message in messages:
            digest.update(json.dumps(message, sort_keys=True).encode())
            marks.append(digest.digest())
        known = max((index for index, mark in enumerate(marks, 1) if mark in self._seen), default=0)
        for mark in marks:
            self._seen[mark] = None
            self._seen.move_to_end(mark)
        while len(self._seen) > self._limit:
            self._seen.popitem(last=False)
        return sum(tokens[: min(known, len(messages) - 1)])


def answer(body: dict[str, Any], names: tuple[str, ...], memory: Memory) -> Answer:
    """Answer a request whose model is one of `names`; Invalid if its messages are none."""
    messages = _messages(body)
    model: str = body["model"]
    tokens = [_tokens(message) for message in messages]
    cached = memory.cached(model, messages, tokens)
    seed = sha256(json.dumps([model, messages], sort_keys=True).encode()).hexdigest()
    calls = _tool_calls(body, messages, seed)
    pieces = () if calls else _cut(_text(body, names.index(model), seed))
    limit = body.get("max_completion_tokens") or body.get("max_tokens")
    reason = "tool_calls" if calls else "stop"
    if isinstance(limit, int) and 0 < limit < len(pieces):
        pieces, reason = pieces[:limit], "length"
    return Answer(
        model=model,
        pieces=pieces,
        tool_calls=calls,
        finish_reason=reason,
        prompt_tokens=sum(tokens),
        cached_tokens=cached,
        completion_tokens=len(pieces) + sum(_size(call.name + call.arguments) for call in calls),
    )


def _messages(body: dict[str, Any]) -> list[dict[str, Any]]:
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise Invalid("'messages' must be a list with at least one message.", "messages")
    for index, message in enumerate(messages):
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            raise Invalid(f"'messages[{index}]' must be an object with a role.", "messages")
        if not isinstance(message.get("content"), str | list | None):
            raise Invalid(f"'messages[{index}].content' must be text or a list of parts.", "messages")
    return messages


def _parts(message: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a message's content as parts."""
    content = message.get("content") or []
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [part for part in content if isinstance(part, dict)]


def _said(message: dict[str, Any]) -> str:
    """Return a message's text."""
    return " ".join(str(part["text"]) for part in _parts(message) if "text" in part)


def _tokens(message: dict[str, Any]) -> int:
    """Return a message's tokens: four bytes of text each, a flat number for an image."""
    images = len([part for part in _parts(message) if part.get("type") == "image_url"])
    return _size(_said(message)) + images * _TOKENS_AN_IMAGE


def _size(text: str) -> int:
    return max(1, math.ceil(len(text.encode(errors="replace")) / _BYTES_A_TOKEN))


def _text(body: dict[str, Any], place: int, seed: str) -> str:
    """Return what the model says: a form where one is asked for, else words, more of them from larger models."""
    wanted = body.get("response_format") or {}
    kind = wanted.get("type") if isinstance(wanted, dict) else None
    if kind == "json_object":
        return json.dumps({"simulated": True, "model": body["model"]})
    if kind == "json_schema":
        try:
            return json.dumps(smallest((wanted.get("json_schema") or {}).get("schema", {})))
        except _UNFIT as error:
            raise Invalid(f"This schema cannot be simulated: {error}.", "response_format") from None
    images = sum(part.get("type") == "image_url" for message in body["messages"] for part in _parts(message))
    seen = f" with {images} image{'s' * (images > 1)}" if images else ""
    count: int = _TALKATIVE[min(place, len(_TALKATIVE) - 1)]
    count += int(seed[:4], 16) % (count // 2)
    words = list(islice(cycle(_SENTENCE.split()), count))
    return f"[simulated {body['model']}] To prompt {seed[4:10]}{seen}: {' '.join(words)}."


def _cut(text: str) -> tuple[str, ...]:
    """Cut a text into its tokens: words of at most eight characters with the space before them."""
    return tuple(re.findall(r"\s*\S{1,8}|\s+$", text))


def _tool_calls(body: dict[str, Any], messages: list[dict[str, Any]], seed: str) -> tuple[ToolCall, ...]:
    """Return the tool call that the choice demands, or that the prompt plainly asks for; else none."""
    tools = [tool for tool in body.get("tools") or [] if isinstance(tool, dict) and _name(tool)]
    choice = body.get("tool_choice", "auto")
    if not tools or choice == "none":
        return ()
    if isinstance(choice, dict):
        tool = next((tool for tool in tools if _name(tool) == _name(choice)), None)
        if tool is None:
            raise Invalid("'tool_choice' names a tool that is not among 'tools'.", "tool_choice")
    elif choice == "required":
        tool = tools[0]
    else:
        tool = next((tool for tool in tools if _asks_for(messages[-1], tool)), None)
    return () if tool is None else (_call(tool, seed),)


def _name(tool: dict[str, Any]) -> str | None:
    """Return the name in a tool, or in a choice of one."""
    inner = tool.get(str(tool.get("type")))
    name = inner.get("name") if isinstance(inner, dict) else None
    return name if isinstance(name, str) else None


def _asks_for(message: dict[str, Any], tool: dict[str, Any]) -> bool:
    """Tell whether a user's message holds a telling word of the tool's name: 'weather' for get_weather."""
    if message.get("role") != "user":
        return False
    said = set(re.findall(r"\w+", _said(message).lower()))
    spaced = re.sub(r"([a-z])([A-Z])", r"\1 \2", _name(tool) or "")
    return any(len(word) > 3 and word in said for word in re.split(r"[\W_]+", spaced.lower()))


def _call(tool: dict[str, Any], seed: str) -> ToolCall:
    """Return a call of the tool with the smallest arguments that it takes."""
    kind = str(tool["type"])
    if kind != "function":
        return ToolCall(id=f"call_{seed[:12]}", kind=kind, name=_name(tool) or "", arguments="simulated")
    try:
        arguments = smallest(tool["function"].get("parameters") or {"type": "object"})
    except _UNFIT as error:
        raise Invalid(f"The parameters of a tool cannot be simulated: {error}.", "tools") from None
    return ToolCall(id=f"call_{seed[:12]}", kind=kind, name=_name(tool) or "", arguments=json.dumps(arguments))
