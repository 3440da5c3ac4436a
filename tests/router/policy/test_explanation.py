"""A decision in words and as JSON."""

import json
from dataclasses import dataclass, replace
from decimal import Decimal

import pytest

from classifier.assessment import Assessment, Doubt
from classifier.prompt import Prompt
from classifier.thresholds import Thresholds
from classifier.tier import Tier
from router.catalog.catalog import Catalog
from router.policy.decide import View, baseline, decide
from router.policy.decision import Candidate, Reason
from router.policy.explanation import DryRun, comparison, document, estimate, explain
from router.policy.resolve import RouteTarget, Target, TierTarget, UpstreamTarget
from router.policy.rules import Route
from router.request import Needs, Request
from tests.fakes.values import TODAY, a_price, a_request, an_assessment, an_upstream

ROUTE = Route(name="auto", thresholds={"balanced": Thresholds(medium=0.4, hard=0.6, confidence=0.35, missing=0.7)})
AUTO = RouteTarget(route=ROUTE, dial="balanced")
SMALL = an_upstream("small", price=a_price("0.1", "0.3"))
PROMO = an_upstream("promo", price=a_price("0", "0"), trial=True)
LOCAL = an_upstream("local", price=None)
TINY = an_upstream("tiny", window=100)
LARGE = an_upstream("large", Tier.HARD, price=a_price("1", "3"))
VIEW = View(catalog=Catalog(upstreams=(SMALL, PROMO, LOCAL, TINY, LARGE), baseline=LARGE), today=TODAY)
SECRET = "the-words-of-the-prompt"
REQUEST = a_request(prompt=Prompt.of([("user", SECRET)]), input_tokens=1_000, needs=Needs(context_tokens=1_500))


CLASSIFIED = (
    "Classifier fake-1: P(easy) 0.90, P(medium) 0.05, P(hard) 0.05; easy is enough with probability 0.95; "
    "missing information 0.01; ambiguity low; domain general"
)
CUT_POINTS = (
    "Thresholds: hard from P(hard) 0.60, medium from P(medium) + P(hard) 0.40; "
    "needs_info from missing information 0.70, or where no tier has 0.35"
)
COUNTED = "Request: about 1,000 tokens of input (counted as 1,500 for the window)"
WHOLE = (
    "Asked for: auto (route 'auto', dial balanced)",
    f"{COUNTED}, no limit on the answer; needs text only",
    CLASSIFIED,
    CUT_POINTS,
    "Label: easy",
    "Required tier: easy (classified: the classifier's tier)",
    "Candidates, in the order of attempts:",
    "  1. small (tier easy): 0.000145 USD expected",
    "  2. large (tier hard): 0.001450 USD expected",
    "  3. promo (tier easy): 0.000000 USD expected, at a trial price",
    "  4. local (tier easy): price unknown",
    "Not eligible:",
    "  - tiny: window 100 < 2,524 needed (prompt 1,500 + answer 1,024)",
    "Baseline: large, 0.001450 USD expected; the first candidate saves 90 %.",
)


def dry(target: Target, assessment: Assessment | None, request: Request = REQUEST) -> DryRun:
    """Return a decision that was not sent."""
    decision = decide(request, target, assessment, VIEW)
    return DryRun(
        request=request,
        target=target,
        assessment=assessment,
        decision=decision,
        baseline=baseline(request, decision.tier, VIEW),
    )


def test_the_whole_decision_is_told() -> None:
    """Request, probabilities, cut points, label, tier, candidates, rejections and baseline, a line each."""
    assert explain(dry(AUTO, an_assessment(Tier.EASY))) == WHOLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    id: str
    target: Target
    assessment: Assessment | None = None
    floor: Tier | None = None
    says: str


CASES = (
    Case(
        id="unsure",
        target=AUTO,
        assessment=an_assessment(doubt=Doubt.LOW_CONFIDENCE),
        says="Required tier: medium (low_confidence: no tier is probable enough, the route's answer is raise_tier)",
    ),
    Case(
        id="lacking",
        target=AUTO,
        assessment=an_assessment(doubt=Doubt.MISSING_INFORMATION),
        says="Required tier: easy (needs_info: the prompt lacks information, the route's answer is label_only)",
    ),
    Case(
        id="classifier failed",
        target=AUTO,
        says="Required tier: medium (classifier_failed: the classifier failed, the route's own default serves)",
    ),
    Case(
        id="raised",
        target=AUTO,
        assessment=an_assessment(),
        floor=Tier.HARD,
        says="Required tier: hard (override: the client fixed or raised the tier)",
    ),
    Case(
        id="fixed",
        target=TierTarget(route=ROUTE, tier=Tier.HARD),
        says="Asked for: auto (route 'auto', tier fixed by the client)",
    ),
    Case(
        id="named",
        target=UpstreamTarget(upstream=SMALL),
        says="Asked for: auto (upstream 'small', never replaced by another)",
    ),
    Case(
        id="named: why",
        target=UpstreamTarget(upstream=SMALL),
        says="Reason: explicit: the client named the upstream",
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_reason_is_told(case: Case) -> None:
    """Each way to a tier has its own words."""
    assert case.says in explain(dry(case.target, case.assessment, replace(REQUEST, floor=case.floor)))


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_words(reason: Reason) -> None:
    """No reason of the closed list is left without an explanation."""
    run = dry(AUTO, an_assessment())

    told = explain(replace(run, decision=replace(run.decision, reason=reason)))

    assert any(f"({reason.value}: " in line for line in told)


def test_the_needs_are_told() -> None:
    """What rules upstreams out is named, and the limit of the answer."""
    needs = Needs(tools=True, images=True, json_schema=True, reasoning=True, context_tokens=10, max_output_tokens=4_096)

    told = explain(dry(AUTO, an_assessment(), replace(REQUEST, needs=needs)))

    assert told[1].endswith("at most 4,096 out; needs images, tools, json_schema, reasoning")


@pytest.mark.parametrize(
    ("candidate", "says"),
    [
        (None, "Baseline: none is configured, so no saving can be told."),
        (Candidate(upstream=LARGE, expected_cost=None), "Baseline: large, whose price is unknown."),
        (Candidate(upstream=LARGE, expected_cost=Decimal(0)), "Baseline: large, 0.000000 USD expected."),
        (
            Candidate(upstream=LARGE, expected_cost=Decimal("0.0001")),
            "Baseline: large, 0.000100 USD expected; the first candidate costs 45 % more.",
        ),
    ],
)
def test_the_saving_is_signed(candidate: Candidate | None, says: str) -> None:
    """A loss is told as a loss, and what cannot be known is not told."""
    assert comparison(replace(dry(AUTO, an_assessment()), baseline=candidate)) == says


def test_a_tiny_cost_is_not_shown_as_nothing() -> None:
    """Less than a millionth of a dollar keeps its digits."""
    assert estimate(Candidate(upstream=SMALL, expected_cost=Decimal("0.00000031"))) == "3.10e-7 USD expected"


def test_the_document_is_json_without_the_prompt() -> None:
    """Money is a decimal string, unknown is null, and not a word of the prompt is in it."""
    text = json.dumps(document(dry(AUTO, an_assessment(Tier.EASY))))

    assert SECRET not in text
    found = json.loads(text)
    assert found["label"] == found["required_tier"] == "easy"
    assert found["reason"] == "classified"
    assert found["assessment"]["probabilities"] == {"easy": 0.9, "medium": 0.05, "hard": 0.05}
    assert found["thresholds"] == {"medium": 0.4, "hard": 0.6, "confidence": 0.35, "missing": 0.7}
    assert [row["expected_cost_usd"] for row in found["candidates"]] == ["0.000145", "0.00145", "0", None]
    assert found["rejected"] == [
        {
            "upstream": "tiny",
            "cause": "window",
            "detail": "window 100 < 2,524 needed (prompt 1,500 + answer 1,024)",
        }
    ]
    assert found["baseline"]["upstream"] == "large"


def test_the_document_of_a_named_upstream_has_no_tier() -> None:
    """What nobody assessed is null."""
    found = document(replace(dry(UpstreamTarget(upstream=SMALL), None), baseline=None))

    unknown = ("route", "label", "required_tier", "assessment", "thresholds", "baseline")
    assert [found[name] for name in unknown] == [None] * len(unknown)
