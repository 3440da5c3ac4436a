"""What an upstream means by an error: one reader for the bodies of all hosts.

Shapes: {"error": {message, type, code}}; {"error": "text"}; [{"error": {...}}]; {"object": "error", "message": text or
{"detail": [...]}}; {"detail": [...]}; {"message"} or {"Message"}; {"status", "title"}; plain text; nothing at all; and
any of them inside a 200, inside a stream, or as JSON in the text of a message.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import msgspec

from router.errors import (
    RouterError,
    UpstreamBroken,
    UpstreamRateLimited,
    UpstreamRefused,
    UpstreamRejected,
    UpstreamTimeout,
)
from router.wire import error_words as words
from router.wire.retry_after import retry_after_seconds
from router.wire.scrub import plain_word, scrub

RATE_LIMITED: Final = "rate_limited"
TIMEOUT: Final = "timeout"
REFUSED: Final = "refused"
BROKEN: Final = "broken"
REJECTED: Final = "rejected"
OVERFLOW: Final = "overflow"
UNFIT: Final = "unfit"

OVERFLOW_CODE = "context_length_exceeded"
TOO_LARGE_CODE = "request_too_large"

_BODY_LIMIT = 64 * 1024
MESSAGE_KEYS = ("message", "Message", "msg", "detail", "title", "error_description")
"""Where hosts put the words of an error, in the order in which they are looked for."""

_STATUS_KEYS = ("code", "status", "status_code", "statusCode")


_QUOTED_INPUT = re.compile(r"""["']input["']\s*:.*""", re.DOTALL)
"""What validators append to a complaint: the value itself, which may be the prompt."""


class Remedy(StrEnum):
    """What can be done about a refusal."""

    RETRY = "retry"
    """Later, at the same upstream or another."""

    FAIL_OVER = "fail_over"
    """At another upstream: here only its operator can mend it."""

    GONE = "gone"
    """At another upstream, for good: the model is not served here."""

    CLIENT = "client"
    """Nowhere, until the request is changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamProblem:
    """An upstream's refusal, understood.

    `kind` is one of the constants above and equals the value of the policy's Ending of the same name. `status` is the
    HTTP status, or the one inside a 200. `message` is scrubbed: it names no address, key or account. `retry_after` is
    in seconds, None when the upstream names no time. `guessed` says that only the words of a message led to `kind`:
    they may be the client's own, quoted back at it, or that it is this request which cannot be served there: nobody
    else should suffer for either. `lacks` says what a person must mend before a refusal ends (a word of error_words: a
    key, a right, a balance, the model); None where nothing shows that it lasts.
    """

    kind: str
    status: int
    message: str
    code: str | None = None
    param: str | None = None
    retry_after: float | None = None
    guessed: bool = False
    lacks: str | None = None

    @property
    def remedy(self) -> Remedy:
        """What can be done about it."""
        if self.kind in (REJECTED, OVERFLOW):
            return Remedy.CLIENT
        if self.kind == UNFIT:
            return Remedy.FAIL_OVER
        if self.kind == REFUSED:
            return Remedy.GONE if self.lacks == words.MODEL else Remedy.FAIL_OVER
        return Remedy.RETRY

    def error(self) -> RouterError:
        """Return what a client would be told if nobody else is asked."""
        if self.kind == RATE_LIMITED:
            return UpstreamRateLimited("The upstream answered 429: too many requests.", retry_after=self.retry_after)
        if self.kind == TIMEOUT:
            return UpstreamTimeout(f"The upstream gave up with status {self.status}.")
        if self.kind == REFUSED:
            refused = UpstreamRefused(f"The upstream refused the operator's call with status {self.status}.")
            refused.lacks = None if self.guessed else self.lacks
            return refused
        if self.kind == BROKEN:
            return UpstreamBroken(f"The upstream failed with status {self.status}.", retry_after=self.retry_after)
        code = {OVERFLOW: OVERFLOW_CODE, UNFIT: TOO_LARGE_CODE}.get(self.kind, self.code)
        status = self.status if self.status in (400, 413, 422) else 400
        message = self.message or f"The upstream rejected the request with status {self.status}."
        return UpstreamRejected(message, upstream_status=status, code=code, param=self.param)


@dataclass(frozen=True, slots=True)
class _Said:
    """The words found in a body."""

    message: str = ""
    kind: str = ""
    code: str | None = None
    number: int | None = None
    param: str | None = None
    extra: str = ""
    moderated: bool = False
    page: bool = False


def read_problem(status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> UpstreamProblem:
    """Return what the reply with this status (not 200), these headers (lower case) and this body means.

    `now` is the aware time against which a Retry-After date is read.
    """
    said = _listen(_parse(body), body)
    kind = _kind(status, said, headers.get("x-amzn-errortype", ""))
    wait = retry_after_seconds(headers, now)
    return _problem(kind, status, said, words.wait_in(said.message) if wait is None else wait)


def problem_in_answer(value: Any) -> UpstreamProblem:
    """Return what an error object inside a 200 or a stream means; `value` is the parsed body or event."""
    said = _listen(value, b"")
    named = words.STATUSES.get(said.code or "") or words.STATUSES.get(said.kind)
    status = said.number or named or 502
    return _problem(_kind(status, said, ""), status, said, words.wait_in(said.message))


def _problem(kind: str, status: int, said: _Said, wait: float | None) -> UpstreamProblem:
    code = said.code or (said.kind or None)
    text = said.message.lower()
    own = words.is_of_request(status, f"{text} {code or ''}") or (said.page and status == 403)
    its_own = (status == 404 and words.is_no_host(text)) or (kind == REFUSED and own)
    guessed = (
        its_own or kind == UNFIT or (kind in (REFUSED, OVERFLOW) and status in (400, 422) and not _named_by_code(said))
    )
    lacks = words.lack(status, {said.code or "", said.kind}, text) if kind == REFUSED and not its_own else None
    return UpstreamProblem(
        kind=kind,
        status=status,
        message=scrub(said.message),
        code=plain_word(code),
        param=plain_word(said.param),
        retry_after=wait,
        guessed=guessed,
        lacks=lacks,
    )


def _named_by_code(said: _Said) -> bool:
    """Tell whether a code or type, not only the words of the message, says what is wrong."""
    return bool({said.code or "", said.kind} & (words.OPERATOR_CODES | words.OVERFLOW_CODES | words.QUOTA_CODES))


def _parse(body: bytes) -> Any:
    """Return the body's JSON value, None when it is none."""
    if len(body) > _BODY_LIMIT:
        return None
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _listen(value: Any, body: bytes) -> _Said:
    """Find message, type, code and param in a parsed body, or in its text where it is not JSON or a page."""
    if isinstance(value, list) and value:
        value = value[0]
    if not isinstance(value, dict):
        text = body[: 4 * words.ENOUGH].decode("utf-8", "replace").strip()
        page = text.startswith("<")  # of whoever guards the host, often: what it holds against this request is its own
        return _Said(message="" if page else text, page=page)
    outer, inner = value, value.get("error")
    if isinstance(inner, str):
        return _Said(message=inner, code=_string(outer.get("code")), number=status_in(outer))
    several = outer.get("errors")
    if isinstance(several, list) and several and isinstance(several[0], dict):
        outer = several[0]
    error = inner if isinstance(inner, dict) else outer
    code = error.get("code")
    metadata = error.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    return _Said(
        message=_message(error),
        kind=_string(error.get("type")) or _string(error.get("status")) or _amazon(error) or "",
        code=_string(code),
        number=status_in(error) or status_in(outer),
        param=_string(error.get("param")),
        extra=_string(metadata.get("raw")) or "",
        moderated="reasons" in metadata or "flagged_input" in metadata,
    )


def _message(error: dict[str, Any]) -> str:
    """Return the text of an error object; of a validation report its places and reasons, not the values quoted."""
    value = next((error[key] for key in MESSAGE_KEYS if error.get(key)), "")
    if isinstance(value, str) and value[:1] in ("{", "["):
        value = _parse(value.encode("utf-8", "replace")) or value
    if isinstance(value, dict):
        inner = value.get("error")
        value = value.get("detail") or _string(value.get("message")) or (inner if isinstance(inner, str) else "")
    if isinstance(value, list):
        return "; ".join(filter(None, map(_complaint, value[:5])))
    return _QUOTED_INPUT.sub("...", value) if isinstance(value, str) else ""


def _amazon(error: dict[str, Any]) -> str | None:
    """Return the name of an AWS exception, which may come with its namespace."""
    name = _string(error.get("__type"))
    return name.rpartition("#")[2] if name else None


def status_in(error: dict[str, Any]) -> int | None:
    """Return the status of a failure, 400 to 599, that an error object names; None when it names none."""
    numbers = (_number(error.get(key)) for key in _STATUS_KEYS)
    return next((number for number in numbers if number is not None and 400 <= number < 600), None)


def _number(code: Any) -> int | None:
    """Return a code that is a number, or says one."""
    if isinstance(code, str) and code.isascii() and code.isdigit() and len(code) == 3:
        return int(code)
    return code if isinstance(code, int) and not isinstance(code, bool) else None


def _complaint(item: Any) -> str:
    if not isinstance(item, dict):
        return ""
    place = item.get("loc")
    where = ".".join(str(step) for step in place) if isinstance(place, list) else ""
    what = _string(item.get("msg")) or _string(item.get("type")) or ""
    return f"{where}: {what}" if where and what else what


def _string(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _kind(status: int, said: _Said, amazon_type: str) -> str:
    """Return the kind of failure: the words decide where one status means several things."""
    codes = {said.code or "", said.kind}
    text = f"{said.message} {said.extra}".lower()
    named = words.AMAZON.get(amazon_type.partition(":")[0]) or words.AMAZON.get(said.kind)
    if named is not None:
        return OVERFLOW if named == REJECTED and words.is_overflow(text) else named
    if status == 429:
        return REFUSED if codes & words.QUOTA_CODES or words.is_quota(text) else RATE_LIMITED
    if status in (408, 504):
        return TIMEOUT
    if status in (400, 413, 422, 500) and (codes & words.OVERFLOW_CODES or words.is_overflow(text)):
        return OVERFLOW
    if 400 <= status < 500:
        return REJECTED if status == 403 and said.moderated else _blamed(status, codes, text)
    return BROKEN


def _blamed(status: int, codes: set[str], text: str) -> str:
    """Return whose fault a 4xx is: the operator's (refused), the request's (rejected), or nobody's (broken)."""
    if status in words.OPERATOR_STATUSES:
        return REFUSED
    if status in (409, 425):
        return BROKEN
    if status == 413:
        return UNFIT  # of the bytes that a gateway takes, where no word says that the prompt is meant
    if codes & words.OPERATOR_CODES or words.is_operators(text):
        return REFUSED
    return REJECTED
