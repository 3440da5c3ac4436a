"""The form in which one kind of provider's deviations from OpenAI's chat completions are written down.

The tables themselves are in router.wire.dialects and router.wire.kimi, what carries them out is
router.wire.dialect_edit. Everything here is a value: no table has code of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

Scalar = str | int | float | bool
"""A JSON value that a rule can name."""

_NOTHING: Mapping[Scalar, "Said"] = MappingProxyType({})
_NO_WORDS: dict[str, str] = {}


class StreamUsage(StrEnum):
    """How a stream comes to carry its token counts."""

    ASK = "ask"
    """With stream_options.include_usage."""

    ALWAYS = "always"
    """Unasked, in the last chunk."""

    NEVER = "never"
    """It is not known to accept stream_options: what comes is taken, nothing is asked for."""


class ErrorShape(StrEnum):
    """The bodies in which hosts write their errors; router.wire.upstream_error reads them all."""

    OBJECT = '{"error": {message, type, code}}'
    TEXT = '{"error": "text"}'
    LIST = '[{"error": {...}}]'
    FLAT = '{"object": "error", message: text or {detail}}'
    DETAIL = '{"detail": [...]}'
    MESSAGE = '{"message"} or {"Message"}'
    PROBLEM = '{"status", "title"}'
    INSIDE = "inside a 200 or a stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """How a value is said there: JSON bytes, under `name` if that differs from the rule's.

    `kept` says that it means the same; what is only near is reported as dropped.
    """

    value: bytes
    name: str | None = None
    kept: bool = True


DROPPED = Said(value=b"", kept=False)
"""What a rule says of a value that has no counterpart."""


def same(value: bytes, name: str | None = None) -> Said:
    """Return another spelling of the same."""
    return Said(value=value, name=name)


def near(value: bytes, name: str | None = None) -> Said:
    """Return the nearest that the host takes."""
    return Said(value=value, name=name, kept=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What becomes of one top-level member.

    `to` is its name there; with `yields` a member that has that name already stays, without it is displaced. `says`
    names values that are said otherwise, `otherwise` what is said for every value that it does not name (None: as it
    came). Larger numbers become `high`. A list of more than `items` texts, or a text longer than `item_bytes`, alone or
    in a list, is dropped. So is null where a rule does more than rename: it says no more than absence.
    """

    to: str | None = None
    yields: bool = False
    says: Mapping[Scalar, Said] = field(default_factory=lambda: _NOTHING)
    otherwise: Said | None = None
    high: float | None = None
    items: int | None = None
    item_bytes: int | None = None

    @property
    def only_renames(self) -> bool:
        """Whether no value needs to be looked at."""
        return not self.says and (self.otherwise, self.high, self.items, self.item_bytes) == _AS_IT_CAME


_AS_IT_CAME = (None, None, None, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """A member that is added where the client sends none of this name, but sends one of those in `beside`."""

    name: str
    value: bytes
    beside: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What a host demands of `messages`; router.wire.history carries it out.

    `call_id` is the pattern of tool-call ids. `after_tool` are the roles that may follow a tool's message, `last` those
    of the last message; `prefix` is the member that an assistant's last message needs. `names_on` are the roles that
    may carry a name. `text_only_tool` says that a tool's content must be text, not parts; `plain_text` that a content
    of texts alone must be one; `empty_assistant` whether an assistant may say nothing. `reasoning` is the member in
    which it writes and reads its reasoning, `reasoning_with_calls` whether that must be sent back beside tool calls,
    `reasoning_after_calls` whether every other assistant's message of such a conversation needs it too,
    `beside_reasoning` are members that may stand beside it. `assistant` are all members of an assistant's message in a
    schema that forbids others.
    """

    call_id: str | None = None
    after_tool: frozenset[str] | None = None
    last: frozenset[str] | None = None
    prefix: str | None = None
    names_on: frozenset[str] | None = None
    text_only_tool: bool = False
    plain_text: bool = False
    empty_assistant: bool = True
    reasoning: str | None = None
    reasoning_with_calls: bool = False
    reasoning_after_calls: bool = False
    beside_reasoning: frozenset[str] = frozenset()
    assistant: frozenset[str] | None = None
    of_reasoning: bool = field(init=False)
    """Whether these are demands on reasoning alone, of which there is none in most conversations."""

    def __post_init__(self) -> None:
        """Note what is demanded."""
        others = (self.call_id, self.after_tool, self.last, self.prefix, self.names_on, self.assistant)
        demands = self.text_only_tool or self.plain_text or not self.empty_assistant or self.reasoning_with_calls
        object.__setattr__(self, "of_reasoning", not demands and not any(other is not None for other in others))


FREE = History()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One kind's deviations.

    In a request: `knows` are all top-level members of a schema that forbids others (None: it takes unknown ones);
    `drop` are members that it refuses or would ignore; `rules` say what becomes of others; `fixed` are added;
    `most_tools` and `tool_name` (a pattern) bound the tools; `history` bounds the messages.

    In an answer: `usage` are the places of the token counts, `cached` the members inside them that count cached input;
    `finish` maps its finish_reasons to OpenAI's; `failing` are those that mean that the answer broke off by its own
    fault; `reports_cost`: usage.cost is the bill in USD; `errors` are the shapes of its errors. `note` is what an
    operator should know.
    """

    title: str
    stream_usage: StreamUsage = StreamUsage.ASK
    knows: frozenset[str] | None = None
    drop: frozenset[str] = frozenset()
    rules: Mapping[str, Rule] = field(default_factory=dict)
    fixed: tuple[Fixed, ...] = ()
    most_tools: int | None = None
    tool_name: str | None = None
    history: History = FREE
    usage: tuple[str, ...] = ("usage",)
    cached: tuple[str, ...] = ("prompt_tokens_details.cached_tokens",)
    finish: dict[str, str] = field(default_factory=lambda: _NO_WORDS)
    failing: frozenset[str] = frozenset({"error"})
    reports_cost: bool = False
    errors: tuple[ErrorShape, ...] = (ErrorShape.OBJECT,)
    note: str = ""
    names: frozenset[str] = field(init=False)
    touched: tuple[bytes, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Note the names, and the quoted names, of the members that need an edit."""
        names = {*self.drop, *self.rules, *(name for fixed in self.fixed for name in fixed.beside)}
        object.__setattr__(self, "names", frozenset(names))
        object.__setattr__(self, "touched", tuple(b'"%s"' % name.encode() for name in sorted(names)))
