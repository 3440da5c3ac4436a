"""How long an upstream is left alone."""

import math
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.policy.cooldown import FAILURES_TO_REST, LONGEST_SECONDS, State, after
from router.policy.outcome import Ending, Outcome
from router.policy.rules import Limits

LIMITS = Limits(cooldown=30.0)
NOW = 1_000.0
FRESH = State()
TWO_FAILURES = State(failures=2)


def ended(ending: Ending, retry_after: float | None = None) -> Outcome:
    """Return an outcome."""
    return Outcome(ending=ending, retry_after=retry_after)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    id: str
    before: State = FRESH
    outcome: Outcome
    failures: int = 0
    rest: float = 0.0


CASES = (
    Case(id="answered", outcome=ended(Ending.ANSWERED)),
    Case(id="answered after failures", before=TWO_FAILURES, outcome=ended(Ending.ANSWERED)),
    Case(
        id="answered while it rested",
        before=State(failures=4, rests_until=NOW + 60),
        outcome=ended(Ending.ANSWERED),
    ),
    Case(
        id="answered, but it asked for a pause",
        before=State(failures=4, rests_until=NOW + 60, asked_until=NOW + 20),
        outcome=ended(Ending.ANSWERED),
        rest=20,
    ),
    Case(id="rate limited", outcome=ended(Ending.RATE_LIMITED), rest=30),
    Case(id="rate limited, named", outcome=ended(Ending.RATE_LIMITED, 7), rest=7),
    Case(id="rate limited for long", outcome=ended(Ending.RATE_LIMITED, 86_400), rest=300),
    Case(id="rate limited for no time", outcome=ended(Ending.RATE_LIMITED, 0), rest=0),
    Case(id="rate limited, nonsense", outcome=ended(Ending.RATE_LIMITED, math.nan), rest=300),
    Case(
        id="rate limited keeps the failures",
        before=TWO_FAILURES,
        outcome=ended(Ending.RATE_LIMITED, 7),
        failures=2,
        rest=7,
    ),
    Case(
        id="a shorter pause does not shorten",
        before=State(asked_until=NOW + 50),
        outcome=ended(Ending.RATE_LIMITED, 7),
        rest=50,
    ),
    Case(id="refused", outcome=ended(Ending.REFUSED), rest=60),
    Case(
        id="refused while it rests for longer",
        before=State(rests_until=NOW + 200),
        outcome=ended(Ending.REFUSED),
        rest=200,
    ),
    Case(id="first failure", outcome=ended(Ending.UNREACHABLE), failures=1),
    Case(id="second failure", before=State(failures=1), outcome=ended(Ending.TIMEOUT), failures=2),
    Case(id="third failure", before=TWO_FAILURES, outcome=ended(Ending.BROKEN), failures=3, rest=30),
    Case(
        id="fails again after a rest",
        before=State(failures=3, rests_until=NOW - 1),
        outcome=ended(Ending.UNREACHABLE),
        failures=4,
        rest=60,
    ),
    Case(
        id="fails while it rests",
        before=State(failures=3, rests_until=NOW + 10),
        outcome=ended(Ending.UNREACHABLE),
        failures=3,
        rest=30,
    ),
    Case(
        id="down for hours",
        before=State(failures=500, rests_until=NOW - 1),
        outcome=ended(Ending.UNREACHABLE),
        failures=501,
        rest=300,
    ),
    Case(id="overloaded and says for how long", outcome=ended(Ending.BROKEN, 12), failures=1, rest=12),
    Case(id="rejected", before=TWO_FAILURES, outcome=ended(Ending.REJECTED), failures=2),
    Case(id="overflow", before=TWO_FAILURES, outcome=ended(Ending.OVERFLOW, 9), failures=2),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_outcome_decides_the_rest(case: Case) -> None:
    """Failures in a row rest, a named pause is obeyed, what the request caused changes nothing."""
    state = after(case.before, case.outcome, NOW, LIMITS)

    assert state.failures == case.failures
    assert max(0.0, state.until - NOW) == case.rest


OUTCOMES = st.builds(
    Outcome, ending=st.sampled_from(Ending), retry_after=st.none() | st.floats(allow_nan=True, allow_infinity=True)
)


@given(steps=st.lists(st.tuples(st.floats(0, 400), OUTCOMES), max_size=30), cooldown=st.floats(0.1, 1_000))
def test_a_rest_is_extended_never_shortened(steps: list[tuple[float, Outcome]], cooldown: float) -> None:
    """Only an answer ends our own rest, nothing ends a pause that was asked for, and none passes the longest."""
    limits, now, state = Limits(cooldown=cooldown), 0.0, State()
    for pause, outcome in steps:
        now += pause
        before, state = state, after(state, outcome, now, limits)
        assert state.asked_until >= before.asked_until
        assert state.rests_until >= before.rests_until or outcome.ending is Ending.ANSWERED
        assert max(state.until, before.until) <= max(before.until, now + LONGEST_SECONDS)


@given(outcomes=st.lists(OUTCOMES.filter(lambda outcome: outcome.ending is not Ending.ANSWERED), max_size=20))
def test_requests_at_fault_never_make_an_upstream_rest(outcomes: list[Outcome]) -> None:
    """Rejections and overflows, in any number and between any others, leave the state as it is."""
    state = State(failures=FAILURES_TO_REST - 1)
    for outcome in outcomes:
        blamed = Outcome(
            ending=Ending.REJECTED if outcome.status is None else Ending.OVERFLOW, retry_after=outcome.retry_after
        )
        state = after(state, blamed, NOW, LIMITS)

    assert state == State(failures=FAILURES_TO_REST - 1)
