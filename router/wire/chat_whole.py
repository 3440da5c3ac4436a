"""A chat completion that comes in one piece: kept back until it is whole and seen to be an answer."""

from router.errors import RouterError, UpstreamBroken
from router.request import Request
from router.usage import Usage
from router.wire.chat_answer import MALFORMED, Answer, decode_answer, reported_error, with_finish
from router.wire.dialect import Dialect
from router.wire.usage_report import estimate, read_usage, spoken_bytes


class WholeReader:
    """Reads a JSON answer; a stream of one, so that the shell need not know the difference.

    `began` turns true with `finish`; nothing is given out before. `misfit` is the failure that the content type of a
    JSON body tells beforehand: it is then read only for the error that it may name. Whoever knows that no body can be
    an answer sets `failure`.
    """

    def __init__(self, request: Request, dialect: Dialect, limit_bytes: int, misfit: RouterError | None = None) -> None:
        """Start empty; `limit_bytes` bounds the body."""
        self.began = False
        self.done = False
        self.failure: RouterError | None = None
        self.usage: Usage | None = None
        self._request = request
        self._dialect = dialect
        self._limit = limit_bytes
        self._misfit = misfit
        self._chunks: list[bytes] = []
        self._size = 0

    @property
    def finished(self) -> bool:
        """Whether a whole answer was read."""
        return self.began

    def feed(self, chunk: bytes) -> bytes:
        """Keep `chunk`; UpstreamBroken once the body passes its limit, or when nothing could come of it."""
        if self.failure is not None:
            raise self.failure
        self._chunks.append(chunk)
        self._size += len(chunk)
        if self._size > self._limit:
            self._chunks.clear()
            self.failure = UpstreamBroken(f"The upstream's answer is larger than {self._limit} bytes.")
            raise self.failure
        return b""

    def finish(self) -> bytes:
        """Return the answer for the client; a RouterError when it is none."""
        if self.failure is None:
            body = b"".join(self._chunks)
            try:
                return self._judged(body)
            except RouterError as failure:
                self.failure = failure
        raise self.failure

    def consumed(self) -> Usage | None:
        """Return the tokens used, reported or estimated; None before there is an answer."""
        return self.usage

    def _judged(self, body: bytes) -> bytes:
        if not body.strip():
            raise self._misfit or UpstreamBroken("The upstream answered 200 with an empty body.")
        try:
            answer = decode_answer(body)
        except MALFORMED:
            raise self._misfit or UpstreamBroken("The upstream's answer is not a chat completion in JSON.") from None
        error = reported_error(answer, body) or self._misfit
        if error is not None:
            raise error
        self._count(answer)
        if not any(choice.message or choice.finish_reason for choice in answer.choices or ()):
            raise UpstreamBroken("The upstream's answer says nothing and was not finished.")
        reasons = {choice.finish_reason for choice in answer.choices or () if choice.finish_reason}
        if reasons & self._dialect.failing:
            raise UpstreamBroken("The upstream broke its answer off.")
        self.began = True
        return with_finish(body, self._dialect.finish) if reasons & self._dialect.finish.keys() else body

    def _count(self, answer: Answer) -> None:
        """Read or estimate the usage; UpstreamBroken when there is no message to count."""
        messages = [choice.message for choice in answer.choices or ()]
        if not messages or None in messages:
            raise UpstreamBroken("The upstream's answer holds no choices.")
        counted = None
        if answer.usage is not None:
            counted = read_usage(answer.usage, reports_cost=self._dialect.reports_cost)
        self.usage = counted or estimate(self._request.input_tokens, spoken_bytes(messages))
