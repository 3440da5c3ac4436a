"""Every kind of provider that the catalogue knows has a dialect, and the other way round."""

import pytest

from router.errors import SettingsInvalid
from router.settings.catalogue import read_catalogue
from router.settings.load import load
from router.settings.shipped import config_file
from router.wire.dialects import DIALECTS


def test_every_kind_of_the_catalogue_has_a_table():
    """No provider that can be configured is spoken to by guess; what has shut down has no table."""
    providers = read_catalogue(config_file("catalog.yaml")).providers
    assert {kind for kind, provider in providers.items() if provider.status != "shut_down"} <= DIALECTS.keys()
    assert "octoai" not in DIALECTS
    assert providers.keys() >= DIALECTS.keys()


def test_octoai_is_said_to_be_gone(tmp_path):
    """An old configuration that names it learns since when there is nothing to call."""
    path, old = tmp_path / "tierwise.yaml", "providers:\n  old: {kind: octoai, api_key: env/OCTOAI_TOKEN}\n"
    path.write_text(config_file("tierwise.yaml").read_text().replace("providers:\n", old, 1))
    with pytest.raises(SettingsInvalid, match="OctoAI shut down on 2024-10-31"):
        load(path, {"OCTOAI_TOKEN": "t"})
