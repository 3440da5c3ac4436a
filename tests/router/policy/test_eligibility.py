"""Who can take a request at all, and the one sentence that says why not."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.tier import Tier
from router.catalog.provider import Provider
from router.catalog.upstream import Capability, Status, Upstream
from router.policy.decision import Cause, Rejection
from router.policy.eligibility import DEFAULT_ANSWER_TOKENS, Demand, answer_reserve, exclusion, obstacle, rejection
from router.policy.rules import Policy
from router.request import Needs
from tests.fakes.values import TODAY, an_upstream

NONE: frozenset[Capability] = frozenset()
PLAIN = Needs(context_tokens=10)
OPEN = Policy()
EU = Policy(name="eu_only", regions=frozenset({"eu", "ch"}))
OPEN_WEIGHTS = Policy(name="open", licences=frozenset({"mit", "apache-2.0"}))
IN_EU = Provider(name="eu-host", kind="vllm", base_url="http://127.0.0.1:9", region="eu")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    id: str
    upstream: dict[str, Any] = field(default_factory=dict)
    needs: Needs = PLAIN
    tier: Tier = Tier.EASY
    policy: Policy = OPEN
    cause: Cause | None = None
    detail: str | None = None


CASES = (
    Case(id="fits"),
    Case(id="stronger than needed", upstream={"tier": Tier.HARD}, tier=Tier.MEDIUM),
    Case(
        id="disabled",
        upstream={"status": Status.DISABLED},
        cause=Cause.STATUS,
        detail="it is disabled in the configuration",
    ),
    Case(id="retired", upstream={"status": Status.RETIRED}, cause=Cause.RETIRED, detail="it is marked as retired"),
    Case(
        id="retires today",
        upstream={"retires_on": TODAY},
        cause=Cause.RETIRED,
        detail="it was retired on 2026-11-21",
    ),
    Case(id="retires tomorrow", upstream={"retires_on": TODAY + timedelta(days=1)}),
    Case(
        id="a router",
        upstream={"model": "auto:cheap"},
        cause=Cause.ROUTE,
        detail="its model 'auto:cheap' names a router, which is never a candidate",
    ),
    Case(id="only begins like a router", upstream={"model": "autoglm-9b"}),
    Case(
        id="region unknown",
        policy=EU,
        cause=Cause.REGION,
        detail="region not declared, policy 'eu_only' allows ch, eu",
    ),
    Case(
        id="own region beats the provider's",
        upstream={"provider": IN_EU, "region": "us"},
        policy=EU,
        cause=Cause.REGION,
        detail="region us, policy 'eu_only' allows ch, eu",
    ),
    Case(id="region of the provider", upstream={"provider": IN_EU}, policy=EU),
    Case(
        id="licence",
        upstream={"licence": "proprietary"},
        policy=OPEN_WEIGHTS,
        cause=Cause.LICENCE,
        detail="licence proprietary, policy 'open' allows apache-2.0, mit",
    ),
    Case(id="licence allowed", upstream={"licence": "mit"}, policy=OPEN_WEIGHTS),
    Case(id="too weak", tier=Tier.HARD, cause=Cause.TIER, detail="tier easy < hard required"),
    Case(
        id="no images",
        upstream={"capabilities": NONE},
        needs=Needs(images=True, tools=True),
        cause=Cause.VISION,
        detail="it takes no images, and the request has some",
    ),
    Case(
        id="no tools",
        upstream={"capabilities": frozenset({Capability.VISION})},
        needs=Needs(images=True, tools=True, json_schema=True),
        cause=Cause.TOOLS,
        detail="it takes no tools, and the request declares some",
    ),
    Case(
        id="no schema",
        upstream={"capabilities": NONE},
        needs=Needs(json_schema=True, reasoning=True),
        cause=Cause.JSON_SCHEMA,
        detail="it cannot keep to a JSON schema, and the request asks for one",
    ),
    Case(
        id="no reasoning",
        upstream={"capabilities": NONE},
        needs=Needs(reasoning=True),
        cause=Cause.REASONING,
        detail="it cannot reason, and the request asks for it",
    ),
    Case(
        id="no parallel calls",
        upstream={"capabilities": frozenset({Capability.TOOLS})},
        needs=Needs(tools=True, parallel_tools=True),
        cause=Cause.PARALLEL_TOOLS,
        detail="it takes one tool call a turn, and the history has several in one",
    ),
    Case(
        id="no sound",
        upstream={"capabilities": NONE},
        needs=Needs(audio=True),
        cause=Cause.AUDIO,
        detail="it takes no sound, and the request has some or wants some",
    ),
    Case(
        id="too many tools",
        upstream={"max_tools": 128},
        needs=Needs(tools=True, tool_count=129),
        cause=Cause.TOOL_COUNT,
        detail="takes at most 128 tools < 129 declared",
    ),
    Case(id="as many tools as it takes", upstream={"max_tools": 128}, needs=Needs(tools=True, tool_count=128)),
    Case(
        id="window",
        upstream={"window": 40_960},
        needs=Needs(context_tokens=48_214, max_output_tokens=4_096),
        cause=Cause.WINDOW,
        detail="window 40,960 < 52,310 needed (prompt 48,214 + answer 4,096)",
    ),
    Case(
        id="window full to the last token",
        upstream={"window": 5_000},
        needs=Needs(context_tokens=4_000, max_output_tokens=1_000),
    ),
    Case(
        id="window without room for an answer",
        upstream={"window": 5_000},
        needs=Needs(context_tokens=4_000),
        cause=Cause.WINDOW,
        detail="window 5,000 < 5,024 needed (prompt 4,000 + answer 1,024)",
    ),
    Case(
        id="short answers need little room",
        upstream={"window": 5_000, "max_output": 1_000},
        needs=Needs(context_tokens=4_000),
    ),
    Case(
        id="answer limit",
        upstream={"max_output": 8_192},
        needs=Needs(max_output_tokens=16_000),
        cause=Cause.MAX_OUTPUT,
        detail="answers at most 8,192 tokens < 16,000 asked for",
    ),
    Case(
        id="the first cause counts",
        upstream={"status": Status.DISABLED, "window": 1, "capabilities": NONE},
        needs=Needs(tools=True, context_tokens=9),
        tier=Tier.HARD,
        cause=Cause.STATUS,
        detail="it is disabled in the configuration",
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_first_cause_is_told_with_its_numbers(case: Case) -> None:
    """Each cause is found, in its order, and said in one sentence."""
    upstream = an_upstream("u", **case.upstream)

    found = rejection(upstream, Demand(needs=case.needs, tier=case.tier, today=TODAY, policy=case.policy))

    expected = None if case.cause is None else Rejection(upstream=upstream, cause=case.cause, detail=case.detail or "")
    assert found == expected


UPSTREAMS = st.builds(
    an_upstream,
    st.just("u"),
    st.sampled_from(Tier),
    status=st.sampled_from(Status),
    capabilities=st.frozensets(st.sampled_from(Capability)),
    window=st.integers(1, 4_000),
)
NEEDS = st.builds(
    Needs,
    tools=st.booleans(),
    images=st.booleans(),
    context_tokens=st.integers(0, 4_000),
    max_output_tokens=st.none() | st.integers(1, 2_000),
)


@given(upstream=UPSTREAMS, needs=NEEDS, tier=st.sampled_from(Tier))
def test_whoever_is_eligible_can_do_it(upstream: Upstream, needs: Needs, tier: Tier) -> None:
    """No cause means: served, strong enough, capable, and the prompt with its answer fits the window."""
    eligible = obstacle(upstream, Demand(needs=needs, tier=tier, today=TODAY)) is None

    answer = DEFAULT_ANSWER_TOKENS if needs.max_output_tokens is None else needs.max_output_tokens
    assert eligible == (
        upstream.status not in {Status.RETIRED, Status.DISABLED}
        and upstream.tier >= tier
        and (not needs.tools or Capability.TOOLS in upstream.capabilities)
        and (not needs.images or Capability.VISION in upstream.capabilities)
        and needs.context_tokens + answer <= upstream.window
    )


@pytest.mark.parametrize(
    ("asked", "limit", "expected"),
    [(None, None, 1024), (None, 500, 500), (None, 9_999, 1024), (64, 500, 64), (64, None, 64)],
)
def test_room_is_kept_for_an_answer(asked: int | None, limit: int | None, expected: int) -> None:
    """The client's own limit counts; without one a default does, which no upstream exceeds."""
    assert answer_reserve(an_upstream(max_output=limit), Needs(max_output_tokens=asked)) == expected


def test_the_standing_causes_need_no_request() -> None:
    """What a policy and a calendar rule out can be told at start-up."""
    upstream = an_upstream(retires_on=date(2027, 1, 1), region="us")

    assert exclusion(upstream, Policy(), date(2026, 12, 31)) is None
    assert exclusion(upstream, Policy(), date(2027, 1, 1)) is Cause.RETIRED
    assert exclusion(upstream, EU, date(2026, 12, 31)) is Cause.REGION
