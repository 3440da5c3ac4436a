"""The `llm` command against the running proxy."""

import pytest

from tests.fakes.clients import Case

CASES = (
    Case("a_stream_and_what_it_took", ["Paris.", "Token usage: 12 input, 7 output"]),
    Case("a_conversation_goes_on", "Paris."),
    Case("a_schema", {"city": "Paris", "population": 2_100_000}),
    Case("a_tool", "It is 20 degrees in Paris."),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_llm(ran, case):
    """What the command prints is what the upstream said."""
    assert ran("with_llm.py").results[case.id] == case.expected


def test_the_conversation_is_sent_along(ran):
    """The second turn holds the first one and its answer."""
    turns = [[message["role"] for message in seen.json["messages"]] for seen in ran("with_llm.py").seen]

    assert ["user", "assistant", "user"] in turns
