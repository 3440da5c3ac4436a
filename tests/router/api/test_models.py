"""The model list names everything a client may ask for, and tells the truth about it."""

from router.api.models import model_list
from router.catalog.catalog import Catalog
from router.catalog.upstream import Capability
from router.policy.rules import Route, Rules
from tests.fakes.values import NOW, an_upstream

CATALOG = Catalog(
    upstreams=(
        an_upstream("blind", window=1000, capabilities=frozenset()),
        an_upstream("seeing", window=500, capabilities=frozenset({Capability.VISION})),
    )
)
ROWS = {row["id"]: row for row in model_list(CATALOG, Rules(routes={"auto": Route(name="auto")}), NOW)["data"]}


def test_every_name() -> None:
    """Routes, their dials, tiers and upstreams are listed."""
    dials = {"auto", "auto:cheap", "auto:balanced", "auto:quality"}
    assert set(ROWS) == dials | {"tier/easy", "tier/medium", "tier/hard", "blind", "seeing"}


def test_a_row_is_openais_with_the_reach_of_the_name() -> None:
    """All four of OpenAI's fields; a route reaches the largest window and every modality."""
    assert {"id", "object", "created", "owned_by"} <= set(ROWS["auto"])
    assert ROWS["auto"]["context_length"] == 1000
    assert ROWS["auto"]["architecture"]["input_modalities"] == ["text", "image"]
    assert ROWS["blind"]["architecture"]["input_modalities"] == ["text"]
    assert ROWS["seeing"]["owned_by"] == "house"
