"""The model list names everything a client may ask for, and tells the truth about it."""

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from classifier.tier import Tier
from router.api.models import Models, reachable
from router.catalog.catalog import Catalog
from router.catalog.upstream import Capability, Status
from router.errors import UnknownModel
from router.policy.rules import EmbeddingGroup, Policy, Route, Rules
from tests.fakes.values import NOW, TODAY, a_provider, an_embedder, an_upstream

EU = a_provider("eu-house")
UPSTREAMS = (
    an_upstream("blind", window=1000, capabilities=frozenset()),
    an_upstream("seeing", window=500, capabilities=frozenset({Capability.VISION})),
    an_upstream("here", Tier.HARD, window=300, region="eu", provider=EU, capabilities=frozenset()),
    an_upstream("off", Tier.HARD, window=9000, status=Status.DISABLED),
    an_upstream("leaving", window=800, retires_on=TODAY, capabilities=frozenset()),
    an_upstream("maker/big", model="maker/big-1", window=400, capabilities=frozenset({Capability.VISION})),
)
AUTO = Route(name="auto")
LISTED = Route(
    name="listed", tiers={Tier.EASY: frozenset({"seeing"}), Tier.MEDIUM: frozenset(), Tier.HARD: frozenset()}
)
LEGAL = Route(name="legal", policy=Policy(name="eu", regions=frozenset({"eu"})))
FAR = Route(name="far", policy=Policy(name="mars", regions=frozenset({"mars"})))
RULES = Rules(routes={route.name: route for route in (AUTO, LISTED, LEGAL, FAR)})
MODELS = Models(catalog=Catalog(upstreams=UPSTREAMS), rules=RULES, created=NOW)
ROWS = {row["id"]: row for row in MODELS.listed(TODAY)["data"]}
DIALS = ("", ":cheap", ":balanced", ":quality")


def test_every_name() -> None:
    """Routes, their dials, tiers and the upstreams that serve today are listed, each once."""
    routes = {f"{name}{dial}" for name in RULES.routes for dial in DIALS}
    served = {"blind", "seeing", "here", "maker/big"}
    assert set(ROWS) == routes | {"tier/easy", "tier/medium", "tier/hard"} | served
    assert len(MODELS.listed(TODAY)["data"]) == len(ROWS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A name, and what may be reached by it."""

    id: str
    window: int | None
    sees: bool


CASES = (
    Case(id="auto", window=1000, sees=True),
    Case(id="auto:cheap", window=1000, sees=True),
    Case(id="tier/easy", window=1000, sees=True),
    Case(id="tier/hard", window=300, sees=False),
    Case(id="listed", window=500, sees=True),
    Case(id="legal", window=300, sees=False),
    Case(id="far", window=None, sees=False),
    Case(id="blind", window=1000, sees=False),
    Case(id="seeing", window=500, sees=True),
    Case(id="maker/big", window=400, sees=True),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_row_has_the_reach_of_its_name(case: Case) -> None:
    """The largest window and every modality that the name reaches under its policy; asked alone it is the same."""
    row = ROWS[case.id]

    assert {"id", "object", "created", "owned_by"} <= set(row)
    assert row["context_length"] == case.window
    assert row["architecture"]["input_modalities"] == (["text", "image"] if case.sees else ["text"])
    assert row["architecture"]["output_modalities"] == ["text"]
    assert MODELS.one(case.id, TODAY) == row


def test_who_owns_a_name() -> None:
    """Routes and tiers are the proxy's own, an upstream is its provider's."""
    assert [ROWS[name]["owned_by"] for name in ("auto", "tier/hard", "here")] == ["tierwise", "tierwise", "eu-house"]


def test_an_upstream_that_retires_today_served_yesterday() -> None:
    """The list is that of the day it is asked for."""
    names = [row["id"] for row in MODELS.listed(TODAY - timedelta(days=1))["data"]]

    assert "leaving" in names
    assert MODELS.one("leaving", TODAY - timedelta(days=1))["context_length"] == 800


def test_other_spellings_are_answered_as_asked() -> None:
    """What a request may name, though no list holds it, has its row under the name that was asked for."""
    for name in ("eu-house/here-wire", "here-wire", "house/maker/big-1"):
        row = MODELS.one(name, TODAY)
        assert row["id"] == name
        assert row["context_length"] in {300, 400}


@pytest.mark.parametrize("name", ["gpt-17", "tier/huge", "auto:fast", "off", "leaving", "models/../auto"])
def test_unknown_names(name: str) -> None:
    """What no request may ask for is model_not_found, with the parameter and a fix."""
    with pytest.raises(UnknownModel) as caught:
        MODELS.one(name, TODAY)

    assert (caught.value.status, caught.value.code, caught.value.param) == (404, "model_not_found", "model")
    assert caught.value.fix


def test_a_listed_tier_may_be_served_from_the_list_of_the_next() -> None:
    """Who stands in the list of a higher tier counts for a lower one, but never who is too weak for it."""
    route = replace(LISTED, tiers={Tier.EASY: frozenset({"blind"}), Tier.MEDIUM: frozenset({"here", "seeing"})})

    def names(floor: Tier) -> list[str]:
        return [upstream.name for upstream in reachable(Catalog(upstreams=UPSTREAMS[:3]), route, floor, TODAY)]

    closed = replace(route, tiers={**route.tiers, Tier.HARD: frozenset({"here"})})
    assert names(Tier.MEDIUM) == ["here"]
    assert [u.name for u in reachable(Catalog(upstreams=UPSTREAMS), closed, Tier.EASY, TODAY)] == [
        "blind",
        "seeing",
        "here",
    ]


def test_sound_is_a_modality() -> None:
    """A name that reaches an upstream with ears says so."""
    hearing = an_upstream("hearing", capabilities=frozenset({Capability.AUDIO}))
    models = Models(catalog=Catalog(upstreams=(hearing,)), rules=RULES, created=NOW)
    assert models.one("auto", TODAY)["architecture"]["input_modalities"] == ["text", "audio"]


ALIASES = Rules(
    routes=RULES.routes,
    embeddings={
        "docs": EmbeddingGroup(name="docs", upstreams=("vectors", "keyless")),
        "auto": EmbeddingGroup(name="auto", upstreams=("vectors",)),
        "nobody": EmbeddingGroup(name="nobody", upstreams=("keyless",)),
    },
    aliases={"gpt-4o": "tier/hard", "claude-*": "here", "gone": "left-out", "text-3": "docs"},
)
WITH_EMBEDDERS = Models(
    catalog=Catalog(
        upstreams=UPSTREAMS,
        embedders=(an_embedder("vectors", model="v-1"), an_embedder("old", status=Status.DISABLED)),
    ),
    rules=ALIASES,
    created=NOW,
)


def test_what_embeds_and_aliases_are_listed_once() -> None:
    """An alias without a star is a name if it means something; one with a star is none, and fits names all the same."""
    rows = {row["id"]: row for row in WITH_EMBEDDERS.listed(TODAY)["data"]}

    assert set(rows) - set(ROWS) == {"docs", "nobody", "vectors", "gpt-4o", "text-3"}
    assert len(WITH_EMBEDDERS.listed(TODAY)["data"]) == len(rows)
    assert WITH_EMBEDDERS.one("claude-9", TODAY) | {"id": "here", "owned_by": "eu-house"} == rows["here"]
    assert rows["gpt-4o"] | {"id": "tier/hard"} == rows["tier/hard"]
    assert rows["text-3"] | {"id": "docs"} == rows["docs"]


def test_what_embeds_is_told_truly() -> None:
    """Its longest text, the length of its vectors; a name of both kinds has both outputs."""
    docs, nobody, auto = (WITH_EMBEDDERS.one(name, TODAY) for name in ("docs", "nobody", "auto"))

    assert (docs["context_length"], docs["dimensions"], docs["owned_by"]) == (512, 3, "tierwise")
    assert docs["architecture"] == {"input_modalities": ["text"], "output_modalities": ["embeddings"]}
    assert (nobody["context_length"], nobody["dimensions"]) == (None, None)
    assert WITH_EMBEDDERS.one("v-1", TODAY)["owned_by"] == "house"
    assert auto["architecture"]["output_modalities"] == ["text", "embeddings"]
    assert "dimensions" not in auto
    for name in ("old", "gone", "no such"):
        with pytest.raises(UnknownModel):
            WITH_EMBEDDERS.one(name, TODAY)
