import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from classifier.tier import Tier
from router.catalog.upstream import Capability
from router.policy.rules import DoubtAction, Verify
from router.settings import schema
from router.settings.schema import (
    CataloguePrice,
    ProviderSettings,
    RouteSettings,
    Section,
    SettingsFile,
    UpstreamSettings,
)

DOCUMENT = Path(__file__).parents[3] / "docs" / "configuration.md"
SECTIONS = sorted(
    (
        section
        for section in vars(schema).values()
        if isinstance(section, type) and issubclass(section, Section) and section not in (Section, CataloguePrice)
    ),
    key=lambda section: section.__name__,
)


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.__name__)
def test_every_key_is_documented(section):
    """Each key of each section stands in docs/configuration.md, in code quotes or as a heading."""
    text = DOCUMENT.read_text(encoding="utf-8")
    keys = set(re.findall(r"[`.]([a-z_]+)`", text)) | set(re.findall(r"^## ([a-z]+)$", text, re.MULTILINE))
    assert set(section.model_fields) - keys - {"auth"} == set()


@pytest.mark.parametrize(("key", "words"), [("capabilities", Capability), ("needs_info", DoubtAction)])
def test_every_word_of_a_closed_list_is_documented(key, words):
    """The row of a key names each word that it takes."""
    [row] = re.findall(rf"^\| `{key}` \|.*$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(words) <= set(re.findall(r"[a-z_]+", row))


def test_what_is_done_about_a_doubt_is_explained():
    """Each answer to a doubt stands in the table that says which tier serves."""
    _, _, table = DOCUMENT.read_text(encoding="utf-8").partition("| word | tier that serves |\n")
    assert set(DoubtAction) <= set(re.findall(r"`([a-z_]+)`", table.partition("\n\n")[0]))


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.__name__)
def test_sections_are_frozen_and_closed(section):
    """No section takes an unknown key or can be changed afterwards."""
    assert section.model_config["extra"] == "forbid"
    assert section.model_config["frozen"] is True


def test_defaults_of_an_empty_file():
    """Everything but upstreams and routes has a default that serves."""
    file = SettingsFile()
    assert file.server.listen == "127.0.0.1:8080"
    assert file.server.body_limit_bytes == 10 * 1024 * 1024
    assert (file.delivery.deadline, file.delivery.connect_timeout, file.delivery.max_attempts) == (600.0, 3.0, 3)
    assert str(file.ledger.path) == "var/tierwise.db"
    assert file.classifier.timeout_ms == 50
    assert file.classifier.harness_tags == ()


@pytest.mark.parametrize(
    "command", ["print canary-31f", [], [""], ["print", 3], {"print": "canary-31f"}, [["canary-31f"]]]
)
def test_a_token_command_is_a_list_of_texts(command):
    """Whatever else stands there is refused without being repeated: it may hold a key."""
    with pytest.raises(ValidationError, match="A token_command is a list") as raised:
        ProviderSettings.model_validate({"kind": "vertex", "token_command": command})
    assert "canary" not in str(raised.value)
    assert ProviderSettings(kind="vertex", token_command=["a", "b"]).token_command == ("a", "b")


def test_short_forms_of_a_route():
    """A word stands for a map: of thresholds, of needs_info, of who serves a tier."""
    route = RouteSettings.model_validate(
        {
            "thresholds": "quality",
            "needs_info": "hard",
            "tiers": {"easy": "a", "medium": ["a", "b"], "hard": "cheapest"},
        }
    )
    assert route.thresholds.dial == "quality"
    assert (route.needs_info.low_confidence, route.needs_info.missing_information) == (DoubtAction.HARD,) * 2
    assert route.tiers.items() == ((Tier.EASY, ("a",)), (Tier.MEDIUM, ("a", "b")), (Tier.HARD, None))


def test_what_is_verified():
    """One word stands for a list of one; a route without any follows the file, an empty list switches off."""
    file = SettingsFile.model_validate(
        {"verify": "tool_args", "routes": {"auto": {}, "off": {"verify": []}, "both": {"verify": [*Verify]}}}
    )
    assert file.verify == {Verify.TOOL_ARGS}
    assert [route.verify for route in file.routes.values()] == [None, frozenset(), frozenset(Verify)]


def test_prices_of_an_upstream():
    """`catalog` and silence mean the catalogue's price, null means an unknown one."""
    base = {"provider": "p", "model": "m"}
    assert isinstance(UpstreamSettings.model_validate(base).price, CataloguePrice)
    assert isinstance(UpstreamSettings.model_validate({**base, "price": "catalog"}).price, CataloguePrice)
    assert UpstreamSettings.model_validate({**base, "price": None}).price is None


@pytest.mark.parametrize(
    "route",
    [
        {"thresholds": "fast"},
        {"needs_info": "ask"},
        {"tiers": {"easy": []}},
        {"verify": "json"},
        {"tiers": {"easy": 3}},
        {"tiers": {"tiny": "a"}},
    ],
    ids=str,
)
def test_routes_that_cannot_be_meant(route):
    """A wrong word in a short form is refused."""
    with pytest.raises(ValidationError):
        RouteSettings.model_validate(route)
