"""What is kept of a Responses request and its answer: input items as the API lists them, turns put together again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import Raw

from router.errors import MalformedRequest

MOST_LISTED = 100
LISTED = 20
"""Items of one page: at most, and where the client does not say."""

_PREFIXES = {"message": "msg", "function_call": "fc", "function_call_output": "fco", "reasoning": "rs"}
_STATELESS = frozenset({"reasoning"})
"""Items that have no status unless somebody gave them one."""


class _Peek(msgspec.Struct, gc=False):
    previous_response_id: str | None = None


class _Named(msgspec.Struct, gc=False):
    id: str | None = None


class _Answered(msgspec.Struct, gc=False):
    output: list[Raw]


_decode_peek = msgspec.json.Decoder(_Peek).decode
_decode_named = msgspec.json.Decoder(_Named).decode
_decode_items = msgspec.json.Decoder(list[Raw]).decode
_decode_answered = msgspec.json.Decoder(_Answered).decode


def previous_of(body: bytes) -> str | None:
    """Return the response that a request continues; None where it names none, or is no request."""
    try:
        return _decode_peek(body).previous_response_id
    except (msgspec.DecodeError, RecursionError):
        return None


def input_items(asked: str | Sequence[Raw], stem: str) -> list[dict[str, Any]]:
    """Return the input of a request as the API lists it: each item with its type, an id and a status, text in parts.

    `stem` makes the ids of items that have none. Items have passed the checks of a request.
    """
    if isinstance(asked, str):
        return [_message({"role": "user", "content": asked}, f"msg_{stem}_in0")]
    return [_item(msgspec.json.decode(raw), stem, place) for place, raw in enumerate(asked)]


def kept_items(asked: str | Sequence[Raw], stem: str) -> bytes:
    """Return the same as it is kept, an array in JSON."""
    return msgspec.json.encode(input_items(asked, stem))


def _item(item: dict[str, Any], stem: str, place: int) -> dict[str, Any]:
    """Return one item with what the API shows besides what the client wrote."""
    kind = item.get("type") or "message"
    name = item.get("id") or f"{_PREFIXES.get(kind, 'item')}_{stem}_in{place}"
    if kind == "message":
        return _message(item, name)
    if kind in _STATELESS:
        return {**item, "type": kind, "id": name, "summary": item.get("summary") or []}
    return {**item, "type": kind, "id": name, "status": item.get("status") or "completed"}


def _message(item: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a message whose content is a list of parts."""
    said = item["role"] == "assistant"
    content = item.get("content")
    if isinstance(content, str):
        content = [{"type": "output_text" if said else "input_text", "text": content}]
    parts = [_said(part) if said else part for part in content or ()]
    return {**item, "type": "message", "id": name, "status": item.get("status") or "completed", "content": parts}


def _said(part: dict[str, Any]) -> dict[str, Any]:
    """Return a part of what the assistant said, with what the API requires of it."""
    return {"annotations": [], "logprobs": [], **part} if part.get("type") == "output_text" else part


def turns(kept: Iterable[tuple[bytes, bytes]]) -> list[Raw]:
    """Return the items of earlier turns, each given as (input items, response object), in their order."""
    found: list[Raw] = []
    for items, response in kept:
        found += _decode_items(items)
        found += _decode_answered(response).output
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which page of input items is asked for: `limit` of them behind the one of id `after`, in this order."""

    limit: int = LISTED
    order: str = "desc"
    after: str | None = None


def page_of(kept: Sequence[tuple[bytes, bytes]], wanted: Wanted) -> bytes:
    """Return a page of what led to the last of these turns, given as (input items, response object), oldest first."""
    *earlier, (own, _) = kept
    return page((*turns(earlier), *_decode_items(own)), wanted)


def page(items: Sequence[Raw], wanted: Wanted) -> bytes:
    """Return a list object with the items that are wanted; MalformedRequest names what is wrong."""
    limit, order, after = wanted.limit, wanted.order, wanted.after
    if not 1 <= limit <= MOST_LISTED:
        raise MalformedRequest(f"'limit': expected a number from 1 to {MOST_LISTED}.", param="limit")
    if order not in ("asc", "desc"):
        raise MalformedRequest("'order': expected asc or desc.", param="order")
    listed = items if order == "asc" else items[::-1]
    start = 0 if after is None else _place(listed, after) + 1
    data = [msgspec.json.decode(item) for item in listed[start : start + limit]]
    return msgspec.json.encode(
        {
            "object": "list",
            "data": data,
            "first_id": data[0]["id"] if data else "",
            "last_id": data[-1]["id"] if data else "",
            "has_more": start + limit < len(listed),
        }
    )


def _place(items: Sequence[Raw], name: str) -> int:
    """Return the place of the item of this id; MalformedRequest where there is none."""
    for place, item in enumerate(items):
        if _decode_named(item).id == name:
            return place
    raise MalformedRequest("'after': there is no such item.", param="after")
