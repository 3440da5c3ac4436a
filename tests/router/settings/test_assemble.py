from datetime import date
from decimal import Decimal

import pytest

from classifier.thresholds import Thresholds
from classifier.tier import Tier
from router.catalog.upstream import Capability, Status
from router.errors import SettingsInvalid
from router.policy.coverage import Feature
from router.policy.rules import DoubtAction, Verify
from router.settings.assemble import assemble
from router.settings.load import load
from router.settings.shipped import config_file, shipped_files

TODAY = date(2026, 11, 21)
PRESETS = {"cheap": Thresholds(hard=0.7), "balanced": Thresholds(hard=0.5), "quality": Thresholds(hard=0.3)}

FILE = """
providers:
  mistral: {kind: mistral}
  eu: {kind: mistral, region: eu, api_key: $EU_KEY}
  aws: {kind: bedrock, region: eu-north-1}
  google: {kind: vertex, region: global, project: $PROJECT}
  azure: {kind: azure, resource: mine}
upstreams:
  small: {provider: mistral, model: mistral-small-2603}
  small-eu: {provider: eu, model: mistral-small-2603}
  deepseek: {provider: aws, model: deepseek.v3.2}
  large: {provider: mistral, model: mistral-medium-3-5}
  kimi-azure: {provider: azure, model: kimi-k2.6}
  gemma: {provider: google, model: google/gemma, tier: easy, window: 8192, price: null}
  off: {provider: mistral, model: mistral-medium-latest, status: disabled}
policies:
  eu_only: {regions: [eu]}
  open: {licences: [apache-2.0, mit]}
routes:
  auto: {thresholds: {dial: quality, medium: 0.25}, needs_info: medium, on_classifier_failure: hard, promises: [vision]}
  eu: {policy: eu_only, tiers: {hard: [large]}}
  open: {policy: open, verify: [json_schema, tool_args]}
verify: tool_args
baseline: kimi-azure
delivery: {deadline: 5m, connect_timeout: 500ms}
classifier: {timeout_ms: 20}
"""
KEYS = {"MISTRAL_API_KEY": "a", "EU_KEY": "b", "AWS_BEARER_TOKEN_BEDROCK": "c", "GOOGLE_OAUTH_ACCESS_TOKEN": "d"}


@pytest.fixture
def settings(tmp_path):
    """Return the settings of FILE."""
    path = tmp_path / "my.yaml"
    path.write_text(FILE, encoding="utf-8")
    return load(path, {})


@pytest.fixture
def assembled(settings):
    return assemble(settings, KEYS, TODAY, presets=PRESETS)


def test_upstreams_in_file_order(assembled):
    """Those that can be called are there, in file order, complete."""
    assert list(assembled.catalog.by_name) == ["small", "small-eu", "deepseek", "large", "off"]
    small = assembled.catalog.by_name["small"]
    assert (small.tier, small.window, small.provider.base_url) == (Tier.EASY, 262_144, "https://api.mistral.ai/v1")
    assert assembled.catalog.by_name["small-eu"].provider.base_url == "https://api.eu.mistral.ai/v1"
    assert assembled.catalog.by_name["deepseek"].price.input == Decimal("0.74")
    assert assembled.catalog.by_name["off"].status is Status.DISABLED


def test_each_one_left_out_has_a_line(assembled):
    """The line says what to set."""
    assert assembled.left_out == (
        "Upstream 'kimi-azure' is left out: set AZURE_API_KEY (or AZURE_AI_API_KEY).",
        "Upstream 'gemma' is left out: set PROJECT.",
    )
    assert assembled.missing_keys == {"azure": "set AZURE_API_KEY (or AZURE_AI_API_KEY)"}


def test_keys_are_secrets_by_provider(assembled):
    """The keys that were found travel by provider name, and show themselves to nobody."""
    assert {name: key.reveal() for name, key in assembled.keys.items()} == {
        "mistral": "a",
        "eu": "b",
        "aws": "c",
        "google": "d",
    }
    assert "'a'" not in repr(assembled.keys)


def test_what_stands_in_for_a_key_travels_too(settings):
    """AWS keys of the environment serve Bedrock, signed for its region, and none of them is shown."""
    aws = {"AWS_ACCESS_KEY_ID": "canary-id", "AWS_SECRET_ACCESS_KEY": "canary-key", "AWS_SESSION_TOKEN": "canary-lent"}
    found = assemble(settings, {"MISTRAL_API_KEY": "a", **aws}, TODAY, presets=PRESETS)
    assert "deepseek" in found.catalog.by_name
    assert "aws" not in found.keys
    assert found.grants["aws"].region == "eu-north-1"
    assert {secret.reveal() for secret in found.secrets} == {"a", *aws.values()}
    assert "canary" not in repr(found)


def test_a_named_baseline_needs_no_key(assembled):
    """Savings can be measured against an upstream that is not served."""
    assert assembled.catalog.baseline.name == "kimi-azure"
    assert assembled.catalog.baseline.price.output == Decimal(4)


def test_without_a_name_the_dearest_is_the_baseline(tmp_path):
    """Trial and unknown prices are not taken for dear."""
    path = tmp_path / "my.yaml"
    path.write_text(FILE.replace("baseline: kimi-azure\n", ""), encoding="utf-8")
    assert assemble(load(path, {}), KEYS, TODAY, presets=PRESETS).catalog.baseline.name == "large"


def test_routes(assembled):
    """Dials come from the classifier's presets, and a route's own cut points replace those of its dial only."""
    auto = assembled.rules.routes["auto"]
    assert auto.dial == "quality"
    assert auto.thresholds == {
        "cheap": PRESETS["cheap"],
        "balanced": PRESETS["balanced"],
        "quality": Thresholds(hard=0.3, medium=0.25),
    }
    assert (auto.on_low_confidence, auto.on_missing_information) == (DoubtAction.MEDIUM, DoubtAction.MEDIUM)
    assert auto.on_failure is Tier.HARD
    assert auto.tiers == {}
    assert assembled.rules.routes["eu"].tiers == {Tier.HARD: frozenset({"large"})}
    assert assembled.promises["auto"] == {Feature.VISION}


def test_a_route_verifies_what_it_says_or_what_the_file_says(assembled):
    """Its own list takes the place of the file's."""
    routes = assembled.rules.routes
    assert (routes["auto"].verify, routes["open"].verify) == ({Verify.TOOL_ARGS}, set(Verify))


def test_policies_name_what_the_upstreams_declare(assembled):
    """An area allows its regions, and a licence counts in any case."""
    assert assembled.rules.routes["eu"].policy.regions == {"eu", "eu-north-1"}
    assert assembled.rules.routes["open"].policy.licences == {"apache-2.0", "mit", "Apache-2.0", "MIT"}
    assert assembled.rules.routes["auto"].policy.regions == frozenset()


def test_limits(assembled):
    """Durations reach the core in seconds."""
    limits = assembled.limits
    assert (limits.deadline, limits.connect, limits.classifier_timeout, limits.idle) == (300.0, 0.5, 0.02, 60.0)


def test_without_keys_nothing_is_usable(settings):
    """No key: nobody to call, and each upstream says why."""
    found = assemble(settings, {}, TODAY, presets=PRESETS)
    assert not found.usable
    assert found.catalog.upstreams == ()
    assert len(found.left_out) == 7


def test_keys_can_be_assumed(settings):
    """Away from its keys a file can be looked at as if they were there, but not without what its URLs need."""
    found = assemble(settings, {}, TODAY, presets=PRESETS, require_keys=False)
    assert found.left_out == ("Upstream 'gemma' is left out: set PROJECT.",)
    assert set(found.missing_keys) == {"mistral", "eu", "aws", "google", "azure"}


def test_only_disabled_upstreams_are_not_usable(tmp_path):
    """A catalogue of disabled upstreams serves nobody."""
    path = tmp_path / "my.yaml"
    path.write_text(
        "providers: {m: {kind: mistral}}\nroutes: {auto: {}}\n"
        "upstreams: {s: {provider: m, model: mistral-small-2603, status: disabled}}\n",
        encoding="utf-8",
    )
    assert not assemble(load(path, {}), {"MISTRAL_API_KEY": "a"}, TODAY, presets={}).usable


@pytest.mark.parametrize(
    ("today", "served", "warned"),
    [
        (date(2027, 3, 16), True, False),
        (date(2027, 3, 17), True, True),
        (date(2027, 4, 15), True, True),
        (date(2027, 4, 16), False, False),
    ],
    ids=str,
)
def test_retirement(settings, today, served, warned):
    """Thirty days ahead there is a warning; from the day on the upstream is left out with its successor."""
    found = assemble(settings, {**KEYS, "AZURE_API_KEY": "e"}, today, presets=PRESETS)
    assert ("kimi-azure" in found.catalog.by_name) == served
    assert ("Upstream 'kimi-azure' retires on 2027-04-16." in found.warnings) == warned
    line = "Upstream 'kimi-azure' is left out: retired on 2027-04-16. Its successor is 'kimi-k3'."
    assert (line in found.left_out) == (not served)
    expected = None if served else "'kimi-azure' was retired on 2027-04-16. Its successor is 'kimi-k3'."
    assert found.catalog.retired.get("kimi-azure") == expected


def test_clients_learn_what_is_gone(assembled):
    """Names of retired models that clients still send come with their successor."""
    assert "Its successor is 'kimi-k2.6'" in assembled.catalog.retired["kimi-k2-thinking"]


def test_warnings(settings):
    """An unknown price and an alias that may move are warned of."""
    found = assemble(settings, {**KEYS, "PROJECT": "p"}, TODAY, presets=PRESETS)
    assert "Upstream 'gemma' has no price: it ranks last and its costs are unknown." in found.warnings
    assert any("'mistral-medium-latest', an alias that may move" in line for line in found.warnings)


@pytest.mark.parametrize(("day", "warned"), [("2026-11-21", False), ("2026-11-22", False), ("2026-11-23", True)])
def test_a_price_of_a_day_to_come(tmp_path, day, warned):
    """It is warned of from the day on that has begun nowhere on Earth."""
    path = tmp_path / "my.yaml"
    path.write_text(FILE.replace("price: null", f"price: {{input: 1, output: 2, as_of: {day}}}"), encoding="utf-8")
    found = assemble(load(path, {}), {**KEYS, "PROJECT": "p"}, TODAY, presets=PRESETS)
    assert any(f"'gemma' has a price of {day}, a day to come" in line for line in found.warnings) == warned


def test_a_key_that_cannot_be_used_stops_the_start(settings):
    """A key with a control character is a fault that names the provider and not the key."""
    with pytest.raises(SettingsInvalid) as raised:
        assemble(settings, {"MISTRAL_API_KEY": "top\nsecret"}, TODAY, presets=PRESETS)
    assert raised.value.problems[0].startswith("The key of provider 'mistral' cannot be used")
    assert "secret" not in str(raised.value)


def test_a_missing_client_key_stops_the_start(tmp_path):
    """Who configured client keys never gets an open door, except for a look away from the keys."""
    path = tmp_path / "my.yaml"
    path.write_text("server: {auth: {keys: {me: $MINE}}}\n" + FILE, encoding="utf-8")
    settings = load(path, {})
    with pytest.raises(SettingsInvalid, match="The client key of 'me' is not there: set MINE"):
        assemble(settings, KEYS, TODAY, presets=PRESETS)
    assert assemble(settings, {**KEYS, "MINE": "k"}, TODAY, presets=PRESETS).client_keys["me"].reveal() == "k"
    assert assemble(settings, {}, TODAY, presets=PRESETS, require_keys=False).client_keys == {}


@pytest.mark.parametrize("path", shipped_files(), ids=lambda path: path.name)
def test_every_shipped_file_assembles(path):
    """With every key, every shipped file serves all of its upstreams, at every tier, and has a baseline."""
    settings = load(path, {})
    found = assemble(settings, {}, TODAY, presets=PRESETS, require_keys=False)
    assert len(found.catalog.everybody) == len(settings.upstreams)
    assert found.left_out == ()
    assert found.catalog.baseline is not None
    assert {upstream.tier for upstream in found.catalog.upstreams} == set(Tier)


def test_a_start_without_keys_serves_whoever_asks_for_reasoning():
    """The simulated upstreams can do all that those can whose prices they have."""
    found = assemble(load(config_file("simulated.yaml"), {}), {}, TODAY, presets=PRESETS)
    assert all(upstream.capabilities == set(Capability) - {Capability.AUDIO} for upstream in found.catalog.upstreams)
    assert Feature.REASONING in found.promises["auto"]


def test_a_hosts_limit_on_tools_is_the_upstreams(settings):
    """What a dialect knows of the number of tools decides who is asked."""
    found = assemble(settings, KEYS, TODAY, presets=PRESETS).catalog.by_name
    assert (found["small"].max_tools, found["deepseek"].max_tools) == (128, None)


def test_local_servers_need_no_key():
    """What runs at home is served without any variable; what is hosted is left out until its key is there."""
    found = assemble(load(config_file("examples/local.yaml"), {}), {}, TODAY, presets=PRESETS)
    kinds = {upstream.provider.kind for upstream in found.catalog.upstreams}
    assert kinds == {"ollama", "llamacpp", "vllm", "openai"}
    assert {upstream.status for upstream in found.catalog.upstreams} == {Status.SELF_HOSTED}
    assert not found.keys
    assert [line.split("'")[1] for line in found.left_out] == ["kimi-k2.6"]


def test_simulated_prices_are_those_of_real_offers():
    """Each simulated price says which offer it copies, and is that offer's price in the catalogue to the digit."""
    for path in shipped_files():
        if path.name not in ("simulated.yaml", "demo.yaml"):
            continue
        settings = load(path, {})
        offers = {offer.id: offer for offer in reversed(settings.catalogue.offers) if offer.price is not None}
        for upstream in settings.upstreams.values():
            name, region = upstream.price.source.split()[1], upstream.price.source.split()[-1]
            same = [offer for offer in settings.catalogue.offers if offer.id == name]
            offer = next((one for one in same if one.region == region), offers[name])
            price = offer.price
            assert (upstream.price.input, upstream.price.output or 0) == (price.input, price.output)
            assert (upstream.price.cached_input, upstream.price.as_of) == (price.cached_input, offer.as_of)
