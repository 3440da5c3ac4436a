"""A conversation that any family of models wrote, as one host takes it: the messages rewritten, the rest as it came."""

import hashlib
import re
import string
from collections.abc import Iterable, Iterator

import msgspec
from msgspec import Raw

from router.errors import MalformedRequest
from router.wire.dialect import History
from router.wire.dialect_edit import has_escaped_letters
from router.wire.history_turn import (
    IN_CONTENT,
    REASONING,
    UNBROKEN,
    Part,
    Turn,
    is_silent,
    refit,
    show,
    spoken,
    taken,
    think_throughout,
    without_parts,
)
from router.wire.json_body import members, splice

_messages = msgspec.json.Decoder(list[Raw]).decode
_text = msgspec.json.Decoder(str).decode

_LETTERS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_ID_LENGTH = 9
"""Characters of a new tool-call id: what the strictest host demands, and the others take."""


def fitted(body: bytes, history: History) -> tuple[bytes, tuple[str, ...]]:
    """Return `body` with its messages as the host demands them, and the names of what could not be kept, each once.

    A body that needs no change is returned as it is. MalformedRequest for values that are nested too deeply.
    """
    try:
        return _fitted(body, history) if _may_apply(body, history) else (body, ())
    except RecursionError:
        raise MalformedRequest("The body is nested too deeply.", param="messages") from None


def _may_apply(body: bytes, history: History) -> bool:
    """Tell whether a rule may have something to do, by names alone: most bodies are not read."""
    if any(mark in body for mark in _marks(history)) or has_escaped_letters(body):
        return True
    keeps = (history.reasoning, *history.beside_reasoning)
    return b'"reasoning' in body and any(b'"%s"' % name.encode() in body for name in REASONING if name not in keeps)


def _marks(history: History) -> Iterator[bytes]:
    """Yield what stands in every body that a rule applies to, but for the members for reasoning."""
    if history.reasoning != IN_CONTENT:
        yield b'"thinking"'
    if history.names_on is not None:
        yield b'"name"'
    if history.call_id is not None or history.reasoning_with_calls:
        yield b'"tool_call'
    if history.text_only_tool or history.after_tool is not None:
        yield b'"tool"'
    if history.plain_text:
        yield b'"text"'
    if history.last is not None:
        yield from (b'"%s"' % role for role in (b"assistant", b"system", b"developer"))
    if history.assistant is not None or history.prefix is not None or not history.empty_assistant:
        yield b'"assistant"'


def _fitted(body: bytes, history: History) -> tuple[bytes, tuple[str, ...]]:
    member = next((member for member in reversed(members(body)) if member.key == "messages"), None)
    raws = None if member is None else taken(_messages, Raw(body[member.value : member.end]))
    if member is None or not raws:
        return body, ()
    before = [Turn(raw) for raw in raws]
    lost: dict[str, None] = {}
    for turn in before:
        refit(turn, history, lost)
    if history.reasoning_after_calls:
        think_throughout(before, history)
    if history.call_id is not None:
        _rename_calls(before, history.call_id)
    turns = _ordered(before, history)
    if turns == before and not any(turn.changed for turn in turns):
        return body, tuple(lost)
    messages = b"[" + b",".join(turn.encoded() for turn in turns) + b"]"
    return splice(body, [((member.value, member.end), messages)]), tuple(lost)


def _rename_calls(turns: Iterable[Turn], pattern: str) -> None:
    """Give every tool call, and every result of it, an id that fits the pattern."""
    turns = list(turns)
    names = new_ids([name for turn in turns for name in _ids(turn)], pattern)
    for turn in turns:
        if any(name != names[name] for name in _ids(turn)):
            _rename(turn, names)


def _rename(turn: Turn, names: dict[str, str]) -> None:
    answered = turn.text("tool_call_id")
    if answered is not None:
        turn.set("tool_call_id", names[answered])
    calls = turn.parts("tool_calls")
    if calls:
        turn.set("tool_calls", [_renamed(call, names) for call in calls])


def _renamed(call: Part, names: dict[str, str]) -> Part:
    name = taken(_text, call.get("id"))
    return call if name is None else {**call, "id": Raw(msgspec.json.encode(names[name]))}


def _ids(turn: Turn) -> Iterator[str]:
    """Yield the ids in a message."""
    for name in (turn.text("tool_call_id"), *(taken(_text, call.get("id")) for call in turn.parts("tool_calls") or ())):
        if name is not None:
            yield name


def new_ids(ids: Iterable[str], pattern: str) -> dict[str, str]:
    """Return an id of letters and digits for each of `ids`: no two get the same, and one that fits `pattern` stays.

    It depends on the ids alone, so a conversation gets the same in every request. It needs a pattern that nine letters
    and digits fit.
    """
    known = list(dict.fromkeys(ids))
    fits = re.compile(pattern).fullmatch
    named = {name: name for name in known if fits(name)}
    used = set(named)
    for name in known:
        if name not in named:
            new = next(one for one in _digests(name) if one not in used)
            used.add(new)
            named[name] = new
    return named


def _digests(name: str) -> Iterator[str]:
    """Yield ids made of `name`, endlessly: the second and later ones are for those that met another's."""
    salt = 0
    while True:
        digest = hashlib.blake2b(name.encode(), digest_size=16, salt=salt.to_bytes(16, "big")).digest()
        number, letters = int.from_bytes(digest, "big"), []
        for _ in range(_ID_LENGTH):
            number, index = divmod(number, len(_LETTERS))
            letters.append(_LETTERS[index])
        yield "".join(letters)
        salt += 1


def _ordered(turns: list[Turn], history: History) -> list[Turn]:
    """Return the messages as the host's rules for several of them say."""
    if history.text_only_tool:
        turns = list(_with_pictures(turns))
    if not history.empty_assistant:
        turns = [turn for turn in turns if not is_silent(turn)] or turns
    if history.last is not None or history.prefix is not None:
        turns = _ended(turns, history.last, history.prefix)
    if history.after_tool is not None:
        turns = list(_paused(turns, history.after_tool))
    return turns


def _with_pictures(turns: Iterable[Turn]) -> Iterator[Turn]:
    """Yield the messages, pictures taken out of tools' results into the user's message behind them."""
    pictures: list[Part] = []
    for turn in turns:
        if turn.role == "tool":
            pictures += without_parts(turn)
        elif pictures:
            if turn.role == "user":
                show(turn, pictures)
            else:
                yield spoken("user", pictures)
            pictures = []
        yield turn
    if pictures:
        yield spoken("user", pictures)


def _ended(turns: list[Turn], last: frozenset[str] | None, prefix: str | None) -> list[Turn]:
    """Return the messages with an end that the host takes.

    Instructions at the end move in front of the user's last message, unless they may stand there; an answer at the end
    is marked as the beginning of the next one.
    """
    end = len(turns)
    while last is not None and end and turns[end - 1].role not in (*last, "assistant"):
        end -= 1
    asked = next((at for at in reversed(range(end)) if turns[at].role == "user"), None)
    if asked is not None and end < len(turns):
        turns = [*turns[:asked], *turns[end:], *turns[asked:end]]
    final = turns[-1]
    begun = prefix is not None and bytes(final.members.get(prefix, b"")) == b"true"
    if prefix is not None and final.role == "assistant" and not begun and not final.says("tool_calls"):
        final.set(prefix, True)
    return turns


def _paused(turns: Iterable[Turn], after_tool: frozenset[str]) -> Iterator[Turn]:
    """Yield the messages, an assistant's without words between a tool's result and who may not follow it."""
    before = ""
    for turn in turns:
        if before == "tool" and turn.role not in after_tool:
            yield spoken("assistant", UNBROKEN)
        yield turn
        before = turn.role
