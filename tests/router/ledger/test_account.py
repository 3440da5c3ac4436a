"""From a course to its row."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from classifier.tier import Tier
from router.catalog.price import Peak
from router.errors import UpstreamTimeout
from router.ledger.account import LONGEST_NAME, Course, account, paid_for, reason_of
from router.ledger.entry import Attempt, CostSource, EntryStatus
from router.policy.decision import Candidate, Decision, Reason
from router.usage import Usage
from tests.fakes.values import NOW, a_price, a_request, an_assessment, an_upstream, price_of

SMALL = an_upstream()
DECISION = Decision(
    route="auto",
    label="needs_info",
    tier=Tier.MEDIUM,
    reason=Reason.NEEDS_INFO,
    assessment=an_assessment(),
    ranked=(Candidate(upstream=SMALL, expected_cost=None),),
    rejected=(),
)
COURSE = Course(
    at=NOW,
    decision_id="dec-1",
    request=a_request(),
    decision=DECISION,
    upstream=SMALL,
    baseline=an_upstream("dear", price=a_price("4", "8")),
    usage=Usage(input=100, output=50),
    attempts=(Attempt(upstream="small", provider="house", ending="answered", status=200),),
    latency_ms=12.0,
    first_byte_ms=None,
    overhead_ms=0.5,
)


def test_a_good_row_says_what_was_decided_and_what_it_cost() -> None:
    """Label, required tier, reason, tokens and both costs are in the row."""
    entry = account(COURSE, EntryStatus.OK, 200)

    assert (entry.tier, entry.required_tier, entry.reason) == ("needs_info", "medium", "needs_info")
    assert (entry.cost, entry.baseline_cost) == (Decimal("0.0002"), Decimal("0.0008"))
    assert entry.cost_source is CostSource.COMPUTED
    assert entry.probabilities == an_assessment().probabilities


@pytest.mark.parametrize(("latency_ms", "cost"), [(60_000.0, "0.0004"), (59_999.0, "0.0002")])
def test_the_price_is_that_of_the_moment_at_which_the_request_came(latency_ms: float, cost: str) -> None:
    """An answer that outlasts the peak hours is billed at their price; NOW is a minute past them, almost."""
    peak = Peak(factor=Decimal(2), hours=((0, 12 * 60),))
    small = an_upstream("small", price=a_price(peak=peak))
    course = replace(COURSE, upstream=small, latency_ms=latency_ms, at=NOW + timedelta(seconds=59, milliseconds=999))

    assert account(course, EntryStatus.OK, 200).cost == Decimal(cost)


def test_without_an_answer_the_cost_is_unknown_not_zero() -> None:
    """A request that nobody answered has no usage, no cost, and its error's code."""
    entry = account(replace(COURSE, usage=None), EntryStatus.FAILED, 504, UpstreamTimeout("late"))

    assert (entry.cost, entry.cost_source, entry.error_code) == (None, CostSource.UNKNOWN, "upstream_timeout")


def test_before_a_decision_there_is_nothing_to_tell() -> None:
    """A request for an unknown model has neither tier nor upstream."""
    entry = account(replace(COURSE, decision=None, upstream=None, usage=None, attempts=()), EntryStatus.REJECTED, 404)

    assert (entry.route, entry.tier, entry.reason, entry.upstream) == (None, None, None, None)


def test_a_row_keeps_no_more_of_a_name_than_a_name_can_have() -> None:
    """What a client puts into `model` cannot fill the ledger."""
    course = replace(COURSE, request=a_request(model_asked="m" * 1_000_000))

    assert account(course, EntryStatus.REJECTED, 404).model_asked == "m" * LONGEST_NAME


def test_whoever_is_not_ranked_first_is_a_fallback() -> None:
    """From the second attempt on the reason is the fallback, unless the first upstream serves after all."""
    other = an_upstream("other")
    assert [reason_of(DECISION, upstream, 1) for upstream in (None, SMALL, other)] == [Reason.NEEDS_INFO] * 3
    assert reason_of(DECISION, SMALL, 2) is Reason.NEEDS_INFO
    assert reason_of(DECISION, other, 2) is Reason.FALLBACK


LARGE = an_upstream("large", price=a_price("10", "20"))
BROKEN = Attempt(
    upstream="small",
    provider="house",
    ending="invalid",
    status=200,
    paid=paid_for(SMALL, Usage(input=10, output=20), None),
)
SECOND = Attempt(upstream="large", provider="house", ending="answered", status=200)


def test_every_answer_that_was_paid_is_in_the_cost() -> None:
    """The row's cost is the sum, its tokens those of the answer given out, and each attempt says its own."""
    entry = account(replace(COURSE, upstream=LARGE, attempts=(BROKEN, SECOND)), EntryStatus.OK, 200)

    assert [attempt.paid and attempt.paid.cost for attempt in entry.attempts] == [Decimal("0.00005"), Decimal("0.002")]
    assert (entry.cost, entry.cost_source) == (Decimal("0.00205"), CostSource.COMPUTED)
    assert (entry.usage.input, entry.usage.output) == (100, 50)
    assert entry.baseline_cost == Decimal("0.0008")
    for attempt, usage in zip(entry.attempts, (Usage(input=10, output=20), COURSE.usage), strict=True):
        assert price_of(attempt.paid.rates).cost(usage) == attempt.paid.cost
    assert entry.rates == LARGE.price.rates


def test_the_weakest_source_is_that_of_the_sum() -> None:
    """An estimate in the sum makes it one; a cost that is not known makes the sum unknown."""
    guess = replace(BROKEN, paid=paid_for(SMALL, Usage(input=10, output=20, estimated=True), None))
    unknown = replace(BROKEN, paid=paid_for(an_upstream(price=None), Usage(input=10, output=20), None))
    courses = [replace(COURSE, upstream=LARGE, attempts=(first, SECOND)) for first in (guess, unknown)]
    rows = [account(course, EntryStatus.OK, 200) for course in courses]

    assert [row.cost_source for row in rows] == [CostSource.ESTIMATED, CostSource.UNKNOWN]
    assert (rows[0].cost, rows[1].cost) == (Decimal("0.00205"), None)


def test_an_answer_that_was_paid_counts_though_the_next_never_came() -> None:
    """A client that leaves during the second attempt has paid for the first."""
    left = replace(SECOND, ending="abandoned", status=None)
    entry = account(
        replace(COURSE, upstream=LARGE, usage=None, attempts=(BROKEN, left)), EntryStatus.CLIENT_CLOSED, 499
    )

    assert (entry.cost, entry.usage) == (Decimal("0.00005"), None)
    assert entry.cost_source is CostSource.ESTIMATED
