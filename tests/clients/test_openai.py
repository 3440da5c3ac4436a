"""The openai SDK's own retries, exceptions and cancelled streams, in the version that the other clients pin."""

import pytest

from tests.fakes.clients import Case

CASES = (
    Case("an_answer", ["Paris.", "stop", 19, True]),
    Case("a_busy_upstream_is_tried_again", ["Paris.", True]),
    Case(
        "errors",
        [
            ["RateLimitError", 429],
            ["NotFoundError", 404],
            ["BadRequestError", 400],
            ["InternalServerError", 502],
            ["AuthenticationError", 401],
        ],
    ),
    Case("a_stream_that_breaks", ["word0 word1 ", "APIError"]),
    Case("a_stream_that_the_client_leaves", "word0 word1 "),
    Case("many_at_once", ["Paris."]),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_openai(ran, case):
    """What the SDK's user sees is what the upstream said, or the SDK's own exception."""
    assert ran("with_openai.py").results[case.id] == case.expected


def test_a_stream_that_the_client_leaves_is_given_up_upstream(ran):
    """The upstream's connection is closed, not read to an end that never comes."""
    [left] = ran("with_openai.py").asked("endless")

    assert left.closed is not None
