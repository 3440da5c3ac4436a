"""A chat completion that comes in one piece: kept back until it is whole and seen to be an answer."""

from router.errors import RouterError, UpstreamBroken
from router.request import Request
from router.usage import Usage
from router.wire.chat_answer import MALFORMED, Answer, decode_answer, reported_error, with_finish
from router.wire.dialect import Dialect
from router.wire.usage_report import estimate, read_usage, spoken_bytes
from router.wire.whole_body import WholeBody


class WholeReader(WholeBody):
    """Reads a chat completion in JSON.

    `misfit` is the failure that the content type of a JSON body tells beforehand: it is then read only for the error
    that it may name.
    """

    def __init__(self, request: Request, dialect: Dialect, limit_bytes: int, misfit: RouterError | None = None) -> None:
        """Start empty; `limit_bytes` bounds the body."""
        super().__init__(limit_bytes)
        self._request = request
        self._dialect = dialect
        self._misfit = misfit

    def _judged(self, body: bytes) -> bytes:
        if not body.strip():
            raise self._misfit or UpstreamBroken("The upstream answered 200 with an empty body.")
        try:
            answer = decode_answer(body)
        except MALFORMED:
            raise self._misfit or UpstreamBroken("The upstream's answer is not a chat completion in JSON.") from None
        error = reported_error(answer, body)
        if error is not None:
            self.usage = self._reported(answer)  # a host may charge for what it says it failed of
            raise error
        if self._misfit is not None:
            raise self._misfit
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
        self.usage = self._reported(answer) or estimate(self._request.input_tokens, spoken_bytes(messages))

    def _reported(self, answer: Answer) -> Usage | None:
        """Return the usage that the answer reports; None where it reports none that can be read."""
        return None if answer.usage is None else read_usage(answer.usage, reports_cost=self._dialect.reports_cost)
