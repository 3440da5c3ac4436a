"""What one process remembers of its upstreams."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.tier import Tier
from router.policy.breaker import FAILURES_IN_A_ROW, Stay
from router.policy.estimate import MIN_REPLIES, Observed
from router.policy.outcome import Ending, Lack, Outcome
from router.policy.rules import Limits
from router.shared_state.memory import Average, MemoryState
from router.shared_state.state import SharedState
from router.usage import Usage

LIMITED = Outcome(ending=Ending.RATE_LIMITED, retry_after=10)
AWAY = Outcome(ending=Ending.UNREACHABLE)
ANSWERED = Outcome(ending=Ending.ANSWERED)


def a_state(capacity: int = 8) -> MemoryState:
    """Return an empty one with a cooldown of 30 s."""
    return MemoryState(Limits(cooldown=30.0), capacity=capacity)


def test_it_is_a_shared_state() -> None:
    """It has what the port asks for (the type checker sees to the signatures)."""
    state: SharedState = a_state()

    assert state.resting(0.0) == {}
    assert state.observed == {}


def test_who_is_rate_limited_rests_until_then() -> None:
    """The seconds left go down with the clock, and then the upstream is available again."""
    state = a_state()
    state.note("a", LIMITED, 100.0, 100.0)
    state.note("b", ANSWERED, 100.0, 100.0)

    assert state.resting(100.0) == {"a": 10.0}
    assert state.resting(107.5) == {"a": 2.5}
    assert state.resting(110.0) == {}
    assert state.admit("a", 105.0) == Stay(5.0, asked=True, limited=True)
    assert state.admit("b", 105.0) is None


def test_failures_in_a_row_rest() -> None:
    """An answer in between starts the count again."""
    state = a_state()
    for outcome in (AWAY, AWAY, AWAY, AWAY, ANSWERED, AWAY, AWAY, AWAY, AWAY):
        state.note("a", outcome, 0.0, 0.0)
    assert state.resting(0.0) == {}

    state.note("a", AWAY, 0.0, 0.0)

    assert state.resting(1.0) == {"a": 29.0}


def rested() -> MemoryState:
    """Return a state whose upstream `a` came to rest at 0 s, for 30 s."""
    state = a_state()
    for _ in range(FAILURES_IN_A_ROW):
        state.note("a", AWAY, 0.0, 0.0)
    return state


def test_after_its_rest_one_call_at_a_time_is_let_through() -> None:
    """The second waits for what becomes of the first; given up without an outcome, the next may try."""
    state = rested()
    assert state.admit("a", 31.0) is None

    assert state.admit("a", 31.0) is not None
    assert set(state.resting(31.0)) == {"a"}
    state.release("a")
    assert state.admit("a", 32.0) is None
    state.answers("a", 32.0, 33.0)
    assert state.admit("a", 33.0) is None
    assert state.admit("a", 33.0) is None


def test_the_beginning_of_an_answer_tells_nothing_of_who_is_open_to_all() -> None:
    """Only a call that was let through half open is judged before its end."""
    state = a_state()
    state.note("a", AWAY, 0.0, 0.0)

    state.answers("a", 1.0, 2.0)
    state.answers("b", 1.0, 2.0)
    for _ in range(FAILURES_IN_A_ROW - 1):
        state.note("a", AWAY, 3.0, 3.0)

    assert set(state.resting(3.0)) == {"a"}


def test_further_attempts_at_who_fails_have_a_budget() -> None:
    """Three, or a fifth of the requests at their first; who is well costs nothing; what is over is given back."""
    state = rested()
    for _ in range(24):
        state.begin()
    assert [state.again("a") for _ in range(5)] == [1, 1, 1, 1, None]
    assert state.again("b") == 0

    state.end(2)
    assert [state.again("a"), state.again("a")] == [1, None]
    for _ in range(23):
        state.end(0)
    state.end(3)
    assert [state.again("a") for _ in range(4)] == [1, 1, 1, None]


def test_who_comes_to_rest_and_who_is_back_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """One line each, with the reason and the time; a trial that failed is no news."""
    caplog.set_level("INFO", "tierwise.upstreams")
    state = rested()
    for now in (1.0, 2.0, 40.0):
        state.note("a", AWAY, now, now)
    state.note("a", ANSWERED, 110.0, 111.0)
    state.note("a", LIMITED, 112.0, 112.0)
    state.note("a", LIMITED, 113.0, 113.0)
    state.note("b", Outcome(ending=Ending.REFUSED, status=401), 113.0, 113.0)
    state.note("c", Outcome(ending=Ending.REFUSED, status=401, lacks=Lack.KEY), 113.0, 113.0)

    assert [record.message for record in caplog.records] == [
        "upstream a is left alone for 30 s: 5 failures in a row, the last: unreachable",
        "upstream a is back: it answers again after 71 s",
        "upstream a asks to be left alone for 10 s",
        "upstream b is left alone for 60 s: refused (status 401)",
    ]


def test_a_share_of_failures_is_told_in_numbers(caplog: pytest.LogCaptureFixture) -> None:
    """Whoever reads the log sees how many of how many calls failed."""
    state = a_state()
    for _ in range(10):
        state.note("a", AWAY, 0.0, 0.0)
        state.note("a", ANSWERED, 0.0, 0.0)
    state.note("a", AWAY, 0.0, 0.0)

    assert caplog.messages == [
        "upstream a is left alone for 30 s: 11 of 21 calls failed within 10 s, the last: unreachable"
    ]


def test_an_average_is_believed_after_enough_replies() -> None:
    """Until then nothing is said; the average is that of the tier and the upstream alone."""
    state = a_state()
    for number in range(MIN_REPLIES - 1):
        state.observe("a", Tier.MEDIUM, Usage(input=10, output=100 + number))
    state.observe("a", Tier.HARD, Usage(input=10, output=5))
    assert state.observed == {}

    state.observe("a", Tier.MEDIUM, Usage(input=10, output=119))

    easy, medium, hard = state.observed["a"].output_tokens
    assert (easy, hard) == (None, None)
    assert medium == pytest.approx(109.5)


def test_an_old_snapshot_does_not_change() -> None:
    """A decision under way keeps what it saw."""
    state = a_state()
    for _ in range(MIN_REPLIES):
        state.observe("a", Tier.EASY, Usage(input=1, output=1))
    before = state.observed
    for name in ("a",) * 5 + ("b",) * MIN_REPLIES:
        state.observe(name, Tier.EASY, Usage(input=1, output=9))

    assert before == {"a": Observed(output_tokens=(1.0, None, None))}
    assert set(state.observed) == {"a", "b"}
    assert state.observed["a"] != before["a"]


def test_the_cached_share_is_learnt_from_conversations() -> None:
    """Single messages, and replies that say nothing of a cache, do not count."""
    state = a_state()
    for _ in range(MIN_REPLIES):
        state.observe("a", None, Usage(input=100, output=1, cached_input=60), conversation=True)
        state.observe("a", None, Usage(input=100, output=1), conversation=True)
        state.observe("a", None, Usage(input=0, output=1, cached_input=0), conversation=True)
        state.observe("a", None, Usage(input=100, output=1, cached_input=0))

    assert state.observed["a"].cached_share == pytest.approx(0.6)
    assert state.observed["a"].output_tokens == (None, None, None)


def test_our_own_estimates_teach_nothing() -> None:
    """A usage that was estimated here would only confirm itself."""
    state = a_state()
    for _ in range(2 * MIN_REPLIES):
        state.observe("a", Tier.EASY, Usage(input=100, output=1, estimated=True))

    assert state.observed == {}


def test_memory_is_bounded() -> None:
    """The upstreams that were used longest ago are forgotten first."""
    state = a_state(capacity=2)
    for name in ("a", "b", "a", "c"):
        state.note(name, LIMITED, 0.0, 0.0)
        for _ in range(MIN_REPLIES):
            state.observe(name, Tier.EASY, Usage(input=1, output=1))

    assert set(state.resting(1.0)) == {"a", "c"}
    assert set(state.observed) == {"a", "c"}


def test_room_for_nobody_is_refused() -> None:
    """A capacity below one cannot be meant."""
    with pytest.raises(ValueError, match="at least 1"):
        a_state(capacity=0)


@given(values=st.lists(st.integers(0, 100_000), min_size=1, max_size=100))
def test_an_average_stays_between_its_extremes(values: list[int]) -> None:
    """It is the mean at first and never leaves the range of what was seen."""
    average = Average()
    for value in values:
        average = average.with_value(value)

    assert min(values) - 1e-6 <= average.mean <= max(values) + 1e-6
    if len(values) <= MIN_REPLIES:
        assert average.mean == pytest.approx(sum(values) / len(values))


def test_an_average_follows() -> None:
    """After a change it comes close to the new value within some sixty replies."""
    average = Average()
    for value in [100] * 200 + [500] * 60:
        average = average.with_value(value)

    assert 470 < average.mean < 500


def test_other_limits_keep_what_is_known_of_those_that_stay() -> None:
    """A reload forgets the upstreams that have become others, and nobody else."""
    state = a_state()
    for name in ("stays", "other"):
        state.note(name, LIMITED, 0.0, 1.0)
        for _ in range(MIN_REPLIES):
            state.observe(name, Tier.EASY, Usage(input=10, output=7))

    state.adopt(Limits(cooldown=60.0), {"other", "never seen"})

    assert set(state.resting(2.0)) == {"stays"}
    assert set(state.observed) == {"stays"}
