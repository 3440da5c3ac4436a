"""Bytes as edits: every byte string is a tree, and the one that was edited stays as it was."""

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.edits import edited

TREE = {"a": {"b": [1, 2, {"c": None}]}, "d": "e"}
VALUES = (None, 7, "x", [], {})


@given(st.binary(max_size=80))
def test_every_byte_string_is_a_tree(data: bytes) -> None:
    """Nothing fails, and the tree that others begin with is not touched."""
    before = repr(TREE)

    edited(TREE, data, VALUES)

    assert repr(TREE) == before


def test_edits_do_what_they_say() -> None:
    """A value, a part, away, one more, another name: at the place that is named, counted from the top."""
    assert edited(TREE, b"\0\0\x07\1", VALUES) == {**TREE, "d": 7}
    assert edited(TREE, b"\1\0\x07\0", VALUES) == {**TREE, "d": TREE["a"]}
    assert edited(TREE, b"\2\0\x07\0", VALUES) == {"a": TREE["a"]}
    assert edited(TREE, b"\3\0\x07\2", VALUES) == {**TREE, "dx": TREE["a"]}
    assert edited(TREE, b"\4\0\x07\2", VALUES) == {"a": TREE["a"], "x": "e"}


def test_without_edits_it_is_the_same() -> None:
    """Fewer than four bytes are no edit."""
    assert edited(TREE, b"\0\0\1", VALUES) == TREE
