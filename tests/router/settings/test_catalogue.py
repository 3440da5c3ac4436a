from datetime import date
from decimal import Decimal

import pytest

from classifier.tier import Tier
from router.catalog.upstream import Capability, Service, Status
from router.errors import SettingsInvalid
from router.settings.catalogue import area, read_catalogue
from router.settings.shipped import config_file


@pytest.fixture(scope="module")
def catalogue():
    return read_catalogue(config_file("catalog.yaml"))


def test_size(catalogue):
    """All researched hosts, models and routes are there, and the kinds that are no host of their own."""
    assert len(catalogue.providers) == 21
    assert len(catalogue.models) == 30
    assert len(catalogue.offers) == 143


def test_every_row_has_a_known_source_and_a_date(catalogue):
    """No figure stands there without its origin, and none is from after the catalogue."""
    rows = (*catalogue.providers.values(), *catalogue.models.values(), *catalogue.offers)
    for row in rows:
        assert row.source in catalogue.sources
        assert row.as_of <= catalogue.as_of
    assert {row.source for row in rows} == set(catalogue.sources)


def test_offers_name_what_exists(catalogue):
    """Each offer joins a known provider and a known model, and each successor is a known model."""
    for offer in catalogue.offers:
        assert offer.provider in catalogue.providers
        assert offer.model in catalogue.models
        assert offer.successor is None or offer.successor in catalogue.models
    for model in catalogue.models.values():
        assert model.successor is None or model.successor in catalogue.models


def test_no_offer_stands_there_twice(catalogue):
    """A provider serves one id in one region once."""
    keys = [(offer.provider, offer.id, offer.region) for offer in catalogue.offers]
    assert len(keys) == len(set(keys))


def test_retired_offers_have_a_day_in_the_past_and_a_successor(catalogue):
    """What is gone says since when and what to use instead."""
    retired = [offer for offer in catalogue.offers if not offer.live]
    assert len(retired) == 27
    for offer in retired:
        assert offer.retires_on is not None
        assert offer.retires_on <= catalogue.as_of
        assert offer.successor is not None
    for offer in catalogue.offers:
        if offer.live and offer.retires_on:
            assert offer.status is Status.DEPRECATING
            assert offer.retires_on > catalogue.as_of


def test_a_price_of_nothing_is_a_trial(catalogue):
    """A free offer is marked as a trial, a trial is free, and only a self-hosted or unseen one has no price."""
    for offer in catalogue.offers:
        free = offer.price is not None and offer.price.input == offer.price.output == 0
        assert offer.trial == free == (offer.status is Status.TRIAL)
        if offer.price is None:
            assert offer.status is Status.SELF_HOSTED or offer.provider in ("octoai", "morph")


def test_prices_are_sane(catalogue):
    """Reading the cache never costs more than reading, and a price is not off by the factor of a million."""
    for offer in catalogue.offers:
        embeds = catalogue.models[offer.model].serves is Service.EMBEDDINGS
        if embeds:
            assert Decimal("0.005") <= offer.price.input <= 1
            assert offer.price.output == 0
        elif offer.price is not None and not offer.trial:
            assert Decimal("0.05") <= offer.price.input <= offer.price.output <= 30
            assert (offer.price.cached_input or 0) <= offer.price.input


def test_every_model_has_a_rule_behind_its_tier(catalogue):
    """A default tier comes with the rule of the list on top of the file, and the figures meet that rule."""
    tiers = {"1": Tier.HARD, "2": Tier.MEDIUM, "3": Tier.HARD, "4": Tier.EASY, "5": Tier.MEDIUM, "6": Tier.EASY}
    chats = [model for model in catalogue.models.values() if model.serves is Service.CHAT]
    for model in chats:
        assert model.tier_rule.startswith("rule ")
        assert tiers[model.tier_rule[5]] is model.tier
        assert model.dimensions is None
    assert {model.tier for model in chats} == set(Tier)


def test_what_embeds_has_no_tier(catalogue):
    """A model that serves embeddings is not sized, so nothing could be the reason for a tier."""
    embedders = [model for model in catalogue.models.values() if model.serves is Service.EMBEDDINGS]
    assert len(embedders) == 6
    assert {(model.tier, model.tier_rule) for model in embedders} == {(None, "none")}


@pytest.mark.parametrize(
    ("kind", "model", "region", "expected"),
    [
        ("moonshot", "kimi-k2.6", "sg", "kimi-k2.6"),
        ("deepinfra", "kimi-k2.6", None, "moonshotai/Kimi-K2.6"),
        ("mistral", "mistral-small-2603", "eu", "mistral-small-2603"),
        ("deepseek", "deepseek-reasoner", "cn", "deepseek-chat"),
        ("fireworks", "accounts/fireworks/routers/kimi-k3-us", "global", "accounts/fireworks/routers/kimi-k3-us"),
        ("bedrock", "us.moonshotai.kimi-k3", "us-west-2", "us.moonshotai.kimi-k3"),
        ("bedrock", "global.moonshotai.kimi-k3", "eu-north-1", "global.moonshotai.kimi-k3"),
        ("bedrock", "us.moonshotai.kimi-k3", "eu-north-1", None),
        ("bedrock", "deepseek.v3.2", "eu-west-9", None),
        ("mistral", "kimi-k2.6", None, None),
        ("openai", "anything", None, None),
        ("nokind", "anything", None, None),
    ],
)
def test_offer(catalogue, kind, model, region, expected):
    """An offer is found by its id or by its model's name, and only where its region is served."""
    offer = catalogue.offer(kind, model, region)
    assert (offer.id if offer else None) == expected


def test_the_price_is_that_of_the_region(catalogue):
    """Stockholm is dearer than Virginia."""
    prices = [catalogue.offer("bedrock", "deepseek.v3.2", region).price.input for region in ("eu-north-1", "us-east-1")]
    assert prices == [Decimal("0.74"), Decimal("0.62")]
    assert "eu-north-1" in catalogue.regions("bedrock", "deepseek.v3.2")


def test_farewell_names_the_day_the_successor_and_who_else_serves_it(catalogue):
    """Who names a retired offer learns all that is known."""
    text = catalogue.farewell(catalogue.offer("fireworks", "accounts/fireworks/models/kimi-k2p6", "global"))
    assert "was retired at Fireworks AI on 2026-09-25" in text
    assert "Its successor is 'kimi-k3' ('accounts/fireworks/models/kimi-k3' there)" in text
    assert "deepinfra" in text


@pytest.mark.parametrize("name", ["kimi-k2-thinking", "deepseek-chat", "deepseek-reasoner", "open-mixtral-8x22b"])
def test_retired_names(catalogue, name):
    """Names that clients still send are known, each under the name that was sent."""
    assert catalogue.retired_names()[name].startswith(f"'{name}' was retired at ")


def test_names_that_are_served_are_not_retired(catalogue):
    """What somebody still serves under a name is not called retired because another stopped."""
    gone = catalogue.retired_names()
    for offer in catalogue.offers:
        if offer.live:
            assert offer.id not in gone


def test_an_offer_may_do_less_than_its_model(catalogue):
    """What a host does not support is not taken from the model's card."""
    offer = catalogue.offer("deepinfra", "moonshotai/Kimi-K2-Instruct-0905", None)
    assert Capability.JSON_SCHEMA in catalogue.models[offer.model].capabilities
    assert offer.capabilities == {Capability.TOOLS}


@pytest.mark.parametrize(
    ("region", "expected"),
    [("eu-north-1", "eu"), ("europe-west4", "eu"), ("us-east-1", "us"), ("EU", "eu"), (None, None)],
)
def test_area(region, expected):
    """A region lies in the part of the world that its name begins with."""
    assert area(region) == expected


def test_a_broken_catalogue_is_refused(tmp_path):
    """A catalogue with a fault does not start a router that would reckon with it."""
    path = tmp_path / "catalog.yaml"
    path.write_text("version: 1\nas_of: 2026-01-01\ncurrency: EUR\n", encoding="utf-8")
    with pytest.raises(SettingsInvalid) as raised:
        read_catalogue(path)
    assert "'EUR' is none of: USD." in raised.value.problems[0]
    assert len(raised.value.problems) == 5


def test_the_date_is_read_as_a_date(catalogue):
    """The catalogue is dated."""
    assert catalogue.as_of == date(2026, 11, 22)
