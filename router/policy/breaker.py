"""The breaker of one upstream: when it is left alone, and how it comes back. Pure: monotonic times are passed in.

Closed, it counts what the upstream itself caused. Too many failures in a row, or too large a share of failures, open
it: the upstream rests. When the rest is over it is half open: one real request at a time may try, and what becomes of
that one closes it or begins a longer rest. Apart from that there is what an upstream asks for (429, Retry-After): it is
a fact, not our guess, so it is obeyed to the letter.
"""

from dataclasses import dataclass, replace

from router.policy.outcome import Ending, Outcome
from router.policy.rules import Limits

FAILURES_IN_A_ROW = 5
"""Failures in a row that open the breaker: fewer are a blip."""

RATE_SECONDS = 10
RATE_CALLS = 20
"""Half of so many calls, or of more, failed within RATE_SECONDS: that opens it too. Fewer calls tell nothing."""

REFUSED_SECONDS = 60.0
"""The least rest after a refusal; where it says what it lacks, a person has to mend it, and the rest is the longest."""

LONGEST_SECONDS = 300.0
"""The longest rest, and how long an upstream must have been back for its next rest to be a short one again."""

NEVER = float("-inf")

_FAILED = frozenset({Ending.UNREACHABLE, Ending.BROKEN, Ending.TIMEOUT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What is remembered of one upstream; times in monotonic seconds.

    `failures` in a row; `tally` the calls of the last seconds, (second, calls, failed) each, kept only while some of
    them failed. `open` since `opened_at`, until `rests_until` at least; `rests` is how many rests there were without
    a good while between. `back_at` is when it closed last. `trial_until`: somebody is trying whether it is back.
    `asked_until` is what the upstream asked for, by a 429 if `limited`: no answer to an earlier call revokes it.
    """

    failures: int = 0
    tally: tuple[tuple[int, int, int], ...] = ()
    open: bool = False
    rests: int = 0
    opened_at: float = NEVER
    rests_until: float = NEVER
    back_at: float = NEVER
    trial_until: float = NEVER
    asked_until: float = NEVER
    limited: bool = False

    @property
    def ails(self) -> bool:
        """Whether it rests, or failed of late."""
        return self.open or self.failures > 0 or bool(self.tally)

    def is_well(self, now: float) -> bool:
        """Say whether there is nothing to remember: whoever was never seen is as well as this."""
        recovered = not self.rests or now - self.back_at >= LONGEST_SECONDS
        return recovered and not self.ails and self.asked_until <= now


@dataclass(frozen=True, slots=True)
class Stay:
    """Why an upstream should not be called now: `seconds` left, `asked` for by itself (by a 429 if `limited`)."""

    seconds: float
    asked: bool = False
    limited: bool = False


def stay(health: Health, now: float) -> Stay | None:
    """Return why the upstream should not be called at `now`; None when it may be."""
    if health.asked_until > now:
        return Stay(health.asked_until - now, asked=True, limited=health.limited)
    if not health.open:
        return None
    until = max(health.rests_until, health.trial_until)
    return Stay(until - now) if until > now else None


def tried(health: Health, now: float, limits: Limits) -> Health:
    """Return the state once a call is let through at `now`: half open, nobody else is until that call has ended."""
    return replace(health, trial_until=now + limits.deadline) if health.open else health


def untried(health: Health) -> Health:
    """Return the state once a trial was given up without an outcome: its client left, or the request was at fault."""
    return replace(health, trial_until=NEVER)


def after(health: Health, outcome: Outcome, begun: float, now: float, limits: Limits) -> Health:
    """Return the state once the call that was `begun` then ended with `outcome` at `now`.

    A rest is only ever extended, to 300 s at most. A call from before the rest says nothing of how the upstream is
    since; only an answer to a later one ends the rest. What the request itself caused changes nothing.
    """
    ending = outcome.ending
    if ending is Ending.RATE_LIMITED:
        return _limited(health, outcome, now, limits)
    if ending in _FAILED and outcome.retry_after is not None:
        health = _asked(health, now, outcome.retry_after, limited=False)
    if begun < health.opened_at:
        return health
    if ending is Ending.ANSWERED:
        return _answered(health, now)
    if ending is Ending.REFUSED:
        least = REFUSED_SECONDS if outcome.lacks is None else LONGEST_SECONDS
        return health if _rests(health, now) else _opened(health, now, max(least, limits.cooldown))
    if ending not in _FAILED:
        return untried(health)
    return _failed(health, now, limits)


def _limited(health: Health, outcome: Outcome, now: float, limits: Limits) -> Health:
    """Obey a Retry-After; where a 429 has none, rest for the cooldown, which is a guess that does not grow."""
    if outcome.retry_after is not None:
        return untried(_asked(health, now, outcome.retry_after, limited=True))
    until = max(health.rests_until, now + _bounded(limits.cooldown))
    return replace(health, open=True, opened_at=now, rests_until=until, trial_until=NEVER)


def _answered(health: Health, now: float) -> Health:
    """Close after an answer, and count it beside the failures of the last seconds."""
    if health.open:
        return replace(health, failures=0, tally=(), open=False, back_at=now, trial_until=NEVER)
    tally = _counted(health.tally, now, failed=0) if health.tally else ()
    rests = 0 if now - health.back_at >= LONGEST_SECONDS else health.rests
    return replace(health, failures=0, tally=tally if any(failed for _, _, failed in tally) else (), rests=rests)


def _failed(health: Health, now: float, limits: Limits) -> Health:
    """Count a failure; open when there are too many, and again at once when it was to be seen whether it is back."""
    if _rests(health, now):
        return health  # it was tried for want of anybody else: the same outage, not a longer one
    if health.open:
        return _opened(health, now, limits.cooldown)
    tally = _counted(health.tally, now, failed=1)
    health = replace(health, failures=health.failures + 1, tally=tally)
    if health.failures >= FAILURES_IN_A_ROW or is_failing(health):
        return _opened(health, now, limits.cooldown)
    return health


def is_failing(health: Health) -> bool:
    """Say whether half of enough calls failed of late."""
    calls, failed = totals(health)
    return calls >= RATE_CALLS and 2 * failed >= calls


def totals(health: Health) -> tuple[int, int]:
    """Return how many calls there were of late, and how many of them failed."""
    return sum(calls for _, calls, _ in health.tally), sum(failed for _, _, failed in health.tally)


def _rests(health: Health, now: float) -> bool:
    return health.open and health.rests_until > now


def _opened(health: Health, now: float, seconds: float) -> Health:
    """Begin a rest of `seconds`, longer with every one that came before it without a good while between."""
    rests = 1 if not health.open and now - health.back_at >= LONGEST_SECONDS else health.rests + 1
    until = max(health.rests_until, now + _bounded(rests * seconds))
    return replace(health, open=True, rests=rests, opened_at=now, rests_until=until, trial_until=NEVER)


def _asked(health: Health, now: float, wait: float, *, limited: bool) -> Health:
    """Extend what the upstream asked for by a wait that is bounded on both sides."""
    until = now + _bounded(wait)
    if until <= max(health.asked_until, now):
        return health
    return replace(health, asked_until=until, limited=limited)


def _counted(tally: tuple[tuple[int, int, int], ...], now: float, *, failed: int) -> tuple[tuple[int, int, int], ...]:
    """Return the tally with one call more, without the seconds that are too long ago."""
    second = int(now)
    kept = tuple(entry for entry in tally if entry[0] > second - RATE_SECONDS)
    if kept and kept[-1][0] == second:
        return (*kept[:-1], (second, kept[-1][1] + 1, kept[-1][2] + failed))
    return (*kept, (second, 1, failed))


def _bounded(wait: float) -> float:
    """Return `wait` within 0 and the longest rest; what is not a number counts as the longest."""
    return max(0.0, wait) if wait < LONGEST_SECONDS else LONGEST_SECONDS
