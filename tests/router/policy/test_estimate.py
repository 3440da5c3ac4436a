"""What a request is expected to cost before it is sent."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.prompt import Prompt
from classifier.tier import Tier
from router.policy.estimate import (
    PRIOR_OUTPUT_TOKENS,
    REASONING_FACTOR,
    Observed,
    Workload,
    expected_cost,
    expected_output,
    is_conversation,
)
from router.request import Needs
from router.usage import Usage
from tests.fakes.values import a_price, a_request, an_upstream

EASY, MEDIUM, HARD = PRIOR_OUTPUT_TOKENS


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    id: str
    tier: Tier = Tier.EASY
    limit: int | None = None
    upstream: dict[str, Any] = field(default_factory=dict)
    seen: Observed | None = None
    expected: int


OUTPUTS = (
    Case(id="easy", expected=EASY),
    Case(id="medium", tier=Tier.MEDIUM, expected=MEDIUM),
    Case(id="hard", tier=Tier.HARD, expected=HARD),
    Case(id="thinks first", upstream={"always_reasons": True}, expected=EASY * REASONING_FACTOR),
    Case(id="the client's limit", tier=Tier.HARD, limit=64, expected=64),
    Case(id="a limit above it", tier=Tier.EASY, limit=9_999, expected=EASY),
    Case(id="the upstream's limit", tier=Tier.HARD, upstream={"max_output": 500}, expected=500),
    Case(id="observed", tier=Tier.MEDIUM, seen=Observed(output_tokens=(1.0, 77.4, 3.0)), expected=77),
    Case(
        id="observed, so no factor",
        upstream={"always_reasons": True},
        seen=Observed(output_tokens=(33.0, None, None)),
        expected=33,
    ),
    Case(id="observed in another tier", seen=Observed(output_tokens=(None, 77.0, 3.0)), expected=EASY),
    Case(id="observed, limited", limit=20, seen=Observed(output_tokens=(33.0, None, None)), expected=20),
    Case(id="nothing allowed", limit=0, expected=0),
)


@pytest.mark.parametrize("case", OUTPUTS, ids=lambda case: case.id)
def test_the_answer_is_as_long_as_seen_or_assumed(case: Case) -> None:
    """The observed length replaces the assumed one, and no known limit is passed."""
    workload = Workload(input_tokens=1, max_output_tokens=case.limit, tier=case.tier, conversation=False)

    upstream = an_upstream(**case.upstream)
    observed = {} if case.seen is None else {upstream.name: case.seen}

    assert expected_output(upstream, workload, observed) == case.expected


def test_who_was_not_seen_yet_is_taken_to_answer_as_the_others_do() -> None:
    """Long answers at one upstream do not make the next one look cheap."""
    observed = {"a": Observed(output_tokens=(900.0, None, None)), "b": Observed(output_tokens=(1100.0, None, 7.0))}
    easy, medium = (
        Workload(input_tokens=1, max_output_tokens=None, tier=tier, conversation=False)
        for tier in (Tier.EASY, Tier.MEDIUM)
    )

    assert expected_output(an_upstream("c"), easy, observed) == 1000
    assert expected_output(an_upstream("a"), easy, observed) == 900
    assert expected_output(an_upstream("c"), medium, observed) == MEDIUM


def test_an_unknown_price_has_no_estimate() -> None:
    """None, not zero."""
    workload = Workload(input_tokens=10, max_output_tokens=None, tier=Tier.EASY, conversation=False)

    assert expected_cost(an_upstream(price=None), workload, {}) is None


@given(
    tokens=st.integers(0, 1_000_000),
    limit=st.none() | st.integers(0, 100_000),
    tier=st.sampled_from(Tier),
    share=st.none() | st.floats(0, 1),
    cached=st.none() | st.decimals(0, 1, places=4),
    conversation=st.booleans(),
)
def test_the_estimate_is_what_the_bill_would_be(
    tokens: int, limit: int | None, tier: Tier, share: float | None, cached: Decimal | None, conversation: bool
) -> None:
    """For the tokens it assumes, the estimate equals the price of that usage to the last digit."""
    upstream = an_upstream(price=a_price("1.3", "2.7", cached_input=cached))
    workload = Workload(input_tokens=tokens, max_output_tokens=limit, tier=tier, conversation=conversation)
    observed = {upstream.name: Observed(cached_share=share)}
    hit = int(tokens * share) if share and conversation else 0
    output = expected_output(upstream, workload, observed)

    assert upstream.price is not None
    assert expected_cost(upstream, workload, observed) == upstream.price.cost(
        Usage(input=tokens, output=output, cached_input=hit)
    )


def test_the_cache_counts_in_conversations_only() -> None:
    """A first message cannot be in a provider's cache, whatever others showed."""
    upstream = an_upstream(price=a_price("1", "0", cached_input=Decimal("0.1")))
    observed = {upstream.name: Observed(cached_share=0.5)}
    first = Workload(input_tokens=1_000_000, max_output_tokens=None, tier=Tier.EASY, conversation=False)
    later = Workload(input_tokens=1_000_000, max_output_tokens=None, tier=Tier.EASY, conversation=True)

    assert expected_cost(upstream, first, observed) == 1
    assert expected_cost(upstream, later, observed) == Decimal("0.55")
    assert expected_cost(upstream, later, {}) == 1


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        ([], False),
        ([("user", "a")], False),
        ([("system", "s"), ("user", "a"), ("assistant", "b")], False),
        ([("user", "a"), ("assistant", "b"), ("user", "c")], True),
    ],
)
def test_a_conversation_has_two_user_turns(turns: list[tuple[str, str]], expected: bool) -> None:
    """The system's and the assistant's words do not make a conversation."""
    assert is_conversation(Prompt.of(turns)) is expected


def test_a_workload_is_read_from_the_request() -> None:
    """It takes the likely tokens, the client's limit and the turns."""
    request = a_request(
        prompt=Prompt.of([("user", "a"), ("user", "b")]), input_tokens=42, needs=Needs(max_output_tokens=7)
    )

    assert Workload.of(request, Tier.HARD) == Workload(
        input_tokens=42, max_output_tokens=7, tier=Tier.HARD, conversation=True
    )
