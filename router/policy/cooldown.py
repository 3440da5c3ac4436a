"""How long an upstream is left alone after what happened there. Pure: the time is passed in, monotonic seconds."""

from dataclasses import dataclass

from router.policy.outcome import Ending, Outcome
from router.policy.rules import Limits

FAILURES_TO_REST = 3
"""Failures in a row after which an upstream rests: one or two are a blip."""

REFUSED_SECONDS = 60.0
"""The least rest after a refusal: a key, a balance or a model name is mended by a person."""

LONGEST_SECONDS = 300.0

_FAILED = frozenset({Ending.UNREACHABLE, Ending.BROKEN, Ending.TIMEOUT})


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What is remembered of one upstream: failures in a row, and until when it rests, in monotonic seconds.

    `rests_until` is our own judgement, which an answer revokes. `asked_until` is what the upstream asked for (429,
    Retry-After): it stands, since an answer to an earlier call says nothing about the next one.
    """

    failures: int = 0
    rests_until: float = 0.0
    asked_until: float = 0.0

    @property
    def until(self) -> float:
        """When the upstream may be called again."""
        return max(self.rests_until, self.asked_until)


def after(state: State, outcome: Outcome, now: float, limits: Limits) -> State:
    """Return the state once `outcome` has been seen at `now`. A rest is only ever extended, and no longer than 300 s.

    A rate limit rests for its Retry-After, else for `limits.cooldown`; any other failure that names a Retry-After is
    taken at its word too. Unreachable, broken and too slow rest from the third failure in a row on, longer each time
    the upstream comes back and fails again. What the request itself caused (rejected, overflow) changes nothing. An
    answer clears the failures and the rest that they led to.
    """
    ending = outcome.ending
    if ending is Ending.ANSWERED:
        return State(asked_until=state.asked_until)
    if ending is Ending.RATE_LIMITED:
        wait = limits.cooldown if outcome.retry_after is None else outcome.retry_after
        return _asked(state, now, wait)
    if ending is Ending.REFUSED:
        return _rested(state, now, max(REFUSED_SECONDS, limits.cooldown), state.failures)
    if ending not in _FAILED:
        return state
    if outcome.retry_after is not None:
        state = _asked(state, now, outcome.retry_after)
    # While it rests, calls that were under way fail too: they are the same outage, not a longer one.
    failures = state.failures if state.rests_until > now else state.failures + 1
    surplus = failures - FAILURES_TO_REST + 1
    return _rested(state, now, surplus * limits.cooldown if surplus > 0 else 0.0, failures)


def _asked(state: State, now: float, wait: float) -> State:
    """Extend what the upstream asked for by a wait that is bounded on both sides."""
    until = max(state.asked_until, now + _bounded(wait))
    return State(failures=state.failures, rests_until=state.rests_until, asked_until=until)


def _rested(state: State, now: float, wait: float, failures: int) -> State:
    """Extend our own rest, and count."""
    until = max(state.rests_until, now + _bounded(wait)) if wait > 0 else state.rests_until
    return State(failures=failures, rests_until=until, asked_until=state.asked_until)


def _bounded(wait: float) -> float:
    """Return `wait` within 0 and the longest rest; what is not a number counts as the longest."""
    return max(0.0, wait) if wait < LONGEST_SECONDS else LONGEST_SECONDS
