"""One answer of an upstream as it comes in: HTTP/1.1 parsed by httptools, bounded. No I/O."""

from functools import lru_cache
from typing import Literal

import httptools

Failure = Literal["lost", "malformed", "late", "too large"]
"""How an answer can end badly: the connection went, it is no HTTP, its time was over, its body passed the limit."""

HEAD_BYTES = 65_536
FIELD_BYTES = 16_384
FIELDS = 128
"""The most that an answer's head may be: in all, for one header, and how many headers. More is an attack or a fault."""

_LONGEST_SIZE = 8
"""Where the line that holds a chunk's size has ended at the latest: six digits are 16 MiB."""

_LENGTH = "content-length"
_FRAMING = frozenset({_LENGTH, "transfer-encoding"})
_NO_BODY = frozenset({204, 304})
_LAST_INTERIM = 199
_SWITCHING = 101


@lru_cache(maxsize=1024)
def _lower(name: bytes) -> str:
    """Return the name of a header in lower case: providers send some twenty, the same with every answer."""
    return name.lower().decode("latin-1")


class Answer:
    """What has come of an answer: `status` and `headers` once `head_done`, `pieces` of the body, `complete` at its end.

    `sized` says that the body's end is told, not given by the connection's; `last` that the connection carries no other
    answer; `between_chunks` that whatever comes next of the body is the beginning of a chunk. Header names are in lower
    case.
    """

    __slots__ = (
        "_chunked",
        "_fields",
        "_frame",
        "_head_bytes",
        "_left",
        "_limit",
        "_parser",
        "between_chunks",
        "buffered",
        "complete",
        "head_done",
        "headers",
        "last",
        "pieces",
        "sized",
        "status",
    )

    def __init__(self, limit_bytes: int) -> None:
        """Wait for the first answer; `limit_bytes` bounds the body of each."""
        self._limit = limit_bytes
        self._parser = httptools.HttpResponseParser(self)
        self._frame = 0
        self.last = False
        self.clear()

    def clear(self) -> None:
        """Forget the answer before the next one."""
        self._left = self._limit
        self._head_bytes = self._fields = 0
        self._chunked = False
        self.between_chunks = False
        self.sized = False
        self.head_done = False
        self.complete = False
        self.status = 0
        self.headers: list[tuple[str, str]] = []
        self.pieces: list[bytes] = []
        self.buffered = 0

    def feed(self, data: bytes) -> Failure | None:
        """Take what came; say what is wrong with it."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:  # a switch of protocols is one of them
            self.last = True
            return None if self.complete else "malformed"
        if self.between_chunks and not data.endswith(b"\r\n"):
            self.between_chunks = False  # a part of the next chunk's size was read, of which the parser does not tell
        if not self.head_done:
            self._head_bytes += len(data)
            return "malformed" if self._head_bytes > HEAD_BYTES else None
        return "too large" if self._left < 0 else None

    def chunk_in(self, data: bytes) -> bytes | None:
        """Return the piece of the body that `data` holds if it is exactly one chunk, told apart without the parser.

        Only between chunks: what begins and ends there leaves the parser as it was. That is how most of a stream comes,
        an event a chunk, and it costs a third. The size is taken to have as many digits as that of the chunk before.
        """
        frame = self._frame
        size = len(data) - frame
        line = b"%x\r\n" % size
        if (
            size > self._left
            or size < 1
            or len(line) + 2 != frame
            or not data.startswith(line)
            or not data.endswith(b"\r\n")
        ):
            self._frame = data.find(b"\r\n", 1, _LONGEST_SIZE) + 4  # the size's digits and two ends of line
            return None
        self._left -= size
        return data[frame - 2 : -2]

    # What httptools calls. An error raised here comes out of feed_data as one of its own.

    def on_message_begin(self) -> None:
        """Begin with an answer; a second one was not asked for."""
        if self.complete:
            self.last = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; those behind a body are not read."""
        if self.head_done:
            return
        self._fields += 1
        if self._fields > FIELDS or len(name) + len(value) > FIELD_BYTES:
            raise ValueError("the head is too large")
        lower = _lower(name)
        if lower in _FRAMING:
            if lower == _LENGTH:
                self.sized = True
            else:
                self._chunked = value.strip().lower().endswith(b"chunked")
        self.headers.append((lower, value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        """Note the status; an interim answer is passed over."""
        if self.head_done:
            return
        status = self._parser.get_status_code()
        if status <= _LAST_INTERIM:
            if status == _SWITCHING:
                raise ValueError("it switches to another protocol")
            self.headers.clear()
            self._fields = 0  # the bytes of all heads stay bounded together
            self.sized = self._chunked = False
            return
        self.status = status
        self.sized = self.sized or self._chunked or status in _NO_BODY
        self.head_done = True

    def on_body(self, body: bytes) -> None:
        """Keep a piece of the body."""
        if self.complete:
            return
        self.pieces.append(body)
        self.buffered += len(body)
        self._left -= len(body)

    def on_chunk_header(self) -> None:
        """Begin with a chunk."""
        self.between_chunks = False

    def on_chunk_complete(self) -> None:
        """End with a chunk."""
        self.between_chunks = self.head_done

    def on_message_complete(self) -> None:
        """End with an answer, unless it was an interim one."""
        self.between_chunks = False
        if self.head_done:
            self.complete = True
            if not self._parser.should_keep_alive():
                self.last = True
