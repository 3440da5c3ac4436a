"""instructor against the running proxy."""

import pytest

from tests.fakes.clients import Case

CAPITAL = {"city": "Paris", "population": 2_100_000}
CASES = (
    Case("by_mode", [CAPITAL, CAPITAL, CAPITAL]),
    Case("with_its_completion", ["Paris", "small-1", 19]),
    Case("in_parts", [CAPITAL, True]),
    Case("asked_for_again", "InstructorRetryException"),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_instructor(ran, case):
    """What the library's user sees is what the upstream said."""
    assert ran("with_instructor.py").results[case.id] == case.expected


def test_what_was_wrong_is_sent_back(ran):
    """The second time of asking holds the first answer and why it did not do."""
    first, second, *_ = ran("with_instructor.py").asked("reasons")

    assert len(second.json["messages"]) > len(first.json["messages"])
    assert "too near" in str(second.json["messages"][-1])
