"""What a client's `model` may name."""

import re
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.thresholds import Thresholds
from classifier.tier import Tier
from router.catalog.catalog import Catalog
from router.errors import UnknownModel
from router.policy.resolve import RouteTarget, Target, TierTarget, UpstreamTarget, alias_of, resolve
from router.policy.rules import Route, Rules
from tests.fakes.values import a_provider, an_upstream

AUTO = Route(name="auto", thresholds={"cheap": Thresholds(hard=0.9), "balanced": Thresholds(), "quality": Thresholds()})
LEGAL = Route(name="legal", dial="quality")
TEAM = Route(name="team:a")
RULES = Rules(routes={"auto": AUTO, "legal": LEGAL, "team:a": TEAM})
SMALL = an_upstream("small", provider=a_provider("mistral"), model="mistral-small-2603")
LLAMA = an_upstream("llama3:8b", provider=a_provider("house"), model="llama3:8b")
KIMI_A = an_upstream("kimi-a", provider=a_provider("moonshot"), model="kimi-k2.6")
KIMI_B = an_upstream("kimi-b", provider=a_provider("openrouter"), model="kimi-k2.6")
QWEN = an_upstream("qwen", provider=a_provider("openrouter"), model="qwen/qwen3-32b")
LOOP = an_upstream("auto", provider=a_provider("other"), model="auto")
CATALOG = Catalog(
    upstreams=(SMALL, LLAMA, KIMI_A, KIMI_B, QWEN, LOOP),
    retired={"kimi-k2": "retired on 2026-05-25, its successor is kimi-k2.6."},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    asked: str
    expected: Target


CASES = (
    Case(asked="auto", expected=RouteTarget(route=AUTO, dial="balanced")),
    Case(asked="auto:cheap", expected=RouteTarget(route=AUTO, dial="cheap")),
    Case(asked="legal", expected=RouteTarget(route=LEGAL, dial="quality")),
    Case(asked="legal:cheap", expected=RouteTarget(route=LEGAL, dial="cheap")),
    Case(asked="team:a", expected=RouteTarget(route=TEAM, dial="balanced")),
    Case(asked="team:a:cheap", expected=RouteTarget(route=TEAM, dial="cheap")),
    Case(asked="tier/hard", expected=TierTarget(route=AUTO, tier=Tier.HARD)),
    Case(asked="small", expected=UpstreamTarget(upstream=SMALL)),
    Case(asked="llama3:8b", expected=UpstreamTarget(upstream=LLAMA)),
    Case(asked="mistral/mistral-small-2603", expected=UpstreamTarget(upstream=SMALL)),
    Case(asked="mistral-small-2603", expected=UpstreamTarget(upstream=SMALL)),
    Case(asked="openrouter/kimi-k2.6", expected=UpstreamTarget(upstream=KIMI_B)),
    Case(asked="openrouter/qwen/qwen3-32b", expected=UpstreamTarget(upstream=QWEN)),
    Case(asked="qwen/qwen3-32b", expected=UpstreamTarget(upstream=QWEN)),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.asked)
def test_a_name_means_one_thing(case: Case) -> None:
    """Every way of naming a route, a tier or an upstream is understood; a route's name is never an upstream."""
    assert resolve(case.asked, RULES, CATALOG) == case.expected


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    asked: str
    says: tuple[str, ...]


UNKNOWN = (
    Unknown(asked="smal", says=("'smal'", "Did you mean 'small'?")),
    Unknown(asked="zzzzzz", says=("'zzzzzz'", "GET /v1/models")),
    Unknown(asked="", says=("''", "GET /v1/models")),
    Unknown(asked="auto:best", says=("no dial 'best'", "'auto:cheap', 'auto:balanced', 'auto:quality'")),
    Unknown(asked="tier/huge", says=("'tier/huge' is not a tier", "'tier/easy', 'tier/medium', 'tier/hard'")),
    Unknown(asked="kimi-k2.6", says=("model of 2 upstreams", "'kimi-a', 'kimi-b'")),
    Unknown(asked="kimi-k2", says=("not served: retired on 2026-05-25, its successor is kimi-k2.6.",)),
    Unknown(asked="mistral/", says=("neither a route nor an upstream",)),
)


@pytest.mark.parametrize("case", UNKNOWN, ids=lambda case: case.asked or "empty")
def test_an_unknown_name_is_a_404_with_the_way_out(case: Unknown) -> None:
    """What names nothing, or two things, or something gone, is refused with what to ask for instead."""
    with pytest.raises(UnknownModel) as caught:
        resolve(case.asked, RULES, CATALOG)

    assert caught.value.status == 404
    assert caught.value.code == "model_not_found"
    assert caught.value.param == "model"
    for words in case.says:
        assert words in f"{caught.value.message} {caught.value.fix}"


def test_a_huge_name_is_not_repeated_whole() -> None:
    """A name of a megabyte costs neither time nor a megabyte of answer."""
    with pytest.raises(UnknownModel) as caught:
        resolve("x" * 1_000_000, RULES, CATALOG)

    assert len(caught.value.message) < 300


def test_a_live_name_wins_over_a_retired_one() -> None:
    """A model that one host has retired is still served where another has it."""
    catalog = Catalog(upstreams=(SMALL,), retired={"mistral-small-2603": "gone elsewhere."})

    assert resolve("mistral-small-2603", RULES, catalog) == UpstreamTarget(upstream=SMALL)


def test_a_target_has_only_dials_of_its_route() -> None:
    """A route target at an unknown dial cannot be built, and a legal one knows its cut points."""
    with pytest.raises(ValueError, match="no dial 'loud'"):
        RouteTarget(route=AUTO, dial="loud")

    assert RouteTarget(route=AUTO, dial="cheap").thresholds.hard == 0.9


ALIASED = Rules(
    routes=RULES.routes,
    aliases={
        "claude-*": "auto",
        "claude-*-haiku*": "auto:cheap",
        "claude-3-*": "legal",
        "gpt-4o-mini": "auto:cheap",
        "kimi-k2.6": "kimi-b",
        "mistral-small-*": "tier/hard",
        "gone": "left-out",
        "small": "kimi-a",
        "*[1m]": "small",
    },
)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("claude-opus-4-1", RouteTarget(route=AUTO, dial="balanced")),
        ("claude-", RouteTarget(route=AUTO, dial="balanced")),
        ("claude-4-haiku", RouteTarget(route=AUTO, dial="cheap")),
        ("claude-3-opus", RouteTarget(route=LEGAL, dial="quality")),
        ("claude-3-5-haiku@20241022", RouteTarget(route=AUTO, dial="cheap")),
        ("gpt-4o-mini", RouteTarget(route=AUTO, dial="cheap")),
        ("sonnet[1m]", UpstreamTarget(upstream=SMALL)),
        # What somebody is called wins over what he may be called.
        ("small", UpstreamTarget(upstream=SMALL)),
        ("mistral-small-2603", UpstreamTarget(upstream=SMALL)),
        ("mistral-small-9", TierTarget(route=AUTO, tier=Tier.HARD)),
        # An alias of that very name was written to say which of two is meant.
        ("kimi-k2.6", UpstreamTarget(upstream=KIMI_B)),
    ],
)
def test_aliases_come_after_names_the_most_exact_first(asked: str, expected: Target) -> None:
    """A fixed name of a client leads where the operator says."""
    assert resolve(asked, ALIASED, CATALOG) == expected


@pytest.mark.parametrize("asked", ["claude", "xclaude-1", "gpt-4o-mini-1", "claude-" + "x" * 200])
def test_what_no_alias_fits_stays_unknown(asked: str) -> None:
    """Nothing is guessed, and no name is compared without bounds."""
    with pytest.raises(UnknownModel, match="is neither a route nor an upstream"):
        resolve(asked, ALIASED, CATALOG)


def test_an_alias_of_what_was_left_out_says_so() -> None:
    """The error is that of the name that is meant."""
    with pytest.raises(UnknownModel, match="'left-out' is neither"):
        resolve("gone", ALIASED, CATALOG)


@given(st.lists(st.text("ab*", max_size=4), max_size=3).map("*".join), st.text("ab*", max_size=8))
def test_a_star_stands_for_any_characters(pattern: str, name: str) -> None:
    """The same as what a regular expression would say, in linear time."""
    fits = re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), name) is not None
    rules = Rules(routes=RULES.routes, aliases={pattern: "auto"})

    assert (alias_of(name, rules) == "auto") is (fits or name == pattern)
