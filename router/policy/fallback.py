"""Going to the next ranked upstream, as a generator: it yields whom to ask and is sent how that ended."""

from collections.abc import Callable, Generator, Sequence
from typing import Protocol

from router.catalog.upstream import Service
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
from router.policy.breaker import Stay
from router.policy.decision import Candidate, Decision
from router.policy.outcome import Ending, Outcome

DEFAULT_RETRY_AFTER = 5.0
"""Seconds after which a client should come back where no upstream named a time: a choice, short enough not to stall a
client whose upstreams are only briefly away, long enough not to hammer them."""

Failure = tuple[Candidate, Outcome]
Spared = tuple[Candidate, Stay]


class Doors(Protocol):
    """Who may be called now, and how often a request may be tried again. Times are monotonic seconds."""

    def begin(self) -> None:
        """Count a request that begins to be tried."""

    def end(self, extra: int) -> None:
        """Count a request that is over, which took `extra` of what `again` had to grant."""

    def admit(self, upstream: str, now: float) -> Stay | None:
        """Let a call of `upstream` through: None, or why it should stay away. Half open, one at a time may pass."""

    def again(self, upstream: str) -> int | None:
        """Grant a further attempt, at `upstream`: what it takes of the budget, None when nothing is left of it."""

    def release(self, upstream: str) -> None:
        """Take in that a call that was let through came to nothing that says anything of the upstream."""


def attempts(
    decision: Decision, max_attempts: int, doors: Doors, clock: Callable[[], float], retried: int = 0
) -> Generator[Candidate, Outcome, RouterError | None]:
    """Yield the candidates to try, be sent each outcome, return None once answered, else the error for the client.

    No upstream is yielded twice, none that is not ranked, and never more than `max_attempts` less the `retried` times
    that the client has sent this before (at least one). A request that an upstream rejects is at fault itself: that
    error is returned at once. After an overflow only larger windows are tried. Who rests is passed over unless nobody
    else is left; who asked to be left alone is never yielded. A further attempt needs a place in the budget of `doors`.
    See `verdict` for what the client is told when nobody answered. Close it when the request is over.
    """
    queue = list({candidate.upstream.name: candidate for candidate in decision.ranked}.values())
    failures: list[Failure] = []
    spared: list[Spared] = []
    extra, denied = 0, False
    doors.begin()
    try:
        while queue and len(failures) < max(1, max_attempts - retried):
            candidate, spared = _next(queue, doors, clock())
            if candidate is None:
                break
            price = doors.again(candidate.upstream.name) if failures else 0
            if price is None:
                doors.release(candidate.upstream.name)
                denied = True
                break
            extra += price
            outcome = yield candidate
            if outcome.ending is Ending.ANSWERED:
                return None
            if outcome.ending is Ending.REJECTED:
                return outcome.error or UpstreamRejected("The upstream rejected the request.")
            queue = _rest_of(queue, candidate, outcome)
            failures.append((candidate, outcome))
            spared = []
        error = verdict(failures, spared, denied=denied)
        error.again = bool(denied or spared) or (error.again and retried + 1 < max_attempts)
        return error
    finally:
        doors.end(extra)


def _next(queue: Sequence[Candidate], doors: Doors, now: float) -> tuple[Candidate | None, list[Spared]]:
    """Return the first candidate that is let through, else the first that rests by our own judgement, else None.

    With it come those before it that asked to be left alone.
    """
    last_resort: Candidate | None = None
    spared: list[Spared] = []
    for candidate in queue:
        reason = doors.admit(candidate.upstream.name, now)
        if reason is None:
            return candidate, spared
        if reason.asked:
            spared.append((candidate, reason))
        elif last_resort is None:
            last_resort = candidate
    return last_resort, spared


def _rest_of(queue: Sequence[Candidate], tried: Candidate, outcome: Outcome) -> list[Candidate]:
    """Return who is left to be tried after this outcome."""
    least = tried.upstream.window + 1 if outcome.ending is Ending.OVERFLOW else 0
    return [waiting for waiting in queue if waiting is not tried and waiting.upstream.window >= least]


def verdict(failures: Sequence[Failure], spared: Sequence[Spared] = (), *, denied: bool = False) -> RouterError:
    """Return what the client is told when every attempt failed.

    All rate limited: 429 with the smallest Retry-After. All refused or all broken: 502. All timed out: 504. All
    unreachable: 503 with a Retry-After. Mixed: 503 if one of them was unreachable or rate limited, for it may be back
    soon; else 504 if one of them was too slow; else 502. A prompt too long for an upstream counts only where no
    upstream with a larger window failed for another reason: it is the request's own fault then, a 400. So does what an
    upstream was unfit for, where there was nobody else. `spared` asked to be left alone and count as rate limited or
    unreachable; `denied` says that the budget allowed no further attempt.

    The error's `again` says whether the client's own retry makes sense: one attempt failed, and not by a refusal or
    a time-out, which the upstream may have been paid for.
    """
    if not failures and not spared:
        return NoEligibleUpstream("No upstream is ranked for this request.")
    unfit = [outcome.error for _, outcome in failures if outcome.ending is Ending.UNFIT]
    failures = [failure for failure in failures if failure[1].ending is not Ending.UNFIT]
    if unfit and not failures and not spared:
        return unfit[0] or UpstreamRejected("No upstream takes these tools.", param="tools")
    overflown = [failure for failure in failures if failure[1].ending is Ending.OVERFLOW]
    if overflown:
        candidate, outcome = max(overflown, key=lambda failure: failure[0].upstream.window)
        failures = [failure for failure in failures if failure[0].upstream.window > candidate.upstream.window]
        if not failures and not spared:
            return outcome.error or _too_long(candidate)
    endings = {outcome.ending for _, outcome in failures}
    endings.update(Ending.RATE_LIMITED if reason.limited else Ending.UNREACHABLE for _, reason in spared)
    waits = [outcome.retry_after for _, outcome in failures if outcome.retry_after is not None]
    waits += [reason.seconds for _, reason in spared]
    wait = min(waits, default=DEFAULT_RETRY_AFTER if denied or endings & _MAY_BE_BACK else None)
    error = _error_type(endings)(_message(failures, spared, denied=denied), retry_after=wait)
    error.again = len(failures) == 1 and not endings & _FINAL
    return error


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
_FINAL = frozenset({Ending.REFUSED, Ending.TIMEOUT})
_WORDS = {
    Ending.RATE_LIMITED: "is rate limited",
    Ending.UNREACHABLE: "could not be reached",
    Ending.TIMEOUT: "did not answer in time",
    Ending.REFUSED: "refused this proxy",
    Ending.BROKEN: "failed",
}


def _message(failures: Sequence[Failure], spared: Sequence[Spared], *, denied: bool) -> str:
    """Say how each attempt ended, with the status where there was one and nothing of what the upstream wrote."""
    parts = []
    for candidate, outcome in failures:
        status = f" ({outcome.status})" if outcome.status is not None else ""
        parts.append(f"'{candidate.upstream.name}' {_WORDS[outcome.ending]}{status}")
    parts += [
        f"'{candidate.upstream.name}' asked for a pause of {reason.seconds:.0f} s more" for candidate, reason in spared
    ]
    also = " No other was tried, for too many requests are at their second attempt already." if denied else ""
    return f"No upstream answered: {', '.join(parts)}.{also}"


def _too_long(candidate: Candidate) -> UpstreamRejected:
    """Build the 400 of an overflow that came without an error of its own."""
    return UpstreamRejected(
        f"The prompt is too long for '{candidate.upstream.name}', whose window of {candidate.upstream.window:,} tokens "
        "is the largest that could be tried.",
        code="context_length_exceeded",
        param="messages" if candidate.upstream.serves is Service.CHAT else "input",
    )
