"""The handcrafted numbers in words."""

import pytest

from classifier.numbers import NUMBERS
from classifier.phrases import phrase


@pytest.mark.parametrize("name", NUMBERS)
def test_every_number_is_told_in_words(name):
    """More and less of it read differently, and neither reads like a name in code."""
    more, less = phrase(name, more=True), phrase(name, more=False)
    assert more != less
    assert "_" not in more + less
    assert len(more.split()) > 1 or name.startswith("mark_")


@pytest.mark.parametrize(
    ("name", "more", "expected"),
    [
        ("short_pointer", True, "seems to point at something that is not there"),
        ("log_words", True, "long text"),
        ("log_words", False, "short text"),
        ("any_reasoning", True, "asks for proof or reasons (prove, derive, why)"),
        ("share_reasoning", True, "asks for proof or reasons (prove, derive, why)"),
        (f"mark_{ord('?')}", True, "question marks"),
        (f"mark_{ord('{')}", True, "code-like marks"),
        ("brand_new", True, "more brand new than usual"),
        ("any_novelty", False, "less any novelty than usual"),
        ("mark_x", False, "less mark x than usual"),
    ],
)
def test_phrases(name, more, expected):
    """Numbers of one meaning share their words, and an unknown number is told by its name."""
    assert phrase(name, more=more) == expected
