"""LiteLLM's SDK against the running proxy, over all three of its chat surfaces."""

import pytest

from tests.fakes.clients import Case

CASES = (
    Case("an_answer", ["Paris.", "stop", 19]),
    Case("a_stream", ["Paris.", 7]),
    Case("an_asynchronous_stream", ["Capitals, then.", "Paris."]),
    Case("a_tool_and_its_result", ["get_weather", '{"city": "Paris"}', "It is 20 degrees."]),
    Case("structured", {"city": "Paris", "population": 2_100_000}),
    Case("through_the_messages_api", ["Paris.", 19, "Paris.", "tool_calls", '{"city": "Paris"}']),
    Case("through_the_responses_api", ["Paris.", 7]),
    Case(
        "errors",
        [
            ["RateLimitError", 429],
            ["NotFoundError", 404],
            ["BadRequestError", 400],
            ["AuthenticationError", 401],
            ["RateLimitError", 429],
        ],
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_litellm(ran, case):
    """What the SDK's user sees is what the upstream said."""
    assert ran("with_litellm.py").results[case.id] == case.expected
