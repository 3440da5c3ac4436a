"""Halves of a surrogate pair that an upstream escapes alone, as hosts in JavaScript do where they cut an emoji.

JSON allows them and the strict decoder refuses them. A body that is refused is read again with U+FFFD in place of each;
what a client of the same API is given stays the upstream's own bytes.
"""

import re
from collections.abc import Callable
from typing import TypeVar

import msgspec

from router.wire.decoding import Buffer

T = TypeVar("T")

_ESCAPED = re.compile(
    rb"(?<!\\)((?:\\\\)*+)\\u[dD](?:[89aAbB][0-9a-fA-F]{2}(\\u[dD][c-fC-F][0-9a-fA-F]{2})?+|[c-fC-F][0-9a-fA-F]{2})"
)
"""A half behind as many backslashes as are escaped themselves; a pair has a second group."""


def whole(data: bytes) -> bytes:
    """Return `data`, JSON, with U+FFFD in place of every half of a pair that stands alone; as long as it was."""
    return _ESCAPED.sub(_replaced, data)


def _replaced(match: re.Match[bytes]) -> bytes:
    return match[0] if match[2] else match[1] + b"\\ufffd"


def lenient(decode: Callable[[Buffer], T]) -> Callable[[Buffer], T]:
    """Return a msgspec decoder's `decode` that takes halves of pairs as well; it raises what `decode` raises."""

    def read(data: Buffer) -> T:
        try:
            return decode(data)
        except msgspec.DecodeError:
            given = bytes(data)
            mended = whole(given)
            if mended == given:
                raise
            return decode(mended)

    return read
