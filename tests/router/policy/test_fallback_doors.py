"""Who is passed over and who is not asked again; and that a fallback keeps every promise of the decision."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.tier import Tier
from router.catalog.catalog import Catalog
from router.catalog.upstream import Capability, Upstream
from router.errors import NoEligibleUpstream, RouterError, UpstreamRateLimited, UpstreamUnreachable
from router.policy.breaker import Stay
from router.policy.decide import View, decide
from router.policy.decision import Candidate, Decision, Reason
from router.policy.fallback import DEFAULT_RETRY_AFTER, attempts
from router.policy.outcome import Ending, Outcome
from router.policy.resolve import RouteTarget
from router.policy.rules import Policy, Route
from router.request import Needs
from tests.fakes.values import TODAY, a_provider, a_request, an_assessment, an_upstream

ANSWERED = Outcome(ending=Ending.ANSWERED, status=200)
BROKEN = Outcome(ending=Ending.BROKEN, status=500)
LIMITED = Outcome(ending=Ending.RATE_LIMITED, status=429)
SLOW = Outcome(ending=Ending.TIMEOUT)
REFUSED = Outcome(ending=Ending.REFUSED, status=401)
RESTS = Stay(9.0)
ASKED = Stay(7.0, asked=True, limited=True)
BUSY = Stay(4.0, asked=True)


class Doors:
    """Doors that say what a test wants; `budget` further attempts are granted, `journal` keeps what was asked."""

    def __init__(self, stays: dict[str, Stay] | None = None, budget: int = 9) -> None:
        self.stays = stays or {}
        self.budget = budget
        self.journal: list[str] = []

    def begin(self) -> None:
        self.journal.append("begin")

    def end(self, extra: int) -> None:
        self.journal.append(f"end {extra}")

    def admit(self, upstream: str, now: float) -> Stay | None:
        assert now == 5.0
        return self.stays.get(upstream)

    def again(self, upstream: str) -> int | None:
        self.journal.append(f"again {upstream}")
        self.budget -= 1
        return 1 if self.budget >= 0 else None

    def release(self, upstream: str) -> None:
        self.journal.append(f"release {upstream}")


def a_decision(upstreams: Sequence[Upstream]) -> Decision:
    """Return a decision that ranks these."""
    ranked = tuple(Candidate(upstream=upstream, expected_cost=None) for upstream in upstreams)
    return Decision(
        route="auto", label="easy", tier=None, reason=Reason.CLASSIFIED, assessment=None, ranked=ranked, rejected=()
    )


THREE = a_decision([an_upstream(name) for name in "abc"])


def play(
    doors: Doors, outcomes: Sequence[Outcome], decision: Decision = THREE, retried: int = 0
) -> tuple[str, RouterError | None]:
    """Return who was asked, joined, and what was said in the end; three attempts are allowed."""
    asked = ""
    turns = attempts(decision, 3, doors, lambda: 5.0, retried)
    try:
        candidate = next(turns)
        for outcome in outcomes:
            asked += candidate.upstream.name
            candidate = turns.send(outcome)
    except StopIteration as stop:
        return asked, stop.value
    raise AssertionError(f"after {asked} it wanted {candidate.upstream.name} too")


def test_who_rests_is_passed_over() -> None:
    """The first that may be called is asked, whatever the ranking says of the others."""
    assert play(Doors({"a": RESTS, "b": ASKED}), [ANSWERED]) == ("c", None)


def test_the_last_candidates_are_asked_though_they_rest() -> None:
    """Our own judgement never leaves a request without anybody: the best ranked is asked, then the next."""
    assert play(Doors(dict.fromkeys("abc", RESTS)), [BROKEN, ANSWERED]) == ("ab", None)
    assert play(Doors({"a": ASKED, "b": RESTS, "c": ASKED}), [ANSWERED]) == ("b", None)


@pytest.mark.parametrize(
    ("stays", "error"),
    [({"a": ASKED, "b": Stay(3.0, True, True), "c": ASKED}, UpstreamRateLimited), ({"a": BUSY}, UpstreamUnreachable)],
    ids=["429", "503"],
)
def test_whoever_asked_to_be_left_alone_is(stays: dict[str, Stay], error: type[RouterError]) -> None:
    """Nobody is called; the client is told the shortest of the waits that were asked for, and to come back then."""
    decision = a_decision([an_upstream(name) for name in stays])

    asked, told = play(Doors(stays), [], decision)

    assert asked == ""
    assert isinstance(told, error)
    assert told.retry_after == min(reason.seconds for reason in stays.values())
    assert told.again
    assert "'a' asked for a pause of" in told.message


def test_without_a_place_in_the_budget_there_is_no_further_attempt() -> None:
    """The client hears what the first attempt came to, and that it may come back; what was let through is released."""
    doors = Doors(budget=0)

    asked, told = play(doors, [BROKEN])

    assert asked == "a"
    assert told is not None
    assert (told.status, told.retry_after, told.again) == (502, DEFAULT_RETRY_AFTER, True)
    assert "second attempt already" in told.message
    assert doors.journal == ["begin", "again b", "release b", "end 0"]


@pytest.mark.parametrize("outcomes", [[ANSWERED], [BROKEN, ANSWERED], [BROKEN, BROKEN, BROKEN]], ids=len)
def test_what_was_taken_of_the_budget_is_given_back(outcomes: list[Outcome]) -> None:
    """The end of a request says how many further attempts it had."""
    doors = Doors()

    play(doors, outcomes)

    assert (doors.journal[0], doors.journal[-1]) == ("begin", f"end {len(outcomes) - 1}")


def test_a_request_that_is_given_up_gives_back_too() -> None:
    """Closing the generator in the middle ends the count."""
    doors = Doors()
    turns = attempts(THREE, 3, doors, lambda: 5.0)
    next(turns)
    turns.send(BROKEN)

    turns.close()

    assert doors.journal[-1] == "end 1"


@pytest.mark.parametrize(("retried", "asked"), [(0, "abc"), (1, "ab"), (2, "a"), (3, "a"), (50, "a")])
def test_what_the_client_retries_is_tried_less_here(retried: int, asked: str) -> None:
    """Its attempts and ours do not multiply."""
    assert play(Doors(), [BROKEN] * len(asked), retried=retried)[0] == asked


@pytest.mark.parametrize(
    ("outcomes", "retried", "again"),
    [
        ([BROKEN], 0, True),
        ([LIMITED], 1, True),
        ([BROKEN], 2, False),
        ([SLOW], 0, False),
        ([REFUSED], 0, False),
        ([BROKEN, BROKEN], 0, False),
    ],
    ids=["one", "one, retried", "often enough", "may be paid", "the operator's", "two"],
)
def test_the_client_is_told_whether_its_own_retry_makes_sense(
    outcomes: list[Outcome], retried: int, again: bool
) -> None:
    """It does where one upstream failed, and not where others were tried or the answer may have been paid for."""
    decision = a_decision([an_upstream(name) for name in "ab"[: len(outcomes)]])

    _, told = play(Doors(), outcomes, decision, retried)

    assert told is not None
    assert told.again is again


UPSTREAMS = st.lists(
    st.builds(
        an_upstream,
        st.sampled_from("abcdefgh"),
        st.sampled_from(Tier),
        window=st.sampled_from([2_000, 32_000, 128_000]),
        capabilities=st.frozensets(st.sampled_from(Capability)),
        provider=st.sampled_from([a_provider("p"), a_provider("q")]),
        region=st.sampled_from(["eu", "us", None]),
        licence=st.sampled_from(["MIT", "other", None]),
    ),
    max_size=8,
    unique_by=lambda upstream: upstream.name,
)
STAYS = st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from([RESTS, ASKED, BUSY]))
NEEDS = st.builds(Needs, tools=st.booleans(), images=st.booleans(), context_tokens=st.integers(0, 40_000))
FAILURES = st.sampled_from([ending for ending in Ending if ending not in (Ending.ANSWERED, Ending.REJECTED)])


@given(UPSTREAMS, STAYS, NEEDS, st.sampled_from(Tier), st.lists(FAILURES, max_size=3))
def test_a_fallback_keeps_every_promise_of_the_decision(
    upstreams: list[Upstream], stays: dict[str, Stay], needs: Needs, tier: Tier, endings: list[Ending]
) -> None:
    """Whoever is asked, in whatever state: its tier, window, capabilities, region and licence are what was promised."""
    policy = Policy(name="eu", regions=frozenset({"eu"}), licences=frozenset({"MIT"}))
    target = RouteTarget(route=Route(name="auto", policy=policy), dial="balanced")
    resting = {name: reason.seconds for name, reason in stays.items()}
    view = View(catalog=Catalog(upstreams=tuple(upstreams)), today=TODAY, resting=resting)
    try:
        decision = decide(a_request(needs=needs), target, an_assessment(tier), view)
    except NoEligibleUpstream:
        return
    turns = attempts(decision, 3, Doors(stays), lambda: 5.0)
    try:
        candidate = next(turns)
        for ending in (*endings, Ending.ANSWERED):
            upstream = candidate.upstream
            assert upstream.tier >= tier
            assert upstream.window > needs.context_tokens
            assert (upstream.region, upstream.licence) == ("eu", "MIT")
            assert not needs.tools or Capability.TOOLS in upstream.capabilities
            assert not needs.images or Capability.VISION in upstream.capabilities
            assert not stays.get(upstream.name, RESTS).asked
            candidate = turns.send(Outcome(ending=ending))
    except StopIteration:
        pass
