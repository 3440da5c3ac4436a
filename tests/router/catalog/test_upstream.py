"""Upstreams have room for at least one token."""

import pytest

from tests.fakes.values import an_upstream


@pytest.mark.parametrize("limits", [{"window": 0}, {"max_output": 0}, {"window": -5}])
def test_limits_are_positive(limits: dict[str, int]) -> None:
    """A window or output limit of nothing is refused, with the upstream's name."""
    with pytest.raises(ValueError, match="small"):
        an_upstream("small", **limits)
