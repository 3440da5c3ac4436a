"""What one process remembers of its upstreams."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.tier import Tier
from router.policy.estimate import MIN_REPLIES, Observed
from router.policy.outcome import Ending, Outcome
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
    state.note("a", LIMITED, 100.0)
    state.note("b", ANSWERED, 100.0)

    assert state.resting(100.0) == {"a": 10.0}
    assert state.resting(107.5) == {"a": 2.5}
    assert state.resting(110.0) == {}


def test_three_failures_in_a_row_rest() -> None:
    """An answer in between starts the count again."""
    state = a_state()
    for outcome in (AWAY, AWAY, ANSWERED, AWAY, AWAY):
        state.note("a", outcome, 0.0)
    assert state.resting(0.0) == {}

    state.note("a", AWAY, 0.0)

    assert state.resting(1.0) == {"a": 29.0}


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
        state.note(name, LIMITED, 0.0)
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
