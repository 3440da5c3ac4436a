"""langchain-openai against the running proxy."""

import pytest

from tests.fakes.clients import Case

CAPITAL = {"city": "Paris", "population": 2_100_000}
CASES = (
    Case("an_answer", ["Paris.", "stop", "small-1", 19]),
    Case("an_asynchronous_stream", ["Paris.", 7]),
    Case("a_tool_and_its_result", ["get_weather", {"city": "Paris"}, "It is 20 degrees in Paris."]),
    Case("a_tool_call_streamed", [["get_weather", {"city": "Paris"}]]),
    Case("structured_by_schema", CAPITAL),
    Case("structured_by_tool", CAPITAL),
    Case("structured_by_json_mode", CAPITAL),
    Case("through_the_responses_api", [{"city": "Paris"}, "Paris.", "Paris.", 12]),
    Case("errors", [["RateLimitError", 429], ["NotFoundError", 404], ["BadRequestError", 400], ["APIError", None]]),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_langchain(ran, case):
    """What the library's user sees is what the upstream said."""
    assert ran("with_langchain.py").results[case.id] == case.expected
