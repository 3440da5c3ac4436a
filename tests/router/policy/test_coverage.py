from dataclasses import dataclass
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.tier import Tier
from router.catalog.catalog import Catalog
from router.catalog.provider import Provider
from router.catalog.upstream import Capability, Status, Upstream
from router.policy.coverage import LONG_CONTEXT_TOKENS, Feature, coverage
from router.policy.rules import Policy, Route, Rules

TODAY = date(2026, 11, 21)
EVERYTHING = frozenset(Capability)


def upstream(name, tier=Tier.HARD, *, capabilities=EVERYTHING, window=262_144, region="us", **more):
    """Return an upstream of one provider."""
    provider = Provider(name="p", kind="openai", base_url="http://127.0.0.1:1/v1", region=region)
    return Upstream(
        name=name, provider=provider, model=name, tier=tier, window=window, capabilities=capabilities, **more
    )


def cells(upstreams, promises=None, **route):
    """Return the coverage of one route by (tier, feature)."""
    rules = Rules(routes={"auto": Route(name="auto", **route)})
    found = coverage(Catalog(upstreams=tuple(upstreams)), rules, {"auto": frozenset(promises or ())}, TODAY)
    return {(cell.tier, cell.feature): cell for cell in found}


def test_each_combination_is_a_cell():
    """Every route has a cell for every tier and feature, under its policy's name."""
    rules = Rules(routes={"auto": Route(name="auto"), "eu": Route(name="eu", policy=Policy(name="eu_only"))})
    found = coverage(Catalog(upstreams=()), rules, {}, TODAY)
    assert len(found) == len({(cell.route, cell.tier, cell.feature) for cell in found}) == 2 * 3 * 8
    assert {(cell.route, cell.policy) for cell in found} == {("auto", "default"), ("eu", "eu_only")}
    assert all(cell.empty and not cell.single for cell in found)


def test_stronger_upstreams_cover_weaker_tiers():
    """A hard upstream serves everything, an easy one easy work only; one alone is single."""
    found = cells([upstream("small", Tier.EASY), upstream("large")])
    assert found[Tier.EASY, Feature.PLAIN].upstreams == ("small", "large")
    assert found[Tier.HARD, Feature.PLAIN].upstreams == ("large",)
    assert found[Tier.HARD, Feature.PLAIN].single
    assert not found[Tier.EASY, Feature.PLAIN].single


@dataclass(frozen=True)
class Case:
    id: str
    upstream: Upstream
    covered: frozenset


CASES = (
    Case("everything", upstream("u"), frozenset(Feature)),
    Case("text only", upstream("u", capabilities=frozenset()), frozenset({Feature.PLAIN, Feature.LONG_CONTEXT})),
    Case(
        "tools",
        upstream("u", capabilities=frozenset({Capability.TOOLS})),
        frozenset({Feature.PLAIN, Feature.TOOLS, Feature.LONG_CONTEXT}),
    ),
    Case("just long enough", upstream("u", window=LONG_CONTEXT_TOKENS), frozenset(Feature)),
    Case("just too short", upstream("u", window=LONG_CONTEXT_TOKENS - 1), frozenset(Feature) - {Feature.LONG_CONTEXT}),
    Case("disabled", upstream("u", status=Status.DISABLED), frozenset()),
    Case("retired today", upstream("u", retires_on=TODAY), frozenset()),
    Case("retires tomorrow", upstream("u", retires_on=date(2026, 11, 22)), frozenset(Feature)),
    Case("elsewhere", upstream("u", region="cn"), frozenset()),
    Case("unknown place", upstream("u", region=None), frozenset()),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_features(case):
    """An upstream covers what it can do, where the policy lets it and as long as it is served."""
    found = cells([case.upstream], policy=Policy(name="here", regions=frozenset({"us"})))
    covered = {feature for (tier, feature), cell in found.items() if tier is Tier.HARD and not cell.empty}
    assert covered == case.covered


def test_what_is_promised():
    """Plain and tools always, at every tier; the rest where the route promises it."""
    found = cells([], promises=[Feature.VISION])
    promised = {feature for (_, feature), cell in found.items() if cell.promised}
    assert promised == {Feature.PLAIN, Feature.TOOLS, Feature.VISION}


def test_lists_of_a_route():
    """Only the listed serve a tier, and those of the next tier up step in where none of them can."""
    upstreams = [upstream("a"), upstream("b", capabilities=frozenset({Capability.TOOLS})), upstream("c")]
    found = cells(upstreams, tiers={Tier.EASY: frozenset({"b"}), Tier.MEDIUM: frozenset({"c"})})
    assert found[Tier.EASY, Feature.TOOLS].upstreams == ("b",)
    assert found[Tier.EASY, Feature.VISION].upstreams == ("c",)
    assert found[Tier.HARD, Feature.PLAIN].upstreams == ("a", "b", "c")


@given(
    st.lists(
        st.builds(
            dict,
            tier=st.sampled_from(Tier),
            capabilities=st.frozensets(st.sampled_from(Capability)),
            window=st.sampled_from([8192, 262_144]),
        ),
        max_size=6,
    )
)
def test_adding_an_upstream_never_empties_a_cell(described):
    """More upstreams cover no less, and a stronger tier is never covered by more than a weaker one."""
    upstreams = [upstream(f"u{index}", **one) for index, one in enumerate(described)]
    fewer, more = cells(upstreams[:-1]), cells(upstreams)
    for key, cell in more.items():
        assert set(fewer[key].upstreams) <= set(cell.upstreams)
        assert set(more[Tier.HARD, key[1]].upstreams) <= set(cell.upstreams)
