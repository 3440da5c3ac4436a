"""A body in one provider's words: top-level members dropped, renamed, said otherwise or added; the rest as it came."""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from router.errors import MalformedRequest
from router.wire.dialect import DROPPED, Dialect, Rule, Said
from router.wire.json_body import Member, insertion, members, splice

_decode = msgspec.json.decode
_decode_names = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode

_LARGE = 8 * 1024
"""Bytes from which on reading all names exactly is quicker than searching for some."""

_ESCAPED_ASCII = re.compile(rb"\\u00[4-7]")

_UNSAID: dict[str, tuple[Any, ...]] = {
    "frequency_penalty": (0,),
    "function_call": ("auto", "none"),
    "functions": ([],),
    "logit_bias": ({},),
    "logprobs": (False,),
    "n": (1,),
    "parallel_tool_calls": (True,),
    "presence_penalty": (0,),
    "service_tier": ("auto", "default"),
    "store": (False,),
    "stream_options": ({}, {"include_usage": True}, {"include_usage": False}),
    "temperature": (1,),
    "top_logprobs": (0,),
    "top_p": (1,),
}
"""Values that say no more than their absence: leaving them out loses nothing. Usage of a stream comes in any case."""


def edited(body: bytes, dialect: Dialect) -> tuple[bytes, tuple[str, ...]]:
    """Return `body` in this dialect, and the names of what could not be kept, in order, each once.

    A member counts as not kept when it is dropped, or said in a way that does not mean quite the same, unless it said
    no more than its absence would (null, n: 1). What needs no edit is returned as it is. MalformedRequest for values
    that are nested too deeply to be read.
    """
    try:
        return _edited(body, dialect) if _needs_edit(body, dialect) else (body, ())
    except RecursionError:
        raise MalformedRequest("The body is nested too deeply.") from None


def _edited(body: bytes, dialect: Dialect) -> tuple[bytes, tuple[str, ...]]:
    found = members(body)
    there = {member.key for member in found}
    edits = [_edit(member.key, body[member.value : member.end], dialect) for member in found]
    shadowed = _shadowed(edits, there)
    changed = _joined(
        body, found, [edit if edit not in shadowed else _Edit(edit.key, edit.name, None) for edit in edits]
    )
    for fixed in dialect.fixed:
        if fixed.name not in there and fixed.beside & there:
            changed = splice(changed, [insertion(changed, fixed.name, fixed.value)])
    return changed, tuple(dict.fromkeys(edit.key for edit in edits if edit.lost))


class _Edit(NamedTuple):
    """What becomes of one member: `said` None means that it goes; `lost` that the client is told."""

    key: str
    name: str
    said: bytes | None
    lost: bool = False
    yields: bool = False


def has_escaped_letters(body: bytes) -> bool:
    """Tell whether a name may be written with escapes."""
    return b"\\u00" in body and _ESCAPED_ASCII.search(body) is not None


def _needs_edit(body: bytes, dialect: Dialect) -> bool:
    """Tell whether anything changes. A small body for an open schema is not parsed unless a touched name is in it."""
    names, knows = dialect.names, dialect.knows
    if knows is None:
        if not names:
            return False
        if len(body) < _LARGE and not has_escaped_letters(body) and not any(name in body for name in dialect.touched):
            return False
    values = _decode_names(body)
    if knows is not None and not (values.keys() <= knows):
        return True
    return any(_changes(key, values, dialect) for key in names & values.keys())


def _changes(key: str, values: Mapping[str, msgspec.Raw], dialect: Dialect) -> bool:
    """Tell whether a touched member is changed, or brings another one along."""
    value = bytes(values[key])
    edit = _edit(key, value, dialect)
    if edit.said != value or edit.name != key:
        return True
    return any(key in fixed.beside and fixed.name not in values for fixed in dialect.fixed)


def _edit(key: str, value: bytes, dialect: Dialect) -> _Edit:
    """Return what the dialect makes of one member."""
    rule = dialect.rules.get(key)
    unknown = dialect.knows is not None and key not in dialect.knows and rule is None
    if unknown or key in dialect.drop:
        return _Edit(key, key, None, lost=_says_something(key, value))
    if rule is None:
        return _Edit(key, key, value)
    name = rule.to or key
    said = None if rule.only_renames else _said(_decode(value), rule)
    if said is None:
        return _Edit(key, name, value, yields=rule.yields)
    lost = not said.kept and said.value != value and _says_something(key, value)
    if said is DROPPED:
        return _Edit(key, name, None, lost=lost)
    return _Edit(key, said.name or name, said.value, lost=lost, yields=rule.yields)


def _said(value: Any, rule: Rule) -> Said | None:
    """Return how a rule says a value, None for as it came."""
    if value is None:
        return DROPPED  # the same as its absence, and taken by who wants a value
    said = rule.says.get(value) if isinstance(value, str | int | float) else None
    if said is not None:
        return said
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _bounded(value, rule)
    if rule.items is not None and isinstance(value, list) and len(value) > rule.items:
        return DROPPED
    if rule.item_bytes is not None and _longest(value) > rule.item_bytes:
        return DROPPED
    return rule.otherwise


def _bounded(value: float, rule: Rule) -> Said | None:
    """Return the largest number that the rule takes where `value` is larger."""
    if rule.high is not None and value > rule.high:
        return Said(value=json.dumps(rule.high).encode(), kept=False)
    return rule.otherwise


def _longest(value: Any) -> int:
    """Return the bytes of a text, or of the longest of some texts."""
    texts = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return max((len(text.encode()) for text in texts if isinstance(text, str)), default=0)


def _says_something(key: str, value: bytes) -> bool:
    """Tell whether leaving this member out changes what is asked for."""
    if value == b"null":
        return False
    unsaid = _UNSAID.get(key)
    return unsaid is None or _decode(value) not in unsaid


def _shadowed(edits: Sequence[_Edit], there: Collection[str]) -> list[_Edit]:
    """Return those members of which another one says the same under the same name: one of the two goes."""
    moved = {edit.name: edit for edit in edits if edit.said is not None and edit.name != edit.key}
    gone = [edit for edit in moved.values() if edit.yields and edit.name in there]
    taken = {name for name, edit in moved.items() if edit not in gone}
    return gone + [edit for edit in edits if edit.key in taken and edit.name == edit.key]


def _joined(body: bytes, found: Sequence[Member], edits: Sequence[_Edit]) -> bytes:
    """Return the body as edited, the space between its members as it was."""
    pieces: list[bytes] = []
    before = found[0].start
    for member, edit in zip(found, edits, strict=True):
        gap, before = body[before : member.start], member.end
        if edit.said is not None:
            key = body[member.start : member.value] if edit.name == edit.key else json.dumps(edit.name).encode() + b":"
            pieces += (gap if pieces else b"", key, edit.said)
    return body[: found[0].start] + b"".join(pieces) + body[found[-1].end :]
