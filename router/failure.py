"""What an upstream's failure means to the fallback: an error of the transport, or a reply that is no answer."""

from datetime import datetime

from router.aside import WorkLost
from router.catalog.upstream import Upstream
from router.errors import (
    ClientError,
    Overloaded,
    RouterError,
    UpstreamRateLimited,
    UpstreamRefused,
    UpstreamRejected,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from router.ledger.entry import Attempt
from router.policy.outcome import Ending, Lack, Outcome
from router.upstreams.failures import ConnectionLost
from router.wire.call import UpstreamReply
from router.wire.openai_chat import UNFIT_CODES
from router.wire.reply_limit import AnswerTooLarge
from router.wire.upstream_error import OVERFLOW_CODE, TOO_LARGE_CODE, UpstreamProblem, read_problem

BODY_LIMIT = 64 * 1024
"""How much of an error's body is read: its code and message are at the beginning."""


_ENDINGS: dict[type[RouterError], Ending] = {
    UpstreamRateLimited: Ending.RATE_LIMITED,
    UpstreamRefused: Ending.REFUSED,
    UpstreamRejected: Ending.REJECTED,
    UpstreamTimeout: Ending.TIMEOUT,
    UpstreamUnreachable: Ending.UNREACHABLE,
    Overloaded: Ending.UNREACHABLE,
    WorkLost: Ending.UNREACHABLE,
    ConnectionLost: Ending.UNREACHABLE,
}
_READ = frozenset({Ending.TIMEOUT, Ending.BROKEN})
"""Endings, told by the transport or an answer's reader, after which a provider may well send a bill."""


_REJECTIONS = {OVERFLOW_CODE: Ending.OVERFLOW, **dict.fromkeys((*UNFIT_CODES, TOO_LARGE_CODE), Ending.UNFIT)}
"""What a code makes of a rejection."""

ABANDONED = "abandoned"
"""The ending of an attempt that nobody waited for: the client left, or the process stopped."""


def attempt_of(upstream: Upstream, outcome: Outcome | None, seconds: float, *, repeated: bool) -> Attempt:
    """Return what the ledger keeps of a call that took `seconds` and ended so; None: nobody waited for its end.

    `repeated`: it was sent twice (see UpstreamReply).
    """
    return Attempt(
        upstream=upstream.name,
        provider=upstream.provider.name,
        ending=ABANDONED if outcome is None else outcome.ending,
        status=None if outcome is None else outcome.status,
        latency_ms=seconds * 1000,
        ambiguous=repeated or (outcome is not None and outcome.ambiguous),
    )


def outcome_of(error: RouterError) -> Outcome:
    """Return how an attempt ended that the transport, or the reader of its answer, gave up on with `error`."""
    ending = _ENDINGS.get(type(error), Ending.REJECTED if isinstance(error, ClientError) else Ending.BROKEN)
    if ending is Ending.REJECTED:
        ending = _REJECTIONS.get(error.code, ending)
    lacks = _lack(error.lacks) if isinstance(error, UpstreamRefused) else None
    blameless = ending is Ending.UNFIT or isinstance(error, (Overloaded, AnswerTooLarge))
    counts = not blameless and (ending is not Ending.REFUSED or lacks is not None)
    ambiguous = ending in _READ or isinstance(error, ConnectionLost)
    return Outcome(
        ending=ending, retry_after=error.retry_after, error=error, ambiguous=ambiguous, lacks=lacks, counts=counts
    )


def outcome_from(problem: UpstreamProblem) -> Outcome:
    """Return the outcome that a problem stands for; their kinds have the same names."""
    error: RouterError = problem.error()
    return Outcome(
        ending=Ending(problem.kind),
        status=problem.status,
        retry_after=problem.retry_after,
        error=error,
        counts=not problem.guessed,
        lacks=None if problem.guessed else _lack(problem.lacks),
    )


def _lack(word: str | None) -> Lack | None:
    """Return what the wire calls by this word; both have the same words."""
    return None if word is None else Lack(word)


async def read_failure(reply: UpstreamReply, now: datetime) -> Outcome:
    """Read a reply whose status is not 200, as far as it matters, and return what it means."""
    parts: list[bytes] = []
    size = 0
    async for chunk in reply.chunks():
        parts.append(chunk)
        size += len(chunk)
        if size >= BODY_LIMIT:
            break
    return outcome_from(read_problem(reply.status, reply.headers, b"".join(parts)[:BODY_LIMIT], now))
