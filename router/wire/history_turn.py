"""One message of a conversation, and what a host's rules make of it alone: reasoning, names, contents."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import msgspec
from msgspec import Raw

from router.wire.dialect import History

T = TypeVar("T")
Part = dict[str, Raw]
"""A part of a content, its members as they came."""

REASONING = ("reasoning_content", "reasoning", "reasoning_details")
"""The members in which families write an assistant's reasoning; the order in which one is taken for the others."""

IN_CONTENT = "content[].thinking"
"""The name for reasoning that stands in the content, as parts of the type thinking."""

UNBROKEN = " "
"""What is sent where a host demands a text that nobody wrote: no word, and not empty."""

_members = msgspec.json.Decoder(Part).decode
_parts = msgspec.json.Decoder(list[Part]).decode
_text = msgspec.json.Decoder(str).decode
_EMPTY = frozenset({b"null", b'""', b"[]", b"{}"})


def taken(decode: Callable[[Raw], T], raw: Raw | None) -> T | None:
    """Return what `decode` makes of `raw`, None where it is absent or of another kind."""
    if raw is None:
        return None
    try:
        return decode(raw)
    except msgspec.DecodeError:
        return None


class Turn:
    """One message: its members, each as its bytes. `changed` tells whether it must be written anew."""

    __slots__ = ("changed", "members", "raw", "role")

    def __init__(self, raw: Raw) -> None:
        """Read a message."""
        self.raw = raw
        self.members = taken(_members, raw) or {}
        self.role = self.text("role") or ""
        self.changed = False

    def text(self, name: str) -> str | None:
        """Return a member that is a text, else None."""
        return taken(_text, self.members.get(name))

    def parts(self, name: str) -> list[Part] | None:
        """Return a member that is a list of objects, else None."""
        return taken(_parts, self.members.get(name))

    def says(self, name: str) -> bool:
        """Tell whether a member is there and not empty."""
        return name in self.members and bytes(self.members[name]) not in _EMPTY

    def set(self, name: str, value: Any) -> None:
        """Set a member."""
        self.members[name] = Raw(msgspec.json.encode(value))
        self.changed = True

    def drop(self, name: str) -> None:
        """Remove a member that is there."""
        del self.members[name]
        self.changed = True

    def encoded(self) -> bytes:
        """Return the message as JSON: as it came unless it was changed."""
        return msgspec.json.encode(self.members) if self.changed else bytes(self.raw)


def spoken(role: str, content: Any) -> Turn:
    """Return a new message."""
    return Turn(Raw(msgspec.json.encode({"role": role, "content": content})))


def refit(turn: Turn, history: History, lost: dict[str, None]) -> None:
    """Rewrite what the host's rules say of this message alone; `lost` gathers the names of what could not be kept."""
    if "name" in turn.members and history.names_on is not None and turn.role not in history.names_on:
        _lose(turn, ["name"], lost)
    if turn.role == "assistant":
        _refit_reasoning(turn, history, lost)
        if history.assistant is not None:
            _lose(turn, turn.members.keys() - history.assistant, lost)
    if history.plain_text:
        _flatten(turn)


def think_throughout(turns: Sequence[Turn], history: History) -> None:
    """Give every assistant's message reasoning of some kind, where one of them calls a tool."""
    own = history.reasoning
    if own is None or not any(turn.role == "assistant" and turn.says("tool_calls") for turn in turns):
        return
    for turn in turns:
        if turn.role == "assistant" and not turn.says(own):
            turn.set(own, UNBROKEN)


def _flatten(turn: Turn) -> None:
    """Make a content of texts alone one text, a line each."""
    parts = turn.parts("content")
    if parts and all(_kind(part) == "text" for part in parts):
        without_parts(turn)


def without_parts(turn: Turn) -> list[Part]:
    """Make a tool's content one text, a line each; return the parts that are none."""
    parts = turn.parts("content")
    if parts is None:
        return []
    texts = [taken(_text, part.get("text")) if _kind(part) == "text" else None for part in parts]
    turn.set("content", "\n".join(text for text in texts if text is not None))
    return [part for part, text in zip(parts, texts, strict=True) if text is None]


def show(turn: Turn, pictures: list[Part]) -> None:
    """Put parts in front of what a user says."""
    said = turn.parts("content")
    text = turn.text("content")
    if said is None:
        said = [{"type": Raw(b'"text"'), "text": turn.members["content"]}] if text else []
    turn.set("content", [*pictures, *said])


def is_silent(turn: Turn) -> bool:
    """Tell whether an assistant neither says nor calls anything."""
    if turn.role != "assistant" or turn.says("tool_calls"):
        return False
    parts = turn.parts("content") or ()
    empty = parts and all(_kind(part) == "text" and not taken(_text, part.get("text")) for part in parts)
    return bool(empty) or not turn.says("content")


def _lose(turn: Turn, names: Iterable[str], lost: dict[str, None]) -> None:
    for name in sorted(names):
        if turn.says(name):
            lost[f"messages.{name}"] = None
        turn.drop(name)


def _refit_reasoning(turn: Turn, history: History, lost: dict[str, None]) -> None:
    """Move an assistant's reasoning to where the host reads it, or leave it out."""
    own = history.reasoning
    foreign = [name for name in REASONING if name in turn.members and name not in (own, *history.beside_reasoning)]
    thoughts = None if own == IN_CONTENT else _take_thoughts(turn)
    if foreign or thoughts is not None:
        text = _moved(turn, own, foreign, thoughts)
        _drop_foreign(turn, foreign, text, lost)
        if thoughts and thoughts != text:
            lost[f"messages.{IN_CONTENT}"] = None
    if history.reasoning_with_calls and own is not None and turn.says("tool_calls") and not turn.says(own):
        turn.set(own, UNBROKEN)


def _moved(turn: Turn, own: str | None, foreign: list[str], thoughts: str | None) -> str | None:
    """Return the reasoning that the host will read, after writing it where that is; None where it reads none."""
    if own is None:
        return None
    if own != IN_CONTENT and turn.says(own):
        return turn.text(own)
    found = [_reasoning(turn, name) for name in foreign]
    text = next((one for one in (*found, thoughts) if one), "")
    if own == IN_CONTENT:
        return _think(turn, text)
    if text:
        turn.set(own, text)
    return text


def _drop_foreign(turn: Turn, foreign: list[str], text: str | None, lost: dict[str, None]) -> None:
    """Leave out what another family writes; name it unless the host reads the same words."""
    same = [name for name in foreign if text and _reasoning(turn, name) == text and not _is_sealed(turn, name)]
    for name in foreign:
        _lose(turn, [name], {} if name in same else lost)


def _reasoning(turn: Turn, name: str) -> str:
    """Return the words in one of the members for reasoning."""
    if name != "reasoning_details":
        return turn.text(name) or ""
    found = (taken(_text, part.get("text", part.get("summary"))) for part in turn.parts(name) or ())
    return "".join(text for text in found if text)


def _is_sealed(turn: Turn, name: str) -> bool:
    """Tell whether a member holds more than words: a signature, or what only its writer can open."""
    if name != "reasoning_details":
        return False
    parts = turn.parts(name)
    return parts is None or any(bytes(part.get(seal, b"null")) != b"null" for part in parts
                                for seal in ("signature", "data"))  # fmt: skip


def _think(turn: Turn, text: str) -> str:
    """Put reasoning in front of the content, unless some stands there; return what stands there."""
    parts = turn.parts("content")
    thoughts = [part for part in parts or () if _kind(part) == "thinking"]
    if thoughts:
        return "".join(map(_thought, thoughts))
    if text:
        plain = [{"type": Raw(b'"text"'), "text": turn.members["content"]}] if turn.text("content") else []
        said = parts or plain
        turn.set("content", [{"type": "thinking", "thinking": [{"type": "text", "text": text}]}, *said])
    return text


def _take_thoughts(turn: Turn) -> str | None:
    """Take the parts of the type thinking out of the content; return their words, None where there are none.

    Texts that are left alone become one: a host that writes them apart from its thoughts means one answer.
    """
    parts = turn.parts("content") or []
    thoughts = [part for part in parts if _kind(part) == "thinking"]
    if not thoughts:
        return None
    rest = [part for part in parts if part not in thoughts]
    texts = [taken(_text, part.get("text")) for part in rest if _kind(part) == "text"]
    if len(texts) < len(rest):
        turn.set("content", rest)
    elif texts or not turn.says("tool_calls"):
        turn.set("content", "".join(text for text in texts if text))
    else:
        turn.set("content", None)
    return "".join(map(_thought, thoughts))


def _thought(part: Part) -> str:
    inner = part.get("thinking")
    plain = taken(_text, inner)
    if plain is not None:
        return plain
    return "".join(taken(_text, one.get("text")) or "" for one in taken(_parts, inner) or ())


def _kind(part: Part) -> str | None:
    return taken(_text, part.get("type"))
