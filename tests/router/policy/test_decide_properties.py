"""What holds for every catalogue, request and assessment."""

from hypothesis import given
from hypothesis import strategies as st

from classifier.assessment import Assessment, Doubt
from classifier.tier import Tier
from router.catalog.catalog import Catalog
from router.catalog.upstream import Capability, Status, Upstream
from router.errors import NoEligibleUpstream
from router.policy.decide import View, decide
from router.policy.decision import Decision
from router.policy.eligibility import Demand, obstacle, rejection
from router.policy.estimate import Workload, expected_cost
from router.policy.resolve import RouteTarget
from router.policy.rules import DoubtAction, Route
from router.request import Needs, Request
from tests.fakes.values import TODAY, a_price, a_request, an_assessment, an_upstream

NAMES = st.sampled_from([f"u{number}" for number in range(12)])
TIERS = st.sampled_from(Tier)
RATES = st.sampled_from(["0", "0.1", "0.5", "1", "7.5"])
UPSTREAMS = st.builds(
    an_upstream,
    NAMES,
    TIERS,
    price=st.none() | st.builds(a_price, RATES, RATES),
    trial=st.booleans(),
    window=st.sampled_from([2_000, 32_000, 128_000]),
    capabilities=st.frozensets(st.sampled_from(Capability)),
    status=st.sampled_from(Status),
)
CATALOGS = st.lists(UPSTREAMS, max_size=8, unique_by=lambda upstream: upstream.name)
REQUESTS = st.builds(
    a_request,
    needs=st.builds(Needs, tools=st.booleans(), images=st.booleans(), context_tokens=st.integers(0, 40_000)),
    input_tokens=st.integers(0, 40_000),
    floor=st.none() | TIERS,
)
ASSESSMENTS = st.none() | st.builds(an_assessment, TIERS, doubt=st.none() | st.sampled_from(Doubt))
ROUTES = st.builds(
    Route,
    name=st.just("auto"),
    tiers=st.dictionaries(TIERS, st.frozensets(NAMES, max_size=6)),
    on_low_confidence=st.sampled_from(DoubtAction),
)
RESTING = st.dictionaries(NAMES, st.floats(0.1, 300))


def outcome(
    upstreams: list[Upstream], request: Request, assessment: Assessment | None, route: Route, resting: dict[str, float]
) -> Decision | None:
    """Return the decision, or None where nobody is eligible."""
    view = View(catalog=Catalog(upstreams=tuple(upstreams)), today=TODAY, resting=resting)
    try:
        return decide(request, RouteTarget(route=route, dial="balanced"), assessment, view)
    except NoEligibleUpstream:
        return None


SIZES = st.builds(
    Needs,
    tools=st.booleans(),
    context_tokens=st.integers(0, 40_000),
    max_output_tokens=st.none() | st.integers(1, 3_000),
)


@given(
    upstreams=st.lists(
        st.builds(
            an_upstream,
            NAMES,
            TIERS,
            window=st.sampled_from([500, 2_000, 32_000]),
            max_output=st.none() | st.sampled_from([100, 2_000]),
            capabilities=st.frozensets(st.sampled_from(Capability)),
        ),
        max_size=6,
        unique_by=lambda upstream: upstream.name,
    ),
    sizes=st.lists(SIZES, min_size=1, max_size=6),
    tier=TIERS,
)
def test_what_was_found_for_another_request_changes_nothing(
    upstreams: list[Upstream], sizes: list[Needs], tier: Tier
) -> None:
    """Requests of one kind after each other are each sifted by their own size: the same able, the same sentences."""
    view = View(catalog=Catalog(upstreams=tuple(upstreams)), today=TODAY)
    target = RouteTarget(route=Route(name="auto"), dial="balanced")
    for needs in sizes:
        demand = Demand(needs=needs, tier=tier, today=TODAY)
        able = {upstream.name for upstream in upstreams if obstacle(upstream, demand) is None}
        try:
            decision = decide(a_request(needs=needs), target, an_assessment(tier), view)
        except NoEligibleUpstream:
            assert not able
            continue
        assert {candidate.upstream.name for candidate in decision.ranked} == able
        assert decision.rejected == tuple(found for upstream in upstreams if (found := rejection(upstream, demand)))


@given(upstreams=CATALOGS, request=REQUESTS, assessment=ASSESSMENTS, resting=RESTING)
def test_nobody_cheaper_could_have_served(
    upstreams: list[Upstream], request: Request, assessment: Assessment | None, resting: dict[str, float]
) -> None:
    """The first costs no more than any other that is able, strong enough, awake and has a known, lasting price."""
    decision = outcome(upstreams, request, assessment, Route(name="auto"), resting)
    if decision is None or decision.tier is None:
        return
    first = decision.ranked[0]
    demand = Demand(needs=request.needs, tier=decision.tier, today=TODAY)
    workload = Workload.of(request, decision.tier)
    able = [upstream for upstream in upstreams if obstacle(upstream, demand) is None]
    rivals = [upstream for upstream in able if upstream.name not in resting and not upstream.trial]
    costs = [cost for upstream in rivals if (cost := expected_cost(upstream, workload, {})) is not None]
    if costs:
        assert not first.upstream.trial
        assert first.expected_cost == min(costs)


@given(upstreams=CATALOGS, request=REQUESTS, assessment=ASSESSMENTS, route=ROUTES, resting=RESTING)
def test_every_upstream_is_either_ranked_or_rejected(
    upstreams: list[Upstream],
    request: Request,
    assessment: Assessment | None,
    route: Route,
    resting: dict[str, float],
) -> None:
    """Nobody is forgotten or counted twice, and whoever is ranked meets the tier and the needs."""
    decision = outcome(upstreams, request, assessment, route, resting)
    if decision is None or decision.tier is None:
        return
    ranked = [candidate.upstream for candidate in decision.ranked]
    refused = [refusal.upstream for refusal in decision.rejected]
    demand = Demand(needs=request.needs, tier=decision.tier, today=TODAY)

    assert sorted(upstream.name for upstream in ranked + refused) == sorted(upstream.name for upstream in upstreams)
    assert all(obstacle(upstream, demand) is None for upstream in ranked)


@given(upstreams=CATALOGS, request=REQUESTS, assessment=ASSESSMENTS, route=ROUTES)
def test_a_higher_floor_never_lowers_the_tier(
    upstreams: list[Upstream], request: Request, assessment: Assessment | None, route: Route
) -> None:
    """The tier is at least the floor, and it only rises with it."""
    tiers = []
    for floor in Tier:
        raised = a_request(needs=request.needs, input_tokens=request.input_tokens, floor=floor)
        decision = outcome(upstreams, raised, assessment, route, {})
        if decision is not None and decision.tier is not None:
            assert decision.tier >= floor
            tiers.append(decision.tier)

    assert tiers == sorted(tiers)


@given(upstreams=CATALOGS, newcomer=UPSTREAMS, request=REQUESTS, assessment=ASSESSMENTS, route=ROUTES)
def test_one_more_upstream_never_makes_a_request_unserviceable(
    upstreams: list[Upstream], newcomer: Upstream, request: Request, assessment: Assessment | None, route: Route
) -> None:
    """What was served before is served after."""
    others = [upstream for upstream in upstreams if upstream.name != newcomer.name]
    before = outcome(others, request, assessment, route, {})
    after = outcome([*others, newcomer], request, assessment, route, {})

    assert before is None or after is not None


@given(upstreams=CATALOGS, request=REQUESTS, assessment=ASSESSMENTS, route=ROUTES, resting=RESTING)
def test_a_cooldown_never_makes_a_request_unserviceable(
    upstreams: list[Upstream],
    request: Request,
    assessment: Assessment | None,
    route: Route,
    resting: dict[str, float],
) -> None:
    """Whoever rests comes after whoever does not, but the last one is never sent away."""
    calm = outcome(upstreams, request, assessment, route, {})
    tired = outcome(upstreams, request, assessment, route, resting)

    assert (calm is None) == (tired is None)
    if tired is not None:
        asleep = [candidate.upstream.name in resting for candidate in tired.ranked]
        assert all(asleep) or not any(asleep)
