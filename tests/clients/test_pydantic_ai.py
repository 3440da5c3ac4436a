"""pydantic-ai's agents against the running proxy."""

import pytest

from tests.fakes.clients import Case

CAPITAL = {"city": "Paris", "population": 2_100_000}
CASES = (
    Case("an_answer", ["Paris.", 12]),
    Case("a_stream", ["Paris.", True]),
    Case("a_tool_and_its_result", "It is 20 degrees in Paris."),
    Case("a_tool_then_structured_output", [CAPITAL, 2]),
    Case("structured_by_schema", CAPITAL),
    Case("structured_and_streamed", CAPITAL),
    Case("through_the_responses_api", ["Paris.", "It is 20 degrees in Paris.", "Paris."]),
    Case("errors", [["ModelHTTPError", 429], ["ModelHTTPError", 404], ["ModelHTTPError", 400]]),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_pydantic_ai(ran, case):
    """What the agent's user sees is what the upstream said."""
    assert ran("with_pydantic_ai.py").results[case.id] == case.expected
