"""The words of a decision are closed lists that headers and the ledger rely on."""

from router.policy.decision import Reason


def test_the_reasons_are_the_documented_ones() -> None:
    """A reason that is not in the list cannot appear in x-router-reason."""
    assert {reason.value for reason in Reason} == {
        "classified",
        "low_confidence",
        "needs_info",
        "explicit",
        "override",
        "escalated_context",
        "escalated_capability",
        "escalated_answer",
        "fallback",
        "cheapest",
        "classifier_failed",
    }
