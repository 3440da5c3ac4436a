"""The catalogue finds upstreams by name."""

import pytest

from router.catalog.catalog import Catalog
from tests.fakes.values import an_upstream


def test_by_name() -> None:
    """Every upstream is found under its name."""
    one, two = an_upstream("one"), an_upstream("two")

    assert Catalog(upstreams=(one, two)).by_name == {"one": one, "two": two}


def test_a_name_stands_for_one_upstream() -> None:
    """Two upstreams of one name are refused."""
    with pytest.raises(ValueError, match="same name"):
        Catalog(upstreams=(an_upstream("one"), an_upstream("one")))
