"""Going to the next ranked upstream, as a generator: it yields whom to ask and is sent how that ended."""

from collections.abc import Callable, Generator, Sequence

from router.errors import (
    NoEligibleUpstream,
    RouterError,
    UpstreamBroken,
    UpstreamRateLimited,
    UpstreamRefused,
    UpstreamRejected,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from router.policy.decision import Candidate, Decision
from router.policy.outcome import Ending, Outcome

DEFAULT_RETRY_AFTER = 5.0
"""Seconds after which a client should come back where no upstream named a time: a choice, short enough not to stall a
client whose upstreams are only briefly away, long enough not to hammer them."""

Failure = tuple[Candidate, Outcome]


def attempts(decision: Decision, max_attempts: int) -> Generator[Candidate, Outcome, RouterError | None]:
    """Yield the candidates to try, be sent each outcome, return None once answered, else the error for the client.

    No upstream is yielded twice, none that is not ranked, and never more than `max_attempts` (at least one). A request
    that an upstream rejects is at fault itself: that error is returned at once. After an overflow only larger windows
    are tried. See `verdict` for what the client is told when nobody answered.
    """
    queue = list({candidate.upstream.name: candidate for candidate in decision.ranked}.values())
    failures: list[Failure] = []
    while queue and len(failures) < max(1, max_attempts):
        candidate = queue.pop(0)
        outcome = yield candidate
        if outcome.ending is Ending.ANSWERED:
            return None
        if outcome.ending is Ending.REJECTED:
            return outcome.error or UpstreamRejected("The upstream rejected the request.")
        if outcome.ending is Ending.OVERFLOW:
            window = candidate.upstream.window
            queue = [waiting for waiting in queue if waiting.upstream.window > window]
        failures.append((candidate, outcome))
    return verdict(failures)


def verdict(failures: Sequence[Failure]) -> RouterError:
    """Return what the client is told when every attempt failed.

    All rate limited: 429 with the smallest Retry-After. All refused or all broken: 502. All timed out: 504. All
    unreachable: 503 with a Retry-After. Mixed: 503 if one of them was unreachable or rate limited, for it may be back
    soon; else 504 if one of them was too slow; else 502. A prompt too long for an upstream counts only where no
    upstream with a larger window failed for another reason: it is the request's own fault then, a 400.
    """
    if not failures:
        return NoEligibleUpstream("No upstream is ranked for this request.")
    overflown = [failure for failure in failures if failure[1].ending is Ending.OVERFLOW]
    if overflown:
        candidate, outcome = max(overflown, key=lambda failure: failure[0].upstream.window)
        failures = [failure for failure in failures if failure[0].upstream.window > candidate.upstream.window]
        if not failures:
            return outcome.error or _too_long(candidate)
    endings = {outcome.ending for _, outcome in failures}
    return _error_type(endings)(_message(failures), retry_after=_retry_after(endings, failures))


def _error_type(endings: set[Ending]) -> Callable[..., RouterError]:
    """Choose the error by the kinds of ending there were."""
    if len(endings) == 1:
        return _ERRORS[next(iter(endings))]
    if endings & _MAY_BE_BACK:
        return UpstreamUnreachable
    return UpstreamTimeout if Ending.TIMEOUT in endings else UpstreamBroken


_ERRORS: dict[Ending, type[RouterError]] = {
    Ending.RATE_LIMITED: UpstreamRateLimited,
    Ending.UNREACHABLE: UpstreamUnreachable,
    Ending.TIMEOUT: UpstreamTimeout,
    Ending.REFUSED: UpstreamRefused,
    Ending.BROKEN: UpstreamBroken,
}
_MAY_BE_BACK = frozenset({Ending.RATE_LIMITED, Ending.UNREACHABLE})
_WORDS = {
    Ending.RATE_LIMITED: "is rate limited",
    Ending.UNREACHABLE: "could not be reached",
    Ending.TIMEOUT: "did not answer in time",
    Ending.REFUSED: "refused this proxy",
    Ending.BROKEN: "failed",
}


def _retry_after(endings: set[Ending], failures: Sequence[Failure]) -> float | None:
    """Return the smallest wait in seconds that an upstream named, else the default where waiting is a cure at all."""
    named = [outcome.retry_after for _, outcome in failures if outcome.retry_after is not None]
    return min(named, default=DEFAULT_RETRY_AFTER if endings & _MAY_BE_BACK else None)


def _message(failures: Sequence[Failure]) -> str:
    """Say how each attempt ended, with the status where there was one and nothing of what the upstream wrote."""
    parts = []
    for candidate, outcome in failures:
        status = f" ({outcome.status})" if outcome.status is not None else ""
        parts.append(f"'{candidate.upstream.name}' {_WORDS[outcome.ending]}{status}")
    return f"No upstream answered: {', '.join(parts)}."


def _too_long(candidate: Candidate) -> UpstreamRejected:
    """Build the 400 of an overflow that came without an error of its own."""
    return UpstreamRejected(
        f"The prompt is too long for '{candidate.upstream.name}', whose window of {candidate.upstream.window:,} tokens "
        "is the largest that could be tried.",
        code="context_length_exceeded",
        param="messages",
    )
