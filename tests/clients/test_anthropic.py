"""The anthropic SDK against the running proxy, and its own types held strictly against what is on the wire."""

import pytest

from tests.fakes.clients import Case

CASES = (
    Case("a_message", ["Paris.", "end_turn", [12, 7], True]),
    Case("an_asynchronous_stream", "Paris."),
    Case(
        "thinking_then_both_tools_and_back",
        {
            "blocks": ["thinking", "tool_use", "tool_use"],
            "thought": "Capitals, then.",
            "inputs": [{"city": "Paris"}, {"city": "Paris"}],
            "stop": ["tool_use", 7, "message_stop"],
            "told": "It is get_time 20.",
        },
    ),
    Case("parsed_output", "Paris"),
    Case("counting", True),
    Case(
        "errors",
        [
            ["RateLimitError", 429],
            ["NotFoundError", 404],
            ["BadRequestError", 400],
            ["BadRequestError", 400],
            ["InternalServerError", 502],
            ["AuthenticationError", 401],
        ],
    ),
    Case("an_error_names_the_request", True),
    Case("a_busy_upstream_is_tried_again", "Paris."),
    Case("a_stream_that_breaks", ["word0 word1 ", "api_error"]),
    Case("a_stream_that_the_client_leaves", "word0 "),
    Case("strictly_valid", ["RawMessageStartEvent", "RawMessageDeltaEvent", "RawMessageStopEvent"]),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_anthropic(ran, case):
    """What the SDK's user sees is what the upstream said, or the SDK's own exception."""
    assert ran("with_anthropic.py").results[case.id] == case.expected


def test_reasoning_goes_back_to_where_it_came_from(ran):
    """What the upstream thought before its calls stands in the next turn, under the name that its host takes."""
    asked = [seen.json["messages"] for seen in ran("with_anthropic.py").asked("reasons")]
    [back] = [messages for messages in asked if len(messages) > 1]

    assert back[1]["reasoning"] == "Capitals, then."


def test_a_stream_that_the_client_leaves_is_given_up_upstream(ran):
    """The upstream's connection is closed, though the client's stream was a translated one."""
    [left] = ran("with_anthropic.py").asked("endless")

    assert left.closed is not None
