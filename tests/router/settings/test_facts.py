from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from classifier.tier import Tier
from router.catalog.upstream import Capability, Status
from router.settings.catalogue import read_catalogue
from router.settings.facts import account, complete
from router.settings.schema import ProviderSettings, UpstreamSettings
from router.settings.shipped import config_file

CATALOGUE = read_catalogue(config_file("catalog.yaml"))


@dataclass(frozen=True)
class Case:
    id: str
    settings: dict
    base_url: str | None
    region: str | None = None
    factor: str = "1"
    missing: str | None = None
    environ: dict = field(default_factory=dict)


AWS = "https://bedrock-runtime.{}.amazonaws.com/openai/v1"
GOOGLE = "https://{0}aiplatform.googleapis.com/v1/projects/p/locations/{1}/endpoints/openapi"

ACCOUNTS = (
    Case("plain", {"kind": "moonshot"}, "https://api.moonshot.ai/v1", "sg"),
    Case("regional host", {"kind": "mistral", "region": "eu"}, "https://api.eu.mistral.ai/v1", "eu", "1.1"),
    Case("default host", {"kind": "mistral"}, "https://api.mistral.ai/v1", "global"),
    Case("claimed region", {"kind": "deepinfra", "region": "us"}, "https://api.deepinfra.com/v1/openai", "us"),
    Case(
        "own url keeps the list price",
        {"kind": "mistral", "region": "eu", "base_url": "https://x/v1"},
        "https://x/v1",
        "eu",
    ),
    Case("region in the url", {"kind": "bedrock", "region": "eu-north-1"}, AWS.format("eu-north-1"), "eu-north-1"),
    Case(
        "region by variable",
        {"kind": "bedrock", "region": "$R"},
        AWS.format("us-east-1"),
        "us-east-1",
        environ={"R": "us-east-1"},
    ),
    Case(
        "region of the environment",
        {"kind": "bedrock"},
        AWS.format("us-west-2"),
        "us-west-2",
        environ={"AWS_REGION": "us-west-2", "AWS_DEFAULT_REGION": "us-east-2"},
    ),
    Case(
        "default region of the environment",
        {"kind": "bedrock"},
        AWS.format("us-east-2"),
        "us-east-2",
        environ={"AWS_REGION": " ", "AWS_DEFAULT_REGION": "us-east-2"},
    ),
    Case(
        "the entry's region first",
        {"kind": "bedrock", "region": "eu-north-1"},
        AWS.format("eu-north-1"),
        "eu-north-1",
        environ={"AWS_REGION": "us-west-2"},
    ),
    Case(
        "its own variable is not replaced",
        {"kind": "bedrock", "region": "$R"},
        None,
        missing="set R",
        environ={"AWS_REGION": "us-west-2"},
    ),
    Case("variable not set", {"kind": "bedrock", "region": "$R"}, None, missing="set R"),
    Case("region not written", {"kind": "bedrock"}, None, missing="write region: in its entry, or set AWS_REGION"),
    Case(
        "global vertex", {"kind": "vertex", "region": "global", "project": "p"}, GOOGLE.format("", "global"), "global"
    ),
    Case(
        "regional vertex", {"kind": "vertex", "region": "eu-x", "project": "p"}, GOOGLE.format("eu-x-", "eu-x"), "eu-x"
    ),
    Case("azure", {"kind": "azure", "resource": "mine"}, "https://mine.services.ai.azure.com/openai/v1"),
    Case("azure without resource", {"kind": "azure"}, None, missing="write resource: in its entry"),
    Case("groq", {"kind": "groq"}, "https://api.groq.com/openai/v1"),
    Case("ollama at home", {"kind": "ollama"}, "http://127.0.0.1:11434/v1", "self"),
    Case("ollama elsewhere", {"kind": "ollama", "base_url": "http://gpu:11434/v1"}, "http://gpu:11434/v1", "self"),
    Case("llama.cpp", {"kind": "llamacpp", "base_url": "http://gpu:8081/v1"}, "http://gpu:8081/v1", "self"),
    Case(
        "vllm by variable",
        {"kind": "vllm", "base_url": "$B"},
        "http://gpu:8000/v1",
        "self",
        environ={"B": "http://gpu:8000/v1"},
    ),
)


@pytest.mark.parametrize("case", ACCOUNTS, ids=lambda case: case.id)
def test_account(case):
    """A provider's base URL, region and price factor come from its entry, its kind and the environment."""
    settings = ProviderSettings(**case.settings)
    found = account(settings, CATALOGUE.providers[settings.kind], case.environ)
    assert (found.base_url, found.missing, found.price_factor) == (case.base_url, case.missing, Decimal(case.factor))
    assert found.region == case.region


def facts(provider, **upstream):
    """Complete one upstream at one provider."""
    at = account(ProviderSettings(**provider), CATALOGUE.providers[provider["kind"]], {})
    return complete(UpstreamSettings.model_validate({"provider": "p", **upstream}), at, CATALOGUE)


def test_everything_from_the_catalogue():
    """An upstream of two words is complete."""
    found = facts({"kind": "moonshot"}, model="kimi-k2.6")
    assert (found.tier, found.window, found.max_output) == (Tier.HARD, 262_144, 262_144)
    assert found.tier_rule.startswith("rule 1: SWE-bench Verified 80.2")
    assert found.price is not None
    assert (found.price.input, found.price.cached_input, found.price.output) == tuple(
        map(Decimal, ("0.95", "0.16", "4"))
    )
    assert (found.price.as_of, found.price.source) == (date(2026, 11, 21), "catalog: litellm")
    assert found.capabilities == set(Capability) - {Capability.AUDIO}
    assert (found.status, found.licence, found.region) == (Status.ACTIVE, "LicenseRef-Modified-MIT", "sg")
    assert found.gone is None


def test_deepseek_costs_twice_as_much_at_peak_hours():
    """The catalogue's schedule is in the price, and a regional factor would apply to both."""
    price = facts({"kind": "deepseek"}, model="deepseek-v4-flash").price
    assert price.at(datetime(2026, 11, 23, 9, 59, tzinfo=UTC)).output == 2 * price.output == Decimal("2.4")
    assert price.at(datetime(2026, 11, 23, 10, tzinfo=UTC)) is price.at(datetime(2026, 11, 22, 7, tzinfo=UTC)) is price


def test_the_operator_wins():
    """Each word that is written replaces the catalogue's."""
    found = facts(
        {"kind": "moonshot"},
        model="kimi-k2.6",
        tier="easy",
        window=1000,
        max_output=10,
        capabilities=["tools"],
        always_reasons=True,
        region="mars",
        licence="Mine",
        status="deprecating",
        retires_on=date(2027, 1, 1),
        trial=True,
        price={"input": 1, "output": 2},
    )
    assert (found.tier, found.tier_rule, found.window, found.max_output) == (Tier.EASY, "operator", 1000, 10)
    assert (found.capabilities, found.always_reasons) == ({Capability.TOOLS, Capability.PARALLEL_TOOLS}, True)
    assert (found.region, found.licence, found.status) == ("mars", "Mine", Status.DEPRECATING)
    assert (found.retires_on, found.trial) == (date(2027, 1, 1), True)
    assert found.price is not None
    assert (found.price.input, found.price.cached_input, found.price.source) == (Decimal(1), None, "operator")


def test_a_regional_host_has_its_own_price():
    """Mistral's EU host costs 1.1 times the list price, exactly."""
    found = facts({"kind": "mistral", "region": "eu"}, model="mistral-small-2603")
    assert found.price is not None
    assert (found.price.input, found.price.output) == (Decimal("0.165"), Decimal("0.66"))


def test_a_trial_is_marked():
    """A free offer is a trial until the operator gives it a price."""
    assert facts({"kind": "nvidia"}, model="moonshotai/kimi-k2.6").trial
    assert not facts({"kind": "nvidia"}, model="moonshotai/kimi-k2.6", price={"input": 1, "output": 2}).trial


@pytest.mark.parametrize(
    ("extra", "gone", "status"),
    [
        ({}, True, Status.RETIRED),
        ({"price": "catalog"}, True, Status.RETIRED),
        ({"tier": "hard"}, True, Status.RETIRED),
        ({"price": {"input": 1, "output": 2}}, False, Status.ACTIVE),
        ({"status": "active"}, False, Status.ACTIVE),
    ],
    ids=str,
)
def test_a_retired_offer(extra, gone, status):
    """It is gone for who relies on the catalogue, and served for who writes its price or status himself."""
    found = facts({"kind": "moonshot"}, model="kimi-k2-thinking", **extra)
    assert (found.gone is not None, found.status) == (gone, status)
    assert (found.retires_on is not None) == gone


@pytest.mark.parametrize(
    ("capabilities", "parallel", "able"),
    [
        (["tools"], True, {Capability.TOOLS, Capability.PARALLEL_TOOLS}),
        (["tools"], False, {Capability.TOOLS}),
        (["vision"], True, {Capability.VISION}),
        (["tools", "parallel_tools"], False, {Capability.TOOLS}),
    ],
)
def test_parallel_tools_come_with_tools(capabilities, parallel, able):
    """Who takes tools takes several calls a turn, unless the operator says that it does not."""
    found = facts(
        {"kind": "openai", "base_url": "http://x/v1"}, model="m", capabilities=capabilities, parallel_tools=parallel
    )
    assert found.capabilities == able


def test_unknown_to_the_catalogue():
    """Nothing is made up for a model that nobody knows."""
    found = facts({"kind": "vllm", "base_url": "http://x/v1"}, model="qwen")
    assert (found.tier, found.window, found.price, found.licence, found.offer) == (None, None, None, None, None)
    assert (found.capabilities, found.status, found.region) == (frozenset(), Status.SELF_HOSTED, "self")


def test_an_offer_that_does_not_reason():
    """A host's own reasoning flag counts, and models that always reason do so everywhere."""
    assert (
        Capability.REASONING
        not in facts({"kind": "bedrock", "region": "us-east-1"}, model="moonshotai.kimi-k2.5").capabilities
    )
    found = facts({"kind": "deepinfra"}, model="moonshotai/Kimi-K3")
    assert Capability.REASONING in found.capabilities
    assert found.always_reasons


def test_a_catalogue_name_becomes_the_wire_id():
    """The catalogue's name of a model is translated to what the provider calls it."""
    assert facts({"kind": "deepinfra"}, model="kimi-k2.6").model == "moonshotai/Kimi-K2.6"
