"""Whom to ask next, and what the client is told when nobody answered."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from router.policy.decision import Candidate, Decision, Reason
from router.policy.fallback import DEFAULT_RETRY_AFTER, attempts, verdict
from router.policy.outcome import Ending, Outcome
from router.policy.rules import Limits
from router.shared_state.memory import MemoryState
from tests.fakes.values import an_embedder, an_upstream

ANSWERED = Outcome(ending=Ending.ANSWERED, status=200)
LIMITED_9 = Outcome(ending=Ending.RATE_LIMITED, status=429, retry_after=9)
LIMITED_4 = Outcome(ending=Ending.RATE_LIMITED, status=429, retry_after=4)
LIMITED = Outcome(ending=Ending.RATE_LIMITED, status=429)
AWAY = Outcome(ending=Ending.UNREACHABLE)
SLOW = Outcome(ending=Ending.TIMEOUT)
REFUSED = Outcome(ending=Ending.REFUSED, status=401)
BROKEN = Outcome(ending=Ending.BROKEN, status=500)
OVERFLOW = Outcome(ending=Ending.OVERFLOW, status=400)
REJECTED = Outcome(ending=Ending.REJECTED, status=400)
UNFIT = Outcome(ending=Ending.UNFIT)


def a_decision(windows: Sequence[int]) -> Decision:
    """Return a decision that ranks upstreams a, b, c... with these windows."""
    ranked = tuple(
        Candidate(upstream=an_upstream(chr(ord("a") + place), window=window), expected_cost=None)
        for place, window in enumerate(windows)
    )
    return Decision(
        route="auto", label="easy", tier=None, reason=Reason.CLASSIFIED, assessment=None, ranked=ranked, rejected=()
    )


def play(decision: Decision, outcomes: Sequence[Outcome], max_attempts: int = 9) -> tuple[str, RouterError | None]:
    """Return the names that were asked, joined, and what the generator said in the end."""
    asked = ""
    turns = attempts(decision, max_attempts, MemoryState(Limits()), lambda: 0.0)
    try:
        candidate = next(turns)
        for outcome in outcomes:
            asked += candidate.upstream.name
            candidate = turns.send(outcome)
    except StopIteration as stop:
        return asked, stop.value
    raise AssertionError(f"after {asked} it wanted {candidate.upstream.name} too")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    id: str
    outcomes: tuple[Outcome, ...]
    error: type[RouterError] | None
    asked: str = "ab"
    windows: tuple[int, ...] = (8_000, 8_000)
    retry_after: float | None = None
    max_attempts: int = 9


CASES = (
    Case(id="answered at once", outcomes=(ANSWERED,), error=None, asked="a"),
    Case(id="answered by the second", outcomes=(AWAY, ANSWERED), error=None),
    Case(id="all rate limited", outcomes=(LIMITED_9, LIMITED_4), error=UpstreamRateLimited, retry_after=4),
    Case(id="one names a time", outcomes=(LIMITED_9, LIMITED), error=UpstreamRateLimited, retry_after=9),
    Case(id="none does", outcomes=(LIMITED, LIMITED), error=UpstreamRateLimited, retry_after=DEFAULT_RETRY_AFTER),
    Case(id="all away", outcomes=(AWAY, AWAY), error=UpstreamUnreachable, retry_after=DEFAULT_RETRY_AFTER),
    Case(id="all slow", outcomes=(SLOW, SLOW), error=UpstreamTimeout),
    Case(id="all refused", outcomes=(REFUSED, REFUSED), error=UpstreamRefused),
    Case(id="all broken", outcomes=(BROKEN, BROKEN), error=UpstreamBroken),
    Case(id="limited, away", outcomes=(LIMITED_9, AWAY), error=UpstreamUnreachable, retry_after=9),
    Case(id="limited, refused", outcomes=(LIMITED_4, REFUSED), error=UpstreamUnreachable, retry_after=4),
    Case(id="away, slow", outcomes=(AWAY, SLOW), error=UpstreamUnreachable, retry_after=DEFAULT_RETRY_AFTER),
    Case(id="slow, broken", outcomes=(SLOW, BROKEN), error=UpstreamTimeout),
    Case(id="broken, refused", outcomes=(BROKEN, REFUSED), error=UpstreamBroken),
    Case(id="rejected at once", outcomes=(REJECTED,), error=UpstreamRejected, asked="a"),
    Case(id="rejected by the second", outcomes=(LIMITED, REJECTED), error=UpstreamRejected),
    Case(id="overflow, nobody larger", outcomes=(OVERFLOW,), error=UpstreamRejected, asked="a"),
    Case(
        id="overflow, a larger one answers",
        windows=(8_000, 4_000, 8_000, 16_000),
        outcomes=(OVERFLOW, ANSWERED),
        error=None,
        asked="ad",
    ),
    Case(
        id="overflow, the larger one is away",
        windows=(8_000, 16_000),
        outcomes=(OVERFLOW, AWAY),
        error=UpstreamUnreachable,
        retry_after=DEFAULT_RETRY_AFTER,
    ),
    Case(
        id="the larger one was away, overflow",
        windows=(16_000, 8_000),
        outcomes=(LIMITED_4, OVERFLOW),
        error=UpstreamRateLimited,
        retry_after=4,
    ),
    Case(
        id="a smaller one was away, overflow",
        windows=(4_000, 8_000),
        outcomes=(AWAY, OVERFLOW),
        error=UpstreamRejected,
    ),
    Case(
        id="overflow twice",
        windows=(8_000, 16_000),
        outcomes=(OVERFLOW, OVERFLOW),
        error=UpstreamRejected,
    ),
    Case(id="unfit, another answers", outcomes=(UNFIT, ANSWERED), error=None),
    Case(id="unfit, another is broken", outcomes=(UNFIT, BROKEN), error=UpstreamBroken),
    Case(id="all unfit", outcomes=(UNFIT, UNFIT), error=UpstreamRejected),
    Case(id="unfit, too long", outcomes=(UNFIT, OVERFLOW), error=UpstreamRejected),
    Case(id="attempts are counted", outcomes=(BROKEN,), error=UpstreamBroken, asked="a", max_attempts=1),
    Case(id="one attempt at least", outcomes=(BROKEN,), error=UpstreamBroken, asked="a", max_attempts=0),
    Case(id="nobody ranked", windows=(), outcomes=(), error=NoEligibleUpstream, asked=""),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_endings_lead_to_one_verdict(case: Case) -> None:
    """Who is asked and what the client is told follows from the endings alone."""
    asked, error = play(a_decision(case.windows), case.outcomes, case.max_attempts)

    assert asked == case.asked
    assert (None if error is None else type(error)) == case.error
    assert error is None or error.retry_after == case.retry_after


@pytest.mark.parametrize("ending", [Ending.REJECTED, Ending.OVERFLOW, Ending.UNFIT])
def test_the_upstreams_own_blame_is_passed_on(ending: Ending) -> None:
    """The error that the upstream gave for the request is the one that the client gets."""
    blame = UpstreamRejected("messages[0].role is wrong", upstream_status=422)

    _, error = play(a_decision((8_000,)), (Outcome(ending=ending, error=blame),))

    assert error is blame


def test_an_overflow_without_words_is_the_known_code() -> None:
    """Clients that shorten and try again look for this status and code."""
    _, error = play(a_decision((8_000,)), (OVERFLOW,))

    assert error is not None
    assert (error.status, error.code, error.param) == (400, "context_length_exceeded", "messages")
    assert "8,000" in error.message


def test_a_text_that_is_too_long_to_embed_is_the_input() -> None:
    """The error of an overflow names the member that embeddings have."""
    embedder = Candidate(upstream=an_embedder(), expected_cost=None)

    error = verdict([(embedder, Outcome(ending=Ending.OVERFLOW))])

    assert error.param == "input"


def test_the_message_tells_each_attempt() -> None:
    """Every upstream that was tried is named with how it ended."""
    _, error = play(a_decision((8_000,) * 5), (LIMITED, AWAY, SLOW, REFUSED, BROKEN))

    assert error is not None
    assert error.message == (
        "No upstream answered: 'a' is rate limited (429), 'b' could not be reached, 'c' did not answer in time, "
        "'d' refused this proxy (401), 'e' failed (500)."
    )


@given(
    windows=st.lists(st.integers(1, 4), max_size=6),
    outcomes=st.lists(st.builds(Outcome, ending=st.sampled_from(Ending)), min_size=7, max_size=7),
    max_attempts=st.integers(0, 5),
)
def test_only_the_ranked_are_asked_and_each_once(
    windows: list[int], outcomes: list[Outcome], max_attempts: int
) -> None:
    """Whatever happens, it asks in order, nobody twice, no more than allowed, and ends."""
    decision = a_decision(windows)
    ranked = "".join(candidate.upstream.name for candidate in decision.ranked)

    asked, error = play(decision, outcomes, max_attempts)

    assert list(asked) == sorted(set(asked))
    assert set(asked) <= set(ranked)
    assert len(asked) <= max(1, max_attempts)
    assert (error is None) == (bool(asked) and outcomes[len(asked) - 1].ending is Ending.ANSWERED)


def test_an_upstream_that_is_ranked_twice_is_asked_once() -> None:
    """The same upstream again would be a retry, which is not this generator's business."""
    decision = a_decision((8_000, 8_000))
    doubled = Decision(
        route=None,
        label=None,
        tier=None,
        reason=Reason.EXPLICIT,
        assessment=None,
        ranked=decision.ranked + decision.ranked,
        rejected=(),
    )

    asked, _ = play(doubled, (BROKEN, BROKEN))

    assert asked == "ab"
