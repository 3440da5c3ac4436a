"""Clients for node against the running proxy: the openai SDK and the Vercel AI SDK with two of its providers."""

import pytest

from tests.fakes.clients import Case

CAPITAL = {"city": "Paris", "population": 2_100_000}
OPENAI = (
    Case("an_answer", ["Paris.", "stop", 19, True]),
    Case("a_stream", ["Paris.", 7]),
    Case("tools_run_to_the_end", ["It is get_time Paris.", ["user", "assistant", "tool", "tool", "assistant"]]),
    Case("parsed", CAPITAL),
    Case("through_the_responses_api", ["Paris.", ["reasoning", "message"], True, '{"city": "Paris"}']),
    Case("a_busy_upstream_is_tried_again", "Paris."),
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
    Case("a_stream_that_breaks", ["word0 word1 ", True]),
    Case("a_stream_that_the_client_leaves", True),
)
VERCEL = (
    Case("a_text", ["Paris.", "stop", 12, 7, "small-1"]),
    Case("a_stream_with_reasoning", ["Capitals, then.", "Paris.", 7]),
    Case("tools_in_steps", ["It is 20 degrees in Paris.", 2, {"city": "Paris"}, "It is 20 degrees in Paris."]),
    Case("objects", [CAPITAL, CAPITAL, True]),
    Case("through_the_responses_api", ["It is 20 degrees in Paris.", "Paris.", 7]),
    Case("through_openais_chat_model", "Paris."),
    Case("a_busy_upstream_is_tried_again", "Paris."),
    Case("errors", [["APICallError", 429], ["APICallError", 404], ["APICallError", 400]]),
    Case("a_stream_that_the_client_leaves", "word0 "),
)


@pytest.mark.parametrize("case", OPENAI, ids=lambda case: case.id)
def test_openai_for_node(ran_by_node, case):
    """What the SDK's user sees is what the upstream said, or the SDK's own exception."""
    assert ran_by_node("with_openai.mjs", "openai").results[case.id] == case.expected


@pytest.mark.parametrize("case", VERCEL, ids=lambda case: case.id)
def test_the_vercel_ai_sdk(ran_by_node, case):
    """What the SDK's user sees is what the upstream said, or the SDK's own exception."""
    assert ran_by_node("with_vercel.mjs", "ai").results[case.id] == case.expected


@pytest.mark.parametrize(("program", "package"), [("with_openai.mjs", "openai"), ("with_vercel.mjs", "ai")])
def test_a_stream_that_the_client_leaves_is_given_up_upstream(ran_by_node, program, package):
    """The upstream's connection is closed, not read to an end that never comes."""
    [left] = ran_by_node(program, package).asked("endless")

    assert left.closed is not None
