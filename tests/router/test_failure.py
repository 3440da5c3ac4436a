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
from router.policy.outcome import Ending, Lack
from router.upstreams import failures
from router.wire.reply_limit import AnswerTooLarge
from router.wire.upstream_error import problem_in_answer
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
    (UpstreamRejected("x", code="too_many_tools"), Ending.UNFIT),
    (UpstreamRejected("x", code="unsupported_tool_name"), Ending.UNFIT),
    (UpstreamRejected("x", upstream_status=413, code="request_too_large"), Ending.UNFIT),
]


@pytest.mark.parametrize(("error", "ending"), ERRORS, ids=[f"{ending}" for _, ending in ERRORS])
def test_an_error_of_the_transport_or_the_reader(error: RouterError, ending: Ending) -> None:
    """The ending decides what the fallback does next; the error is kept for the client."""
    outcome = outcome_of(error)

    assert (outcome.ending, outcome.error, outcome.retry_after) == (ending, error, error.retry_after)


@pytest.mark.parametrize(
    ("error", "ambiguous"),
    [
        (failures.unreachable("p", "the connection was refused"), False),
        (failures.lost("p"), True),
        (failures.no_headers("p", 1.0), True),
        (failures.idle("p", 1.0), True),
        (failures.broken("p", "it was cut short"), True),
        (UpstreamRejected("x"), False),
    ],
    ids=["refused", "lost", "no headers", "silent", "cut short", "rejected"],
)
def test_what_an_upstream_may_have_been_paid_for_is_told(error: RouterError, ambiguous: bool) -> None:
    """A call that never left costs nothing; one that was sent and came to nothing may."""
    assert outcome_of(error).ambiguous is ambiguous


@pytest.mark.parametrize(
    ("error", "counts"),
    [(failures.too_large("p"), False), (AnswerTooLarge("x"), False), (failures.broken("p", "it was cut short"), True)],
    ids=["the transport's limit", "the reader's limit", "cut short"],
)
def test_an_answer_over_the_limit_does_not_count_against_the_upstream(error: RouterError, counts: bool) -> None:
    """It is broken for this request, and may be paid for; but a request alone can bring it about."""
    outcome = outcome_of(error)

    assert (outcome.ending, outcome.ambiguous, outcome.counts) == (Ending.BROKEN, True, counts)


async def test_a_reply_that_is_no_answer() -> None:
    """Status, body and headers become one outcome."""
    outcome = await read_failure(
        FakeReply(b'{"error":{"message":"slow down"}}', status=429, headers={"retry-after": "4"}), NOW
    )

    assert (outcome.ending, outcome.status, outcome.retry_after) == (Ending.RATE_LIMITED, 429, 4)


async def test_a_body_too_large_for_its_gateway_does_not_count_against_the_upstream() -> None:
    """Another one may take it, and smaller requests pass there as before."""
    outcome = await read_failure(FakeReply(b"<html>Request Entity Too Large</html>", status=413), NOW)

    assert (outcome.ending, outcome.status, outcome.counts, outcome.lacks) == (Ending.UNFIT, 413, False, None)
    assert (outcome.error.status, outcome.error.code) == (413, "request_too_large")


async def test_an_endless_error_body_is_read_only_as_far_as_it_matters() -> None:
    """A failing upstream cannot fill the memory, or hold the client up."""
    outcome = await read_failure(FakeReply(b"x" * BODY_LIMIT, status=500, hang=True), NOW)

    assert outcome.ending is Ending.BROKEN


REFUSALS = [
    ("key", 401, b'{"error":{"code":"invalid_api_key","message":"no"}}', Lack.KEY),
    ("key-empty", 401, b"", Lack.KEY),
    ("right", 403, b'{"message":"no access"}', Lack.RIGHT),
    ("balance", 402, b'{"error":"Insufficient Balance"}', Lack.BALANCE),
    ("quota", 429, b'{"error":{"type":"insufficient_quota","message":"m"}}', Lack.BALANCE),
    ("model", 404, b'{"error":{"code":"model_not_found","message":"m"}}', Lack.MODEL),
    ("model-empty", 410, b"", Lack.MODEL),
    ("page", 404, b"<html>not here</html>", Lack.MODEL),
    ("hostless", 404, b'{"error":{"code":404,"message":"No endpoints found that support tools"}}', None),
    ("words-only", 400, b'{"error":{"message":"Model Not Exist"}}', None),
    ("busy", 429, b"", None),
    ("broken", 500, b"", None),
]


@pytest.mark.parametrize(("status", "body", "lack"), [row[1:] for row in REFUSALS], ids=[row[0] for row in REFUSALS])
async def test_what_a_refusal_lacks(status: int, body: bytes, lack: Lack | None) -> None:
    """What only a person mends is named; what one request, or its words, may have caused is not."""
    outcome = await read_failure(FakeReply(body, status=status), NOW)

    assert outcome.lacks is lack
    assert lack is None or (outcome.ending, outcome.counts) == (Ending.REFUSED, True)


@pytest.mark.parametrize(
    ("error", "lack"),
    [
        ({"code": 401, "message": "m"}, Lack.KEY),
        ({"code": 402, "message": "credits"}, Lack.BALANCE),
        ({"code": "model_not_found", "message": "m"}, Lack.MODEL),
        ({"code": 404, "message": "No endpoints found that support tools"}, None),
        ({"code": 400, "message": "Invalid model x"}, None),
    ],
)
def test_a_refusal_inside_an_answer_counts_as_much(error: dict[str, object], lack: Lack | None) -> None:
    """A 200, or a stream, that holds the refusal of an operator says the same as its status would."""
    outcome = outcome_of(problem_in_answer({"error": error}).error())

    assert (outcome.ending, outcome.lacks, outcome.counts) == (Ending.REFUSED, lack, lack is not None)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (402, b'{"error": {"message": "This request requires more credits, or fewer max_tokens.", "code": 402}}'),
        (403, b"<!DOCTYPE html><title>Attention Required! | Cloudflare</title>"),
        (403, b'{"error": {"message": "No.", "code": "content_policy_violation"}}'),
        (404, b'{"error": {"message": "image https://a.example/b.png not found", "code": "invalid_image_url"}}'),
    ],
)
async def test_a_refusal_of_what_one_request_holds_harms_nobody(status, body):
    """Another upstream is asked for this request; the others go on as before."""
    outcome = await read_failure(FakeReply(body, status=status), NOW)

    assert (outcome.ending, outcome.counts, outcome.lacks) == (Ending.REFUSED, False, None)
