"""The form of the tables: what a value notes of itself."""

import pytest

from router.wire.dialect import DROPPED, Dialect, Fixed, Rule, near, same


def test_a_dialect_notes_what_it_touches():
    """Dropped, ruled and looked-for members are searched for by their quoted names; members that are added are not."""
    fixed = Fixed(name="added", value=b"1", beside=frozenset({"beside"}))
    dialect = Dialect(title="t", drop=frozenset({"gone"}), rules={"old": Rule(to="new")}, fixed=(fixed,))
    assert dialect.names == {"gone", "old", "beside"}
    assert dialect.touched == (b'"beside"', b'"gone"', b'"old"')
    assert Dialect(title="t").touched == ()


@pytest.mark.parametrize(
    ("rule", "only"),
    [
        (Rule(to="x"), True),
        (Rule(to="x", yields=True), True),
        (Rule(to="x", says={"a": same(b"1")}), False),
        (Rule(otherwise=DROPPED), False),
        (Rule(high=1), False),
        (Rule(items=1), False),
        (Rule(item_bytes=1), False),
    ],
)
def test_a_rule_knows_whether_values_matter(rule, only):
    """Only a rule that looks at no value is a plain renaming."""
    assert rule.only_renames is only


def test_near_is_not_the_same():
    """Another spelling is kept, the nearest is reported."""
    assert (same(b"1").kept, near(b"1").kept, DROPPED.kept) == (True, False, False)
    assert same(b"1", "n").name == near(b"1", "n").name == "n"
