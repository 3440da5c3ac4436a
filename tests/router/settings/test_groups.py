"""Policies and groups of embedding upstreams, as the core's values."""

from datetime import date
from pathlib import Path

import pytest

from classifier.thresholds import Thresholds
from router.catalog.upstream import Service
from router.policy.rules import DIALS, Policy
from router.settings.assemble import Assembled, assemble
from router.settings.groups import embedding_groups, policy_of
from router.settings.load import Settings, load
from tests.fakes.values import an_embedder

FILE = """
providers:
  novita: {kind: novita}
  fireworks: {kind: fireworks, region: europe-west4}
  mistral: {kind: mistral}
upstreams:
  small: {provider: mistral, model: mistral-small-2603}
  a: {provider: novita, model: qwen/qwen3-embedding-8b}
  b: {provider: fireworks, model: accounts/fireworks/models/qwen3-embedding-8b}
routes: {auto: {}}
policies: {eu_only: {regions: [eu], licences: [APACHE-2.0]}}
embeddings:
  docs: [a, b, a]
  eu: {upstreams: [a, b], policy: eu_only}
"""
KEYS = {"MISTRAL_API_KEY": "m", "FIREWORKS_API_KEY": "f"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return the settings of FILE."""
    path = tmp_path / "my.yaml"
    path.write_text(FILE, encoding="utf-8")
    return load(path, {})


def assembled(settings: Settings, keys: dict[str, str]) -> Assembled:
    """Return what serves, with these keys."""
    return assemble(settings, keys, date(2026, 11, 22), presets={dial: Thresholds() for dial in DIALS})


def test_groups_keep_their_order_and_their_promise(settings: Settings) -> None:
    """A member stands there once; a policy's area becomes the regions that lie in it."""
    groups = embedding_groups(settings, (an_embedder("b", region="europe-west4", licence="Apache-2.0"),))

    assert groups["docs"].upstreams == ("a", "b")
    assert groups["docs"].policy == Policy()
    assert groups["eu"].policy.name == "eu_only"
    assert "europe-west4" in groups["eu"].policy.regions
    assert "Apache-2.0" in groups["eu"].policy.licences


def test_no_policy_allows_everything(settings: Settings) -> None:
    """None is no promise."""
    assert policy_of(settings, None, ()) == Policy()


def test_who_embeds_is_apart_from_who_answers(settings: Settings) -> None:
    """The catalogue says what serves embeddings; the operator need not, and a missing key leaves one out."""
    found = assembled(settings, KEYS)

    assert [upstream.name for upstream in found.catalog.upstreams] == ["small"]
    [embedder] = found.catalog.embedders
    assert (embedder.name, embedder.serves) == ("b", Service.EMBEDDINGS)
    assert (embedder.family, embedder.dimensions, embedder.window) == ("qwen3-embedding-8b", 4096, 40960)
    assert found.catalog.baseline is found.catalog.upstreams[0]
    assert found.left_out == ("Upstream 'a' is left out: set NOVITA_API_KEY.",)
