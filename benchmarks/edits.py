"""Bytes as edits of a tree (maps, lists, values): what a reader would refuse at its first byte is passed over.

A fuzzer that mutates the text of a configuration mostly makes what is no YAML, and of a manifest what is no JSON. As
edits, every byte string is a tree, and a small change of the bytes a small change of the tree.
"""

from collections.abc import Sequence
from typing import Any

MARK = b"\0"
"""What edits begin with, and no text of a configuration or manifest does."""

EDIT_BYTES = 4
MOST_EDITS = 12

Place = tuple[dict[str, Any] | list[Any], Any]


def edited(tree: Any, data: bytes, values: Sequence[Any]) -> Any:
    """Return a copy of `tree` after the edits in `data`: four bytes each, what to do, where (two), and a value.

    Values are those given and whatever stands in the tree; keys that it lacks are made of those that it has.
    """
    whole = [_copy(tree)]
    for at in range(0, min(len(data), MOST_EDITS * EDIT_BYTES) - EDIT_BYTES + 1, EDIT_BYTES):
        deed, high, low, choice = data[at : at + EDIT_BYTES]
        places: list[Place] = []
        _gather(whole, places)
        holder, key = places[(high << 8 | low) % len(places)]
        other, there = places[(choice * 7 + deed) % len(places)]
        _edit(holder, key, deed % 5, values[choice % len(values)], _copy(other[there]))
    return whole[0]


def _edit(holder: Any, key: Any, deed: int, value: Any, other: Any) -> None:
    """Do one of five things to what stands at `key`: another value, another part, away, one more, another name."""
    if deed == 0:
        holder[key] = _copy(value)
    elif deed == 1:
        holder[key] = other
    elif isinstance(holder, list):
        if deed == 2 and len(holder) > 1:
            del holder[key]
        elif deed != 2:
            holder[key] = [holder[key], other]
    elif deed == 2:
        del holder[key]
    elif deed == 3:
        holder[f"{key}{value}"] = other
    else:
        holder[str(value)] = holder.pop(key)


def _gather(tree: Any, places: list[Place]) -> None:
    """Add every place in a tree, parents before children."""
    pairs = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, value in pairs:
        places.append((tree, key))
        if isinstance(value, dict | list):
            _gather(value, places)


def _copy(tree: Any) -> Any:
    """Return a copy of a tree; what is in it besides maps and lists cannot change."""
    if isinstance(tree, dict):
        return {key: _copy(value) for key, value in tree.items()}
    return [_copy(value) for value in tree] if isinstance(tree, list) else tree
