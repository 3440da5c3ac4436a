"""Server-sent events cut out of bytes, wherever the network cut them.

Bytes only: a line ends at LF, CRLF or CR, an event at an empty line. (str.splitlines would cut at U+2028 as well.)
"""

import re

_EVENT_END = re.compile(rb"(?:\r\n|\n|\r(?=[^\n]))(?:\r\n|\n|\r(?=[^\n]))")
_LINE_END = re.compile(rb"\r\n|\n|\r")
_LONGEST_END = 4
_BOM = b"\xef\xbb\xbf"


class EventTooLarge(ValueError):
    """An event passes the limit before it ends."""


class EventCutter:
    """Collects bytes and gives back whole events as they came, their empty line included.

    An event that ends in CR waits for one byte more, which may be the LF that belongs to it. `pending` holds what no
    event was made of yet.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self.pending = bytearray()
        self._searched = 0

    def push(self, data: bytes) -> None:
        """Add what arrived."""
        self.pending += data

    def pop(self) -> bytes | None:
        """Return the next whole event, None when there is none yet; EventTooLarge at one that passes the limit."""
        pending = self.pending
        match = _EVENT_END.search(pending, self._searched)
        length = match.end() if match else len(pending)
        if length > self._limit:
            raise EventTooLarge(f"an event of more than {self._limit} bytes")
        if match is None:
            self._searched = max(0, length - _LONGEST_END)
            return None
        event = bytes(pending[:length])
        del pending[:length]
        self._searched = 0
        return event

    def rest(self) -> bytes:
        """Return the unfinished event at the end of the stream, closed with an empty line; b"" when there is none."""
        rest = bytes(self.pending).strip(b"\r\n")
        self.pending.clear()
        self._searched = 0
        return rest + b"\n\n" if rest else b""


def event_fields(event: bytes) -> tuple[bytes, bytes | None]:
    """Return an event's type (b"" when unnamed) and its data, lines joined by LF; None when it has no data line."""
    name = b""
    data: list[bytes] = []
    for line in _LINE_END.split(event.removeprefix(_BOM)):
        field, colon, value = line.partition(b":")
        if not colon:
            continue
        if field == b"data":
            data.append(value.removeprefix(b" "))
        elif field == b"event":
            name = value.removeprefix(b" ")
    return name, b"\n".join(data) if data else None
