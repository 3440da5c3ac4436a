"""Values that are made quickly are frozen dataclasses in everything else."""

import copy
import pickle
from dataclasses import FrozenInstanceError, dataclass, field, replace

import pytest

from router.quick import quick


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """Two numbers that may not be below zero."""

    x: int
    y: int = 7

    def __post_init__(self) -> None:
        if self.x < 0:
            raise ValueError("below zero")


def test_a_value_is_made_as_its_fields_say() -> None:
    """By keywords, with defaults, and legal."""
    assert (Point(x=1).x, Point(x=1).y) == (1, 7)
    assert type(Point(x=1, y=2)) is Point
    with pytest.raises(TypeError, match="missing 1 required"):
        Point(y=2)
    with pytest.raises(TypeError, match="unexpected keyword"):
        Point(x=1, z=2)
    with pytest.raises(TypeError, match="positional"):
        Point(1)
    with pytest.raises(ValueError, match="below zero"):
        Point(x=-1)


def test_a_value_is_frozen_and_equal_to_its_like() -> None:
    """As any frozen dataclass."""
    point = Point(x=1)

    with pytest.raises(FrozenInstanceError):
        point.x = 2
    with pytest.raises((AttributeError, TypeError)):
        point.z = 2
    assert point == Point(x=1, y=7)
    assert point != Point(x=2)
    assert hash(point) == hash(Point(x=1, y=7))
    assert repr(point) == "Point(x=1, y=7)"


def test_a_value_is_made_again() -> None:
    """Replaced, copied, and sent to another process; what is not legal is not made."""
    point = Point(x=1, y=3)

    assert replace(point, x=2) == Point(x=2, y=3)
    assert copy.deepcopy([point]) == [point]
    assert pickle.loads(pickle.dumps(point)) == point
    with pytest.raises(ValueError, match="below zero"):
        replace(point, x=-1)


def test_a_default_that_is_made_is_refused() -> None:
    """One list for all would be a trap."""
    with pytest.raises(TypeError, match="a default that is made"):

        @quick
        @dataclass(frozen=True, slots=True, kw_only=True)
        class Trap:
            members: list = field(default_factory=list)
