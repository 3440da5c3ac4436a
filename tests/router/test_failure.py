"""Every failure of an upstream has its ending."""

import pytest

from router.errors import (
    RouterError,
    UpstreamBroken,
    UpstreamRateLimited,
    UpstreamRefused,
    UpstreamRejected,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from router.failure import BODY_LIMIT, outcome_of, read_failure
from router.policy.outcome import Ending
from tests.fakes.reply import FakeReply
from tests.fakes.values import NOW

ERRORS = [
    (UpstreamTimeout("x"), Ending.TIMEOUT),
    (UpstreamUnreachable("x"), Ending.UNREACHABLE),
    (UpstreamBroken("x"), Ending.BROKEN),
    (UpstreamRefused("x"), Ending.REFUSED),
    (UpstreamRejected("x"), Ending.REJECTED),
    (UpstreamRejected("x", code="context_length_exceeded"), Ending.OVERFLOW),
    (UpstreamRateLimited("x", retry_after=3), Ending.RATE_LIMITED),
]


@pytest.mark.parametrize(("error", "ending"), ERRORS, ids=[f"{ending}" for _, ending in ERRORS])
def test_an_error_of_the_transport_or_the_reader(error: RouterError, ending: Ending) -> None:
    """The ending decides what the fallback does next; the error is kept for the client."""
    outcome = outcome_of(error)

    assert (outcome.ending, outcome.error, outcome.retry_after) == (ending, error, error.retry_after)


async def test_a_reply_that_is_no_answer() -> None:
    """Status, body and headers become one outcome."""
    outcome = await read_failure(
        FakeReply(b'{"error":{"message":"slow down"}}', status=429, headers={"retry-after": "4"}), NOW
    )

    assert (outcome.ending, outcome.status, outcome.retry_after) == (Ending.RATE_LIMITED, 429, 4)


async def test_an_endless_error_body_is_read_only_as_far_as_it_matters() -> None:
    """A failing upstream cannot fill the memory, or hold the client up."""
    outcome = await read_failure(FakeReply(b"x" * BODY_LIMIT, status=500, hang=True), NOW)

    assert outcome.ending is Ending.BROKEN
