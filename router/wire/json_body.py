"""Where the top-level members of a JSON object stand, and how to change one without touching another byte.

Every function takes a body that a strict parser has accepted already: nothing here checks JSON again. A position is
an offset in bytes; a span is (start, end), end excluded.
"""

import json
import re
from collections.abc import Collection
from dataclasses import dataclass

import msgspec

from router.errors import MalformedRequest
from router.wire.scrub import plain_word
from router.wire.surrogates import whole

Span = tuple[int, int]

NOWHERE: Span = (0, 0)

_SHORT = 4096
"""Bytes up to which all members of a body are read by a parser that shows doubles: longer ones are read one by one."""

MOST_MEMBERS = 1_000
"""Top-level members of a body, thirty times what the API knows: reading them one by one must not hold up others."""

_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_KEY = re.compile(rb"[ \t\n\r,{]*+(" + _STRING + rb")[ \t\n\r]*+:[ \t\n\r]*+", re.DOTALL)
_EMPTY = re.compile(rb"[ \t\n\r]*+\}")
_SCALAR = re.compile(rb"(?:" + _STRING + rb"|[^,\]}\[{ \t\n\r]++)", re.DOTALL)
_NESTED = re.compile(_STRING + rb"|[\[{]|[\]}]", re.DOTALL)

_decode_values = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_items = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_pairs = json.JSONDecoder(object_pairs_hook=list).decode
_decode_key = msgspec.json.Decoder(str).decode

_MODEL = re.compile(rb'"model"[ \t\n\r]*+:[ \t\n\r]*+(' + _STRING + rb")", re.DOTALL)
_MESSAGES = re.compile(rb'"messages"[ \t\n\r]*+:[ \t\n\r]*+')


@dataclass(frozen=True, slots=True)
class Member:
    """One top-level member: its unescaped key, its span from the key's quote to the value's end, the value's start."""

    key: str
    start: int
    value: int
    end: int


def members(body: bytes) -> list[Member]:
    """Return the top-level members of the object in `body`, in order, duplicates included."""
    values = _decode_values(body)
    found: list[Member] = []
    position = body.index(b"{") + 1
    while match := _KEY.match(body, position):
        quoted, start = match[1], match.end()
        key = _decode_key(quoted) if b"\\" in quoted else quoted[1:-1].decode()
        if len(found) == MOST_MEMBERS:
            raise MalformedRequest(f"The body has more than {MOST_MEMBERS:,} members.", fix="Send fewer.")
        end = _known_end(body, start, bytes(values.get(key, b"")))
        found.append(Member(key, match.start(1), start, end))
        position = end
    return found


def _known_end(body: bytes, start: int, value: bytes) -> int:
    """Return where the value at `start` ends, which is `value` unless its key is there twice."""
    end = start + len(value)
    if value and body.startswith(value, start) and body[end] in b",} \t\n\r":
        return end
    return _value_end(body, start)


def _value_end(body: bytes, start: int) -> int:
    """Return where the value that begins at `start` ends, by reading it."""
    if body[start] not in b"{[":
        match = _SCALAR.match(body, start)
        return match.end() if match else start
    depth = 0
    for match in _NESTED.finditer(body, start):
        mark = body[match.start()]
        if mark in b"{[":
            depth += 1
        elif mark in b"}]":
            depth -= 1
            if not depth:
                return match.end()
    return len(body)


def messages_span(body: bytes, value: bytes) -> Span:
    """Return where `value`, the bytes of the member `messages`, stands; NOWHERE when the key is written oddly.

    What is returned is the span of a whole JSON value, whatever the body: `"messages":` followed by it can stand
    neither inside a string nor half inside one.
    """
    for match in _MESSAGES.finditer(body):
        if body.startswith(value, match.end()):
            return match.end(), match.end() + len(value)
    return NOWHERE


def locate_model(body: bytes, skip: Span = NOWHERE) -> Span:
    """Return where the JSON string of the top-level member `model` stands, quotes included.

    The body must have a top-level `model` that is a string. `skip` is the span of a value known not to be it: large
    messages need not be searched. MalformedRequest when a member is there twice, also when its names differ in case or
    are written with escapes: parsers disagree on which of the two counts, so that an upstream could read another one
    than was checked and edited here.
    """
    start, end = skip
    outline = body if start == end else b"%b0%b" % (body[:start], body[end:])
    if _is_plain(outline):
        match = _MODEL.search(outline)
        if match and _MODEL.search(outline, match.end()) is None:
            found, stop = match.span(1)
            return (found, stop) if found < start or start == end else _moved(found, stop, end - start - 1)
    found, stop = _locate_exactly(outline)
    return (found, stop) if found < start or start == end else _moved(found, stop, end - start - 1)


def _moved(start: int, end: int, by: int) -> Span:
    return start + by, end + by


def _is_plain(outline: bytes) -> bool:
    """Tell whether every member is there once and in lower case, as far as that is seen quickly: most bodies are so."""
    values = _decode_values(outline)
    names = "".join(values)
    if not (names.islower() and names.isascii()) or len(values) > MOST_MEMBERS:
        return False
    size = len(names) + len(b"".join(values.values()))
    if len(outline) == size + 4 * len(values) + 1:
        return True  # what a parser keeps, and what stands between it, is all there is
    # A name in escapes is another one to who searches for it.
    return len(outline) < _SHORT and b"\\u" not in outline and len(_decode_pairs(outline.decode())) == len(values)


def _locate_exactly(outline: bytes) -> Span:
    """Return the span of `model` by reading every top-level key; refuse one that is there twice."""
    return sole_members(outline)["model"]


def sole_members(body: bytes) -> dict[str, Span]:
    """Return where the value of each member stands, by its name in lower case; refuse one that is there twice."""
    spans: dict[str, Span] = {}
    for member in members(body):
        name = member.key.casefold()
        if name in spans:
            shown = plain_word(name)
            raise MalformedRequest(
                f"'{shown}' is there twice." if shown else "A member is there twice.",
                param=shown,
                fix=f"Send '{shown or 'it'}' once, in lower case letters.",
            )
        spans[name] = (member.value, member.end)
    return spans


def refuse_twice(body: bytes) -> None:
    """Raise MalformedRequest where a top-level member is there twice; what is no JSON object is left alone."""
    try:
        if not _is_plain(body):
            sole_members(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return  # whoever reads it says what is wrong with it


def splice(body: bytes, changes: Collection[tuple[Span, bytes]]) -> bytes:
    """Return `body` with the spans replaced; an empty span inserts. Spans must not overlap."""
    pieces: list[bytes] = []
    position = 0
    for (start, end), replacement in sorted(changes):
        pieces += body[position:start], replacement
        position = end
    pieces.append(body[position:])
    return b"".join(pieces)


def set_field(body: bytes, key: str, value: bytes) -> bytes:
    """Return `body` with its top-level `key` set to the JSON in `value`: in place, or as the first member if absent."""
    spans = [((member.value, member.end), value) for member in members(body) if member.key == key]
    return splice(body, spans or [insertion(body, key, value)])


def insertion(body: bytes, key: str, value: bytes) -> tuple[Span, bytes]:
    """Return the change that puts `key` in front of the other members."""
    at = body.index(b"{") + 1
    comma = b"" if _EMPTY.match(body, at) else b","
    return (at, at), json.dumps(key).encode() + b":" + value + comma


def drop_fields(body: bytes, keys: Collection[str]) -> bytes:
    """Return `body` without its top-level members of these names."""
    found = members(whole(body))  # as long as the body: every place is the same in it
    kept: list[bytes] = []
    for number, member in enumerate(found):
        if member.key not in keys:
            gap = body[found[number - 1].end : member.start] if kept else b""
            kept.append(gap + body[member.start : member.end])
    if not found:
        return body
    return body[: found[0].start] + b"".join(kept) + body[found[-1].end :]


def drop_in_items(body: bytes, key: str, keys: Collection[str]) -> bytes:
    """Return `body` without the members of these names of the objects in its top-level list `key`."""
    sound = whole(body)
    changes: list[tuple[Span, bytes]] = []
    for member in members(sound):
        if member.key != key:
            continue
        position = member.value
        for item in map(bytes, _decode_items(sound[member.value : member.end])):
            position = sound.index(item, position)
            span = position, position + len(item)
            changes.append((span, drop_fields(body[slice(*span)], keys)))
            position = span[1]
    return splice(body, changes)
