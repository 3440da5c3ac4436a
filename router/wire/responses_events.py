"""The events of a streamed Responses answer as bytes, numbered as they are written."""

from typing import Any, Protocol

import msgspec

encode = msgspec.json.Encoder().encode
"""Return a value as JSON bytes."""


def piece_head(kind: str, members: dict[str, Any]) -> bytes:
    """Return what stands before the text in every delta of this kind with these members: encoded once for all."""
    return b"event: %s\ndata: %s" % (kind.encode(), encode({"type": kind, **members})[:-1] + b',"delta":')


class Sink(Protocol):
    """Takes the events of one answer in their order."""

    def emit(self, kind: str, members: dict[str, Any]) -> None:
        """Take an event's type and its other members, but for the sequence number."""

    def piece(self, head: bytes, text: bytes) -> None:
        """Take a delta: what `piece_head` returned, and its text as a JSON string."""


class Events:
    """Collects events as bytes; `number` is the next event's."""

    __slots__ = ("_out", "number")

    def __init__(self) -> None:
        """Start with number 0."""
        self.number = 0
        self._out: list[bytes] = []

    def emit(self, kind: str, members: dict[str, Any]) -> None:
        """Add an event."""
        event = encode({"type": kind, "sequence_number": self.number, **members})
        self._out.append(b"event: %s\ndata: %s\n\n" % (kind.encode(), event))
        self.number += 1

    def piece(self, head: bytes, text: bytes) -> None:
        """Add a delta."""
        self._out.append(b'%s%s,"sequence_number":%d}\n\n' % (head, text, self.number))
        self.number += 1

    def taken(self) -> bytes:
        """Return what was added since this was last called."""
        out = b"".join(self._out)
        self._out.clear()
        return out


class Silence:
    """A sink for an answer that is not streamed."""

    def emit(self, kind: str, members: dict[str, Any]) -> None:
        """Take an event, for nothing."""

    def piece(self, head: bytes, text: bytes) -> None:
        """Take a delta, for nothing."""
