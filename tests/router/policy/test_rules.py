"""Rules always have the route auto."""

import pytest

from router.policy.rules import DIALS, Route, Rules


def test_auto_is_there() -> None:
    """Rules without `auto` are refused."""
    with pytest.raises(ValueError, match="auto"):
        Rules(routes={"other": Route(name="other")})


def test_a_route_has_every_dial() -> None:
    """Each dial has cut points from the start."""
    assert tuple(Route(name="auto").thresholds) == DIALS
