"""A request of Anthropic's Messages API, as the body of a chat completion.

What a chat completion cannot say is refused where the answer would mean something else without it, and named in
`dropped` where it would not.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import Raw

from router.errors import MalformedRequest
from router.wire import anthropic_schema as schema
from router.wire.anthropic_history import History
from router.wire.anthropic_schema import FIX, decoded, is_object, is_there, missing, refused

_READ = frozenset(
    {
        "model",
        "messages",
        "system",
        "max_tokens",
        "stream",
        "temperature",
        "top_p",
        "stop_sequences",
        "tools",
        "tool_choice",
        "metadata",
        "thinking",
        "output_config",
    }
)
_REFUSED = {
    "mcp_servers": "Leave it out: this proxy calls no tools itself.",
    "container": "Leave it out: this proxy runs no code.",
    "inference_geo": "Leave it out; the operator chooses regions with the route's upstreams.",
}
"""Members that would be broken promises if they were left out, each with what to do instead."""

_UNASKED = ("defer_loading", "input_examples", "allowed_callers", "eager_input_streaming")
"""Members of a tool that no chat completion has."""

_THINKS = frozenset({"enabled", "adaptive", "between_tools"})
_EFFORTS = {"low": "low", "medium": "medium", "high": "high", "xhigh": "high", "max": "high"}
"""Anthropic's words for effort, and OpenAI's; every reasoning upstream knows these three."""

_BUDGETS = ((4_096, "low"), (16_384, "medium"))
"""Tokens of thinking below which an effort stands for them; all above is high."""

_LONGEST_USER = 64
"""Characters that OpenAI takes as the name of a user."""

_KIND_CHARS = 60
_MOST_UNKNOWN = 32
_NAME = re.compile(r"[a-z0-9_]{1,64}")
"""What a member that is not known may be called: its name goes into a header."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatBody:
    """A chat completion's body, and what the answer must be told in.

    `dropped` are the names of what is not in the body, sorted; `stops` the sequences that end the answer;
    `shows_thinking` says whether the client takes the model's reasoning.
    """

    body: bytes
    dropped: tuple[str, ...] = ()
    stops: tuple[str, ...] = ()
    shows_thinking: bool = True


def to_chat(body: bytes, *, counting: bool = False) -> ChatBody:
    """Return `body` as a chat completion; MalformedRequest when it is no request, or one that cannot be kept.

    `body` must be UTF-8. `counting`: the request is to be counted only, and may leave out max_tokens.
    """
    members = decoded(schema.decode_outline, body)
    given = {name: value for name, value in members.items() if is_there(value)}
    for name in ("model", "messages") if counting else ("model", "messages", "max_tokens"):
        if name not in given:
            raise missing(name)
    translation = _Translation(given)
    translation.take_messages()
    translation.take_limits()
    translation.take_tools()
    translation.take_user()
    translation.take_thinking()
    return ChatBody(
        body=msgspec.json.encode(translation.chat),
        dropped=tuple(sorted(translation.dropped)),
        stops=translation.stops,
        shows_thinking=translation.shows_thinking,
    )


class _Translation:
    """One body on its way; `chat` has the members of the chat completion so far."""

    def __init__(self, given: Mapping[str, Raw]) -> None:
        """Refuse and note what is not read at all."""
        for name, fix in _REFUSED.items():
            if name in given and bytes(given[name]) != b"[]":
                raise refused(name, "it cannot be kept", fix)
        unknown = given.keys() - _READ - _REFUSED.keys()
        if len(unknown) > _MOST_UNKNOWN or not all(map(_NAME.fullmatch, unknown)):
            raise MalformedRequest("The body has members that no version of this API has.", fix=FIX)
        self._given = given
        self.chat: dict[str, Any] = {"model": decoded(schema.decode_name, given["model"], "model")}
        self.dropped: set[str] = unknown
        self.stops: tuple[str, ...] = ()
        self.shows_thinking = True

    def take_messages(self) -> None:
        """Take `system` and `messages`."""
        given, history = self._given, History()
        if "system" in given:
            history.instruct(decoded(schema.decode_content, given["system"], "system"))
        messages = decoded(schema.decode_messages, given["messages"], "messages")
        for number, message in enumerate(messages):
            history.add(message, f"messages[{number}]")
        if messages[-1].role == "assistant":
            raise refused(
                f"messages[{len(messages) - 1}]",
                "the last message is the assistant's, and no upstream here continues one",
                "End with a user message.",
            )
        history.end()
        self.chat["messages"] = history.messages
        self.dropped |= history.dropped

    def take_limits(self) -> None:
        """Take what bounds the answer, how it is drawn and how it is sent."""
        given, chat = self._given, self.chat
        if "max_tokens" in given:
            chat["max_completion_tokens"] = decoded(schema.decode_count, given["max_tokens"], "max_tokens")
        if "stream" in given and decoded(schema.decode_flag, given["stream"], "stream"):
            chat["stream"] = True
            chat["stream_options"] = {"include_usage": True}
        for name in ("temperature", "top_p"):
            if name in given:
                decoded(schema.decode_number, given[name], name)
                chat[name] = given[name]
        if "stop_sequences" in given:
            self.stops = tuple(decoded(schema.decode_texts, given["stop_sequences"], "stop_sequences"))
        if self.stops:
            chat["stop"] = self.stops

    def take_tools(self) -> None:
        """Take `tools` and `tool_choice`."""
        given = self._given
        if "tools" in given:
            tools = decoded(schema.decode_tools, given["tools"], "tools")
            if tools:
                self.chat["tools"] = [self._tool(tool, f"tools[{number}]") for number, tool in enumerate(tools)]
        if "tool_choice" in given:
            self._choose(decoded(schema.decode_tool_choice, given["tool_choice"], "tool_choice"))

    def _tool(self, tool: schema.Tool, place: str) -> Any:
        """Return a tool that the client describes; one that Anthropic defines or runs is refused by its type."""
        if tool.type not in (None, "custom"):
            raise refused(
                place,
                f"a tool of type '{str(tool.type)[:_KIND_CHARS]}' cannot be kept",
                "Describe it with name and input_schema, and run it yourself.",
            )
        if not tool.name:
            raise missing(f"{place}.name")
        if not is_object(tool.input_schema):
            raise refused(f"{place}.input_schema", "it must be an object", FIX)
        if is_there(tool.cache_control):
            self.dropped.add("cache_control")
        self.dropped |= {f"tools.{name}" for name in _UNASKED if _asks(getattr(tool, name))}
        function: dict[str, Any] = {"name": tool.name, "parameters": tool.input_schema}
        if tool.description is not None:
            function["description"] = tool.description
        if tool.strict is not None:
            function["strict"] = tool.strict
        return {"type": "function", "function": function}

    def _choose(self, choice: schema.ToolChoice) -> None:
        words: dict[str, Any] = {"auto": "auto", "any": "required", "none": "none"}
        if choice.type == "tool":
            if not choice.name:
                raise missing("tool_choice.name")
            said: Any = {"type": "function", "function": {"name": choice.name}}
        elif choice.type in words:
            said = words[choice.type]
        else:
            raise refused("tool_choice.type", "it must be auto, any, tool or none", FIX)
        if "tools" in self.chat:
            self.chat["tool_choice"] = said
            if choice.disable_parallel_tool_use:
                self.chat["parallel_tool_calls"] = False
        elif choice.type in ("any", "tool"):
            raise refused("tool_choice", "it asks for a tool and there are none", "Send tools, or leave it out.")

    def take_user(self) -> None:
        """Take `metadata.user_id`, unless it is longer than a user's name may be."""
        if "metadata" in self._given:
            user = decoded(schema.decode_metadata, self._given["metadata"], "metadata").user_id
            if user and len(user) <= _LONGEST_USER:
                self.chat["user"] = user
            elif user:
                self.dropped.add("metadata.user_id")

    def take_thinking(self) -> None:
        """Take `thinking` and `output_config`: how much to think, and the form of the answer."""
        given, effort = self._given, None
        config = schema.OutputConfig()
        if "output_config" in given:
            config = decoded(schema.decode_output_config, given["output_config"], "output_config")
        thinking = schema.Thinking(type="disabled")
        if "thinking" in given:
            thinking = decoded(schema.decode_thinking, given["thinking"], "thinking")
            self.shows_thinking = thinking.type != "disabled" and thinking.display != "omitted"
        if thinking.type in _THINKS:
            effort = self._effort(thinking, config.effort)
        elif thinking.type != "disabled":
            raise refused("thinking.type", "it must be enabled, adaptive, between_tools or disabled", FIX)
        elif config.effort is not None:
            self.dropped.add("output_config.effort")
        if effort is not None:
            self.chat["reasoning_effort"] = effort
        if config.format is not None:
            self._shape(config.format)

    def _effort(self, thinking: schema.Thinking, asked: str | None) -> str | None:
        """Return OpenAI's word for how much is to be thought: the effort that is asked for, else what the budget says.

        What is only near is noted as dropped. None where the model shall choose, which is what it does unasked.
        """
        if thinking.budget_tokens is not None:
            self.dropped.add("thinking.budget_tokens")
        if asked is not None:
            if asked not in _EFFORTS:
                raise refused("output_config.effort", f"it must be one of {', '.join(_EFFORTS)}", FIX)
            if _EFFORTS[asked] != asked:
                self.dropped.add("output_config.effort")
            return _EFFORTS[asked]
        budget = thinking.budget_tokens
        if budget is not None:
            return next((effort for bound, effort in _BUDGETS if budget < bound), "high")
        if thinking.type == "enabled":
            raise missing("thinking.budget_tokens")
        self.dropped.add("thinking")
        return None

    def _shape(self, form: schema.OutputFormat) -> None:
        if form.type != "json_schema" or not is_object(form.schema):
            raise refused("output_config.format", "it must be json_schema with a schema", FIX)
        described = {"name": "answer", "strict": True, "schema": form.schema}
        self.chat["response_format"] = {"type": "json_schema", "json_schema": described}


def _asks(raw: Raw) -> bool:
    """Tell whether a member of a tool asks for something."""
    return is_there(raw) and bytes(raw) not in (b"false", b"[]", b'["direct"]')
