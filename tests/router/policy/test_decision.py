"""The words of a decision are closed lists that headers and the ledger rely on."""

import re
from pathlib import Path

from router.policy.decision import Reason

DOCUMENT = Path(__file__).parents[3] / "docs" / "api.md"


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


def test_every_reason_is_explained() -> None:
    """docs/api.md has a table of them, each once."""
    _, _, table = DOCUMENT.read_text(encoding="utf-8").partition("## Why this upstream\n")
    assert sorted(re.findall(r"^\| `([a-z_]+)` \|", table, re.MULTILINE)) == sorted(Reason)
