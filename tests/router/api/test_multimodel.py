"""Which model to call for a text: the cheapest allowed one of its tier, or the client's default."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from classifier.assessment import Assessment, Doubt
from classifier.tier import Tier
from router.api.multimodel import Chooser
from router.api.routing_body import MultimodelBody
from router.catalog.catalog import Catalog
from router.errors import MalformedRequest, NoEligibleUpstream, UnknownModel
from router.policy.outcome import Ending, Outcome
from router.policy.rules import Policy, Route, Rules
from router.ports import Ports
from tests.fakes.scene import Scene
from tests.fakes.values import a_price, a_provider, an_assessment, an_upstream

MISTRAL = a_provider("mist-eu", kind="mistral")
ROUTER = a_provider("open", kind="openrouter")
UPSTREAMS = (
    an_upstream("small", price=a_price("0.1", "0.4"), window=4000),
    an_upstream("middle", Tier.MEDIUM, provider=MISTRAL, model="mistral-medium", price=a_price("0.5", "2")),
    an_upstream("large", Tier.HARD, provider=ROUTER, model="anthropic/claude", price=a_price("2", "10"), region="eu"),
)
RULES = Rules(
    routes={
        "auto": Route(name="auto"),
        "legal": Route(name="legal", policy=Policy(name="eu", regions=frozenset({"eu"}))),
    }
)
UNSURE = an_assessment(Tier.EASY, doubt=Doubt.LOW_CONFIDENCE)
LACKING = an_assessment(Tier.EASY, doubt=Doubt.MISSING_INFORMATION, missing=0.9)


async def ports_that_say(said: Assessment | None) -> Ports:
    """Return ports over the three upstreams, with a classifier that always says the same."""
    return replace(Scene().ports, catalog=Catalog(upstreams=UPSTREAMS), rules=RULES, size=lambda _prompt, _cuts: said)


def choose(ports: Ports, text: str = "hi", **fields: Any) -> dict[str, Any]:
    """Return the choice for a text."""
    return Chooser(ports).choose(MultimodelBody(input=text, **fields), b"{}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What the classifier says, what the client allows, and the model and provider that it is told to call."""

    id: str
    said: Assessment | None
    model: str
    provider: str | None
    asked: dict[str, Any] = field(default_factory=dict)


CASES = (
    Case(id="easy", said=an_assessment(Tier.EASY), model="small-wire", provider="house"),
    Case(id="medium", said=an_assessment(Tier.MEDIUM), model="mistral-medium", provider="mist-eu"),
    Case(id="hard", said=an_assessment(Tier.HARD), model="anthropic/claude", provider="open"),
    Case(
        id="allowed by its name, and called so",
        said=an_assessment(Tier.EASY),
        asked={"allowed_models": ["large", "middle", "another"]},
        model="middle",
        provider="mist-eu",
    ),
    Case(
        id="allowed by provider and model",
        said=an_assessment(Tier.EASY),
        asked={"allowed_models": ["mist-eu/mistral-medium"]},
        model="mist-eu/mistral-medium",
        provider="mist-eu",
    ),
    Case(
        id="allowed by the provider's kind",
        said=an_assessment(Tier.EASY),
        asked={"allowed_providers": ["mistral"]},
        model="mistral-medium",
        provider="mist-eu",
    ),
    Case(
        id="allowed by who made the model",
        said=an_assessment(Tier.EASY),
        asked={"allowed_providers": ["anthropic", "openai"]},
        model="anthropic/claude",
        provider="open",
    ),
    Case(
        id="empty lists allow everything",
        said=an_assessment(Tier.EASY),
        asked={"allowed_models": [], "allowed_providers": []},
        model="small-wire",
        provider="house",
    ),
    Case(
        id="both lists bind",
        said=an_assessment(Tier.EASY),
        asked={"allowed_models": ["small", "large"], "allowed_providers": ["open"]},
        model="large",
        provider="open",
    ),
    Case(
        id="a route's policy binds",
        said=an_assessment(Tier.EASY),
        asked={"model": "legal"},
        model="anthropic/claude",
        provider="open",
    ),
    Case(
        id="a doubt gets the default",
        said=LACKING,
        asked={"default_model": "middle"},
        model="middle",
        provider="mist-eu",
    ),
    Case(
        id="a default that this proxy does not know",
        said=UNSURE,
        asked={"default_model": "elsewhere-7"},
        model="elsewhere-7",
        provider=None,
    ),
    Case(
        id="a default that is a route", said=UNSURE, asked={"default_model": "auto"}, model="auto", provider="tierwise"
    ),
    Case(id="a doubt without a default raises the tier", said=UNSURE, model="mistral-medium", provider="mist-eu"),
    Case(
        id="a default is not for texts that are sure",
        said=an_assessment(Tier.EASY),
        asked={"default_model": "large"},
        model="small-wire",
        provider="house",
    ),
    Case(
        id="the default where nobody allowed meets the tier",
        said=an_assessment(Tier.HARD),
        asked={"allowed_models": ["small"], "default_model": "small"},
        model="small",
        provider="house",
    ),
    Case(
        id="the default where nobody is allowed",
        said=an_assessment(Tier.HARD),
        asked={"allowed_models": ["gpt-17"], "default_model": "gpt-17"},
        model="gpt-17",
        provider=None,
    ),
    Case(id="a failed classifier: the route's own tier", said=None, model="mistral-medium", provider="mist-eu"),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
async def test_the_model_to_call(case: Case) -> None:
    """The cheapest upstream that is allowed, eligible and strong enough; the default where that is in doubt."""
    found = choose(await ports_that_say(case.said), **case.asked)

    assert (found["model"], found["provider"]) == (case.model, case.provider)


async def test_the_answer_has_morphs_fields_and_ours() -> None:
    """Difficulty, ambiguity, domain and confidence in Morph's terms; upstream, cost and reason beside them."""
    found = choose(await ports_that_say(an_assessment(Tier.EASY, domain="math")), policy="cost_efficient")

    assert (found["difficulty"], found["ambiguity"], found["domain"], found["confidence"]) == (
        "easy",
        "low",
        "general",
        0.9,
    )
    assert (found["upstream"], found["required_tier"], found["reason"]) == ("small", "easy", "classified")
    assert (found["route"], found["dial"], found["needs_info"]) == ("auto", "cheap", None)
    assert found["probabilities"] == {"easy": 0.9, "medium": 0.05, "hard": 0.05}
    assert float(found["expected_cost_usd"]) > 0


async def test_what_is_told_when_nobody_may_serve() -> None:
    """The reason says so and no tier is claimed to be met; without a default it is a 422."""
    ports = await ports_that_say(an_assessment(Tier.HARD))
    found = choose(ports, allowed_models=["small"], default_model="small")

    assert (found["reason"], found["required_tier"], found["difficulty"]) == ("no_eligible_upstream", None, "hard")
    for allowed in (["small"], ["gpt-17"]):
        with pytest.raises(NoEligibleUpstream) as caught:
            choose(ports, allowed_models=allowed)
        assert "gpt-17" not in caught.value.message


async def test_a_failed_classifier_claims_nothing() -> None:
    """Difficulty is the route's default tier; there is no probability, ambiguity or domain."""
    found = choose(await ports_that_say(None))

    assert (found["difficulty"], found["reason"]) == ("medium", "classifier_failed")
    assert {"confidence", "ambiguity", "domain", "probabilities"}.isdisjoint(found)


async def test_a_long_text_goes_where_it_fits() -> None:
    """The window counts as it does for a chat completion."""
    found = choose(await ports_that_say(an_assessment(Tier.EASY)), "word " * 4000)

    assert (found["upstream"], found["reason"]) == ("middle", "escalated_context")


async def test_an_upstream_in_cooldown_is_not_recommended() -> None:
    """What rests is left out, unless it is all that is allowed."""
    ports = await ports_that_say(an_assessment(Tier.EASY))
    for _ in range(20):
        ports.state.note("small", Outcome(ending=Ending.UNREACHABLE), ports.clock(), ports.clock())

    assert choose(ports)["upstream"] == "middle"
    assert choose(ports, allowed_models=["small"])["upstream"] == "small"


@pytest.mark.parametrize(
    ("name", "error"), [("tier/easy", MalformedRequest), ("large", MalformedRequest), ("x", UnknownModel)]
)
async def test_model_names_a_route(name: str, error: type[Exception]) -> None:
    """A tier or an upstream leaves nothing to choose; an unknown name is a 404."""
    with pytest.raises(error):
        choose(await ports_that_say(UNSURE), model=name)


async def test_the_policy_chooses_the_cut_points() -> None:
    """The classifier is asked with the thresholds of the policy's dial; without a policy with the route's own."""
    seen = []

    def size(_prompt: object, cuts: object) -> Assessment:
        seen.append(cuts)
        return an_assessment()

    ports = replace(await ports_that_say(None), size=size)
    route = RULES.routes["auto"]
    for policy in (None, "balanced", "cost_efficient", "capability_heavy", "domain_skills"):
        choose(ports, policy=policy)
    choose(ports, model="auto:quality")

    dials = ("balanced", "balanced", "cheap", "quality", "balanced", "quality")
    assert [id(cuts) for cuts in seen] == [id(route.thresholds[dial]) for dial in dials]
