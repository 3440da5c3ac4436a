"""Who may embed a text: one model alone, the cheapest of those that serve it, never another."""

from dataclasses import dataclass
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.catalog.catalog import Catalog
from router.catalog.upstream import Status, Upstream
from router.errors import MalformedRequest, NoEligibleUpstream, UnknownModel
from router.policy.decide import View
from router.policy.decision import Cause, Decision, Reason
from router.policy.embeddings import decide_embedding, embedding_cost, require_room, resolve_embedder
from router.policy.rules import EmbeddingGroup, Policy, Route, Rules
from router.request import Vectors
from tests.fakes.values import TODAY, a_price, a_provider, an_embedder, an_embedding_request, an_upstream

CHEAP = an_embedder("cheap", price=a_price("0.01", "0"), region="us", provider=a_provider("one"), model="same")
DEAR = an_embedder("dear", price=a_price("0.2", "0"), region="eu", provider=a_provider("two"), model="same")
OTHER = an_embedder("other", family="other-1", price=a_price("0", "0"))
EU = Policy(name="eu_only", regions=frozenset({"eu"}))
RULES = Rules(
    routes={"auto": Route(name="auto")},
    embeddings={
        "docs": EmbeddingGroup(name="docs", upstreams=("dear", "cheap", "keyless")),
        "eu": EmbeddingGroup(name="eu", upstreams=("dear", "cheap"), policy=EU),
        "empty": EmbeddingGroup(name="empty", upstreams=("keyless",)),
    },
)


def decided(model: str, *embedders: Upstream, resting: dict[str, float] | None = None, longest: int = 9) -> Decision:
    """Return the decision on one text for `model`."""
    catalog = Catalog(
        upstreams=(an_upstream("chat"),),
        embedders=embedders or (DEAR, CHEAP, OTHER),
        retired={"old": "'old' was retired."},
    )
    request = an_embedding_request(model, vectors=Vectors(count=1, longest=longest))
    return decide_embedding(request, RULES, View(catalog=catalog, today=TODAY, resting=resting or {}))


def ranked(decision: Decision) -> list[str]:
    """Return who is ranked, in order."""
    return [candidate.upstream.name for candidate in decision.ranked]


def test_the_cheapest_of_a_group_comes_first() -> None:
    """Nobody outside the group is ever ranked, however cheap; no tier and no label are claimed."""
    decision = decided("docs")

    assert ranked(decision) == ["cheap", "dear"]
    assert (decision.route, decision.reason, decision.label, decision.tier) == ("docs", Reason.CHEAPEST, None, None)
    assert decision.ranked[0].expected_cost == Decimal("0.000001")


@pytest.mark.parametrize("model", ["dear", "two/same"])
def test_a_named_upstream_is_never_replaced(model: str) -> None:
    """Its own name, or the wire name with its provider, stands for it alone."""
    decision = decided(model)

    assert (ranked(decision), decision.route, decision.reason) == (["dear"], None, Reason.EXPLICIT)


def test_a_promise_is_kept() -> None:
    """The policy of a group leaves out who is not in its regions, and says so."""
    decision = decided("eu")

    assert ranked(decision) == ["dear"]
    assert [(one.upstream.name, one.cause) for one in decision.rejected] == [("cheap", Cause.REGION)]


def test_who_rests_is_left_out_while_another_is_awake() -> None:
    """If all rest, the one that is back soonest is asked first."""
    one, all_of_them = decided("docs", resting={"cheap": 9.0}), decided("docs", resting={"cheap": 9.0, "dear": 2.0})

    assert ranked(one) == ["dear"]
    assert [refusal.cause for refusal in one.rejected] == [Cause.COOLDOWN]
    assert ranked(all_of_them) == ["dear", "cheap"]


def test_a_text_that_may_be_too_long_is_not_refused() -> None:
    """An estimate only orders: who probably has the room comes first."""
    small = an_embedder("cheap", window=100)

    assert ranked(decided("docs", small, DEAR, longest=101)) == ["dear", "cheap"]
    assert ranked(decided("docs", small, longest=101)) == ["cheap"]


def test_unknown_prices_come_last() -> None:
    """A price that nobody knows is not taken for cheap, nor is a trial's."""
    trial, unknown = an_embedder("cheap", price=a_price("0", "0"), trial=True), an_embedder("keyless", price=None)

    assert ranked(decided("docs", unknown, trial, DEAR)) == ["dear", "cheap", "keyless"]
    assert embedding_cost(unknown, 5) is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A name that nothing embeds under, and what is said of it."""

    id: str
    message: str
    fix: str


UNKNOWN = (
    Case(id="chat", message="'chat' answers chat completions", fix="Ask for 'docs' or 'eu' or 'empty' or"),
    Case(id="auto", message="'auto' answers chat completions", fix="Ask for 'docs'"),
    Case(id="old", message="Model 'old' is not served: 'old' was retired.", fix="Ask for 'docs'"),
    Case(id="dosc", message="Model 'dosc' is neither", fix="Did you mean 'docs'?"),
    Case(
        id="same", message="'same' is the model of 2 upstreams", fix="Ask for one of them by its name: 'dear', 'cheap'."
    ),
)


@pytest.mark.parametrize("case", UNKNOWN, ids=lambda case: case.id)
def test_what_embeds_nothing_is_unknown(case: Case) -> None:
    """A 404 says what the name is instead, and which there are."""
    with pytest.raises(UnknownModel) as caught:
        decided(case.id)

    assert caught.value.message.startswith(case.message)
    assert caught.value.fix.startswith(case.fix)
    assert caught.value.param == "model"


def test_nobody_is_a_refusal_with_reasons() -> None:
    """A group without a usable upstream is a 422 that says why of each."""
    far, off = an_embedder("cheap", region="us"), an_embedder("dear", region="eu", status=Status.DISABLED)

    with pytest.raises(NoEligibleUpstream) as caught:
        decided("eu", far, off)

    assert caught.value.status == 422
    assert "dear: it is disabled in the configuration; cheap: region us" in caught.value.message


def test_a_group_without_keys_is_refused() -> None:
    """Members that were left out at the start are not called."""
    with pytest.raises(NoEligibleUpstream, match="None of those that are named has its key"):
        decided("empty")


@given(
    prices=st.lists(st.integers(0, 9), min_size=1, max_size=5),
    strangers=st.lists(st.integers(0, 9), max_size=3),
    resting=st.sets(st.integers(0, 4)),
)
def test_nothing_leads_from_one_model_to_another(prices: list[int], strangers: list[int], resting: set[int]) -> None:
    """Whatever it costs and whoever rests, only members are ranked, each once, and somebody always is."""
    members = [an_embedder(f"m{place}", price=a_price(str(price), "0")) for place, price in enumerate(prices)]
    others = [an_embedder(f"x{place}", price=a_price(str(price), "0")) for place, price in enumerate(strangers)]
    group = EmbeddingGroup(name="g", upstreams=tuple(member.name for member in members))
    rules = Rules(routes=RULES.routes, embeddings={"g": group})
    catalog = Catalog(upstreams=(), embedders=(*others, *members))
    asleep = {f"m{place}": 1.0 + place for place in resting}

    decision = decide_embedding(an_embedding_request("g"), rules, View(catalog=catalog, today=TODAY, resting=asleep))

    names = ranked(decision)
    assert names
    assert len(set(names)) == len(names)
    assert set(names) <= set(group.upstreams)


def test_aliases_lead_to_what_embeds() -> None:
    """A fixed name of a client is a group's, exact names before patterns; what means no embeddings is said."""
    rules = Rules(
        routes=RULES.routes,
        embeddings=RULES.embeddings,
        aliases={"text-embedding-*": "docs", "text-embedding-3-large": "other", "gpt-*": "auto", "dear": "other"},
    )
    catalog = Catalog(upstreams=(an_upstream("chat"),), embedders=(DEAR, CHEAP, OTHER))

    assert resolve_embedder("text-embedding-3-small", rules, catalog) is RULES.embeddings["docs"]
    assert resolve_embedder("text-embedding-3-large", rules, catalog) is OTHER
    assert resolve_embedder("dear", rules, catalog) is DEAR
    with pytest.raises(UnknownModel, match="'auto' answers chat completions"):
        resolve_embedder("gpt-4o", rules, catalog)


@dataclass(frozen=True)
class Room:
    """How many vectors of which length are asked for, how, and how the refusal's fix begins; None: there is none."""

    id: str
    vectors: Vectors
    fix: str | None
    declared: int | None = 4096


ROOM = 64 * 1024 * 1024
ROOMS = [
    Room(
        "as floats they cannot fit",
        Vectors(count=1_400, longest=1),
        "Send at most 1,365 of them at once, or at most 3,072",
    ),
    Room("as base64 they fit", Vectors(count=1_400, longest=1, base64=True), None),
    Room("what just fits", Vectors(count=1_365, longest=1), None),
    Room("not even as base64", Vectors(count=3_073, longest=1, base64=True), "Send at most 3,072 of them at once (the"),
    Room("shorter ones are asked for", Vectors(count=1_400, longest=1, dimensions=256), None),
    Room("longer ones are asked for", Vectors(count=100, longest=1, dimensions=1_000_000), "Send at most 5 of them"),
    Room("a few bits a number", Vectors(count=2_048, longest=1, floats=False), None),
    Room("a length that nobody declared", Vectors(count=2_048, longest=1), None, declared=None),
]


@pytest.mark.parametrize("case", ROOMS, ids=[case.id for case in ROOMS])
def test_vectors_that_cannot_fit_into_an_answer_are_refused_beforehand(case: Room) -> None:
    """The refusal says how many fit, and names the encoding in which more do; what may fit is let through."""
    catalog = Catalog(upstreams=(an_upstream("chat"),), embedders=(an_embedder("long", dimensions=case.declared),))
    request = an_embedding_request("long", vectors=case.vectors)
    decision = decide_embedding(request, RULES, View(catalog=catalog, today=TODAY, resting={}))

    if case.fix is None:
        require_room(request, decision, ROOM)
        return
    with pytest.raises(MalformedRequest, match=f"{case.vectors.count:,} texts") as refusal:
        require_room(request, decision, ROOM)

    assert refusal.value.fix.startswith(case.fix)
    assert refusal.value.param == "input"
