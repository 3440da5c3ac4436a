"""When an upstream is left alone, and how it comes back."""

import math
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.policy.breaker import (
    FAILURES_IN_A_ROW,
    LONGEST_SECONDS,
    NEVER,
    RATE_CALLS,
    Health,
    Stay,
    after,
    stay,
    tried,
    untried,
)
from router.policy.outcome import Ending, Lack, Outcome
from router.policy.rules import Limits

LIMITS = Limits(cooldown=30.0, deadline=600.0)
NOW = 1_000.0
FRESH = Health()
FOUR = Health(failures=4)
ANSWERED = Outcome(ending=Ending.ANSWERED)
AWAY = Outcome(ending=Ending.UNREACHABLE)
RESTING = Health(failures=5, open=True, rests=1, opened_at=NOW - 20, rests_until=NOW + 10)
HALF_OPEN = replace(RESTING, opened_at=NOW - 40, rests_until=NOW - 10)


def ended(ending: Ending, retry_after: float | None = None) -> Outcome:
    """Return an outcome."""
    return Outcome(ending=ending, retry_after=retry_after)


def left(health: Health, now: float = NOW) -> float:
    """Return the seconds that an upstream is left alone."""
    found = stay(health, now)
    return 0.0 if found is None else found.seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    id: str
    before: Health = FRESH
    outcome: Outcome
    begun: float = NOW - 1
    failures: int = 0
    rest: float = 0.0


CASES = (
    Case(id="answered", outcome=ANSWERED),
    Case(id="answered after failures", before=FOUR, outcome=ANSWERED),
    Case(id="answered since it rests", before=RESTING, outcome=ANSWERED),
    Case(id="answered from before it rested", before=RESTING, outcome=ANSWERED, begun=NOW - 21, failures=5, rest=10),
    Case(id="answered, but it asked for a pause", before=Health(asked_until=NOW + 20), outcome=ANSWERED, rest=20),
    Case(id="rate limited", outcome=ended(Ending.RATE_LIMITED), rest=30),
    Case(id="rate limited, named", outcome=ended(Ending.RATE_LIMITED, 7), rest=7),
    Case(id="rate limited for long", outcome=ended(Ending.RATE_LIMITED, 86_400), rest=300),
    Case(id="rate limited for no time", outcome=ended(Ending.RATE_LIMITED, 0), rest=0),
    Case(id="rate limited, nonsense", outcome=ended(Ending.RATE_LIMITED, math.nan), rest=300),
    Case(id="rate limited keeps the failures", before=FOUR, outcome=ended(Ending.RATE_LIMITED, 7), failures=4, rest=7),
    Case(
        id="a shorter pause does not shorten",
        before=Health(asked_until=NOW + 50),
        outcome=ended(Ending.RATE_LIMITED, 7),
        rest=50,
    ),
    Case(id="refused", outcome=ended(Ending.REFUSED), rest=60),
    Case(id="refused for want of a balance", outcome=Outcome(ending=Ending.REFUSED, lacks=Lack.BALANCE), rest=300),
    Case(id="refused while it rests", before=RESTING, outcome=ended(Ending.REFUSED), failures=5, rest=10),
    Case(id="first failure", outcome=AWAY, failures=1),
    Case(id="fourth failure", before=Health(failures=3), outcome=ended(Ending.TIMEOUT), failures=4),
    Case(id="fifth failure", before=FOUR, outcome=ended(Ending.BROKEN), failures=5, rest=30),
    Case(id="a trial failed", before=HALF_OPEN, outcome=AWAY, failures=5, rest=60),
    Case(id="a call from before failed too", before=HALF_OPEN, outcome=AWAY, begun=NOW - 41, failures=5),
    Case(id="fails while it rests", before=RESTING, outcome=AWAY, failures=5, rest=10),
    Case(id="down for hours", before=replace(HALF_OPEN, rests=500), outcome=AWAY, failures=5, rest=300),
    Case(id="overloaded and says for how long", outcome=ended(Ending.BROKEN, 12), failures=1, rest=12),
    Case(
        id="soon again",
        before=replace(FOUR, rests=2, opened_at=NOW - 90, back_at=NOW - 60),
        outcome=AWAY,
        failures=5,
        rest=90,
    ),
    Case(
        id="again after a good while",
        before=replace(FOUR, rests=2, opened_at=NOW - 900, back_at=NOW - 301),
        outcome=AWAY,
        failures=5,
        rest=30,
    ),
    Case(id="rejected", before=FOUR, outcome=ended(Ending.REJECTED), failures=4),
    Case(id="overflow", before=FOUR, outcome=ended(Ending.OVERFLOW, 9), failures=4),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_outcome_decides_the_rest(case: Case) -> None:
    """Failures in a row rest, a named pause is obeyed, what the request caused changes nothing."""
    health = after(case.before, case.outcome, case.begun, NOW, LIMITS)

    assert health.failures == case.failures
    assert left(health) == case.rest


def test_half_open_lets_one_through_at_a_time() -> None:
    """Whoever tries first has until the deadline; given up, the next may try; what failed rests longer."""
    assert stay(HALF_OPEN, NOW) is None
    trying = tried(HALF_OPEN, NOW, LIMITS)

    assert stay(trying, NOW + 1) == Stay(599.0)
    assert stay(untried(trying), NOW + 1) is None
    assert stay(after(trying, ended(Ending.REJECTED), NOW, NOW + 1, LIMITS), NOW + 1) is None
    assert left(after(trying, AWAY, NOW, NOW + 2, LIMITS), NOW + 2) == 60
    assert after(trying, ANSWERED, NOW, NOW + 2, LIMITS).ails is False
    assert tried(FOUR, NOW, LIMITS) == FOUR


def test_what_an_upstream_asked_for_is_told_from_our_own_guess() -> None:
    """A pause that was asked for is a fact; a 429 without one is not."""
    assert stay(after(FRESH, ended(Ending.RATE_LIMITED, 7), NOW, NOW, LIMITS), NOW) == Stay(7.0, True, True)
    assert stay(after(FRESH, ended(Ending.BROKEN, 7), NOW, NOW, LIMITS), NOW) == Stay(7.0, True, False)
    assert stay(after(FRESH, ended(Ending.RATE_LIMITED), NOW, NOW, LIMITS), NOW) == Stay(30.0)


@pytest.mark.parametrize(
    ("calls", "seconds", "opens"),
    [("FS" * 10, 9.0, True), ("FS" * 9, 9.0, False), ("FSS" * 10, 9.0, False), ("FS" * 10, 15.0, False)],
    ids=["half of twenty", "half of eighteen", "a third", "too slowly"],
)
def test_half_of_enough_calls_within_ten_seconds_open_it(calls: str, seconds: float, opens: bool) -> None:
    """A success between two failures does not hide that every other call fails; few or slow calls do not tell."""
    health, opened = FRESH, False
    for place, call in enumerate(calls + "F"):
        now = NOW + place * seconds / len(calls)
        health = after(health, AWAY if call == "F" else ANSWERED, now, now, LIMITS)
        opened = opened or health.open

    assert opened is opens
    assert RATE_CALLS == 20


def test_who_is_well_is_forgotten() -> None:
    """Failures that are long ago and followed by answers leave nothing; a rest is remembered for five minutes."""
    once = after(after(FRESH, AWAY, NOW, NOW, LIMITS), ANSWERED, NOW, NOW + 1, LIMITS)
    back = after(RESTING, ANSWERED, NOW, NOW, LIMITS)

    assert FRESH.is_well(NOW)
    assert not once.is_well(NOW + 1)
    assert after(once, ANSWERED, NOW, NOW + 11, LIMITS).is_well(NOW + 11)
    assert not back.is_well(NOW + 299)
    assert back.is_well(NOW + 300)


OUTCOMES = st.builds(
    Outcome, ending=st.sampled_from(Ending), retry_after=st.none() | st.floats(allow_nan=True, allow_infinity=True)
)
STEPS = st.lists(st.tuples(st.floats(0, 400), st.floats(0, 500), OUTCOMES), max_size=40)


@given(steps=STEPS, cooldown=st.floats(0.1, 1_000))
def test_a_rest_is_extended_never_shortened(steps: list[tuple[float, float, Outcome]], cooldown: float) -> None:
    """Only an answer ends our own rest, nothing ends a pause that was asked for, and none passes the longest."""
    limits, now, health = Limits(cooldown=cooldown), 0.0, FRESH
    for pause, took, outcome in steps:
        now += pause
        before, health = health, after(health, outcome, now - took, now, limits)
        assert health.asked_until >= before.asked_until
        assert health.rests_until >= before.rests_until
        assert health.open >= before.open or outcome.ending is Ending.ANSWERED
        for until in (health.asked_until, health.rests_until):
            assert until == NEVER or until <= now + LONGEST_SECONDS
        assert len(health.tally) <= 10


@given(outcomes=st.lists(OUTCOMES, max_size=20))
def test_requests_at_fault_never_make_an_upstream_rest(outcomes: list[Outcome]) -> None:
    """Rejections and overflows, in any number and with any Retry-After, leave the health as it is."""
    health = Health(failures=FAILURES_IN_A_ROW - 1)
    for outcome in outcomes:
        blamed = Outcome(
            ending=Ending.REJECTED if outcome.status is None else Ending.OVERFLOW, retry_after=outcome.retry_after
        )
        health = after(health, blamed, NOW, NOW, LIMITS)

    assert health == Health(failures=FAILURES_IN_A_ROW - 1)
