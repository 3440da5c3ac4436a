from pathlib import Path

import pytest

from router.errors import SettingsInvalid
from router.settings.load import load, load_simulated, with_simulator
from router.settings.shipped import shipped_files

BROKEN = """
version: 1
sever: {listen: 127.0.0.1:8080}
providers:
  mistral: {kind: mistral, api_key: sk-live-0123456789}
  opnai: {kind: opnai}
upstreams:
  small: {provider: mistal, model: mistral-small-2603, tier: esy, price: {input: -1, output: 2}}
  large: {provider: mistral, model: magistral-small-2506, price: catalog}
routes:
  autos: {tiers: {hard: [lrge]}}
baseline: smal
"""


@pytest.mark.parametrize("path", shipped_files(), ids=lambda path: path.name)
def test_every_shipped_file_loads(path):
    """No shipped configuration is broken, with or without its keys."""
    settings = load(path, {})
    assert settings.upstreams
    assert "auto" in settings.routes


def test_the_default_is_the_shipped_file():
    """Without a path the shipped tierwise.yaml is loaded, and says so."""
    settings = load(None, {})
    assert settings.shipped
    assert settings.origin.name == "tierwise.yaml"
    assert not load(settings.origin, {}).shipped


def test_all_problems_are_raised_once(tmp_path):
    """Shape, names, prices, keys and retirements: one error holds them all, and no key."""
    path = tmp_path / "my.yaml"
    path.write_text(BROKEN, encoding="utf-8")
    with pytest.raises(SettingsInvalid) as raised:
        load(path, {})
    text = "\n".join(raised.value.problems)
    for expected in (
        "Unknown key 'sever'. Did you mean 'server'?",
        "A key itself must not stand in this file.",
        "'opnai' is not a kind of provider. Did you mean 'openai'?",
        "names provider 'mistal', which is not declared. Did you mean 'mistral'?",
        "'esy' is not a tier (easy, medium, hard). Did you mean 'easy'?",
        "A price is a number of USD per 1M tokens, 0 or more; it is '-1'.",
        "'magistral-small-2506' was retired at Mistral La Plateforme on 2025-11-30. Its successor is 'mistral-small-4'",
        "The route 'auto' is missing.",
        "names upstream 'lrge', which is not declared. Did you mean 'large'?",
        "Baseline 'smal' is not a declared upstream. Did you mean 'small'?",
    ):
        assert expected in text
    assert len(raised.value.problems) == 10
    assert "sk-live" not in text
    assert f"({path}:8, upstreams.small.tier)" in text


def test_a_missing_file_is_one_problem(tmp_path):
    """A path that leads nowhere is said as such."""
    with pytest.raises(SettingsInvalid, match="no such file"):
        load(tmp_path / "none.yaml", {})


def test_the_ledger_can_be_moved_by_a_variable():
    """TIERWISE_LEDGER replaces ledger.path; empty, it does not."""
    assert load(None, {"TIERWISE_LEDGER": "/data/x.db"}).ledger.path == Path("/data/x.db")
    assert load(None, {"TIERWISE_LEDGER": " "}).ledger.path == Path("var/tierwise.db")


def test_a_client_key_can_come_from_a_variable(tmp_path):
    """TIERWISE_KEY becomes the caller `default`, unless the file names callers of its own."""
    assert load(None, {"TIERWISE_KEY": "k"}).server.auth.keys == {"default": "os.environ/TIERWISE_KEY"}
    assert load(None, {}).server.auth.keys == {}
    path = tmp_path / "my.yaml"
    path.write_text(
        "server: {auth: {keys: {me: $MINE}}}\nproviders: {m: {kind: mistral}}\n"
        "upstreams: {s: {provider: m, model: mistral-small-2603}}\nroutes: {auto: {}}\n",
        encoding="utf-8",
    )
    assert load(path, {"TIERWISE_KEY": "k"}).server.auth.keys == {"me": "$MINE"}


def test_simulated_upstreams():
    """The simulated configuration is served at the given port and keeps the operator's own sections."""
    keep = load(None, {"TIERWISE_LEDGER": "/data/x.db"})
    settings = load_simulated(4321, {}, keep)
    assert {provider.base_url for provider in settings.providers.values()} == {"http://127.0.0.1:4321/v1"}
    assert list(settings.upstreams) == ["sim-small", "sim-medium", "sim-large", "sim-embed"]
    assert settings.simulated_models == (("sim-small", "sim-medium", "sim-large"), {"sim-embed": 256})
    assert settings.ledger.path == Path("/data/x.db")
    assert settings.server is keep.server
    assert not settings.needs_simulator
    assert load_simulated(4321, {}).ledger.path == Path("var/tierwise.db")


def test_only_waiting_providers_get_the_port():
    """The port goes to simulated providers that wait for one, and to no other."""
    demo = load(next(path for path in shipped_files() if path.name == "demo.yaml"), {})
    assert demo.needs_simulator
    served = with_simulator(demo, 999)
    assert not served.needs_simulator
    assert with_simulator(served, 5).providers == served.providers
    default = load(None, {})
    assert not default.needs_simulator
    assert with_simulator(default, 5).providers == default.providers


def test_settings_do_not_show_keys():
    """The repr of settings holds references only."""
    environ = {"MISTRAL_API_KEY": "topsecret", "TIERWISE_KEY": "topsecret"}
    assert "topsecret" not in repr(load(None, environ))


HARNESS = """
providers: {house: {kind: vllm, base_url: "http://127.0.0.1:9/v1"}}
upstreams: {one: {provider: house, model: m, tier: easy, window: 1000, price: null}}
routes: {auto: {}}
classifier: {harness_tags: %s}
"""


def test_elements_of_a_harness_are_added(tmp_path):
    """The names come through as they are written; one that cannot be a name is told with its line."""
    path = tmp_path / "my.yaml"
    path.write_text(HARNESS % "[my-reminder, ide_state]", encoding="utf-8")
    assert load(path, {}).classifier.harness_tags == ("my-reminder", "ide_state")
    for wrong, told in (("[my-reminder, <ide>]", "without < and >"), ("my-reminder", "must be a list")):
        path.write_text(HARNESS % wrong, encoding="utf-8")
        with pytest.raises(SettingsInvalid, match=told) as raised:
            load(path, {})
        assert "my.yaml:5" in raised.value.problems[0]
