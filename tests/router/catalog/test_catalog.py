"""The catalogue finds upstreams by name."""

import pytest

from router.catalog.catalog import Catalog
from tests.fakes.values import an_embedder, an_upstream


def test_by_name() -> None:
    """Every upstream is found under its name."""
    one, two = an_upstream("one"), an_upstream("two")

    assert Catalog(upstreams=(one, two)).by_name == {"one": one, "two": two}


def test_a_name_stands_for_one_upstream() -> None:
    """Two upstreams of one name are refused."""
    with pytest.raises(ValueError, match="same name"):
        Catalog(upstreams=(an_upstream("one"), an_upstream("one")))


def test_who_embeds_is_apart() -> None:
    """An upstream is listed where it serves, each under a name of its own."""
    chat, embedder = an_upstream("chat"), an_embedder("vectors")
    catalog = Catalog(upstreams=(chat,), embedders=(embedder,))

    assert (catalog.by_name, catalog.embedder_by_name) == ({"chat": chat}, {"vectors": embedder})
    assert catalog.everybody == (chat, embedder)
    for wrong in ({"upstreams": (embedder,)}, {"upstreams": (), "embedders": (chat,)}):
        with pytest.raises(ValueError, match="does not serve"):
            Catalog(**wrong)
    with pytest.raises(ValueError, match="same name"):
        Catalog(upstreams=(chat,), embedders=(an_embedder("chat"),))
