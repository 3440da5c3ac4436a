"""A reply that comes in one piece: kept back until it is whole, and given out once it was judged to be an answer."""

from abc import ABC, abstractmethod
from collections.abc import Callable

from router.errors import RouterError
from router.usage import Usage
from router.wire.call import Relay
from router.wire.reply_limit import AnswerTooLarge


class WholeBody(ABC):
    """Reads a JSON answer; a stream of one, so that the shell need not know the difference.

    `began` turns true with `finish`; nothing is given out before. Whoever knows that no body can be an answer sets
    `failure`. `held` are the bytes kept so far.
    """

    def __init__(self, limit_bytes: int) -> None:
        """Start empty; `limit_bytes` bounds the body."""
        self.began = False
        self.done = False
        self.failure: RouterError | None = None
        self.usage: Usage | None = None
        self._limit = limit_bytes
        self._chunks: list[bytes] = []
        self.held = 0

    @property
    def finished(self) -> bool:
        """Whether a whole answer was read."""
        return self.began

    def feed(self, chunk: bytes) -> bytes:
        """Keep `chunk`; AnswerTooLarge once the body passes its limit, or when nothing could come of it."""
        if self.failure is not None:
            raise self.failure
        self._chunks.append(chunk)
        self.held += len(chunk)
        if self.held > self._limit:
            self._chunks.clear()
            self.failure = AnswerTooLarge(f"The upstream's answer is larger than {self._limit} bytes.")
            raise self.failure
        return b""

    def body(self) -> bytes:
        """Return what was kept, in one piece."""
        self._chunks = [b"".join(self._chunks)]
        return self._chunks[0]

    def finish(self) -> bytes:
        """Return the answer for the client; a RouterError when it is none."""
        if self.failure is None:
            try:
                return self._judged(self.body())
            except RouterError as failure:
                self.failure = failure
        raise self.failure

    def relaying(self, _push: Callable[[bytes], bool]) -> Relay | None:
        """Return None: nothing leaves before all of it has come."""
        return None

    def consumed(self) -> Usage | None:
        """Return the tokens used, reported or estimated; None before there is an answer."""
        return self.usage

    @abstractmethod
    def _judged(self, body: bytes) -> bytes:
        """Return what the client gets of a whole `body`, `usage` and `began` set; a RouterError when it is none."""
