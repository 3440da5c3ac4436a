"""Everything at hand for the checks of one file."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from router.settings.catalogue import Catalogue
from router.settings.facts import Account, Facts
from router.settings.schema import SettingsFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One file with what is known of what it names.

    `names`: what each section declares, faulty entries included; `written`: the upstreams as they stand in the file,
    faulty values included; `own_urls`: the providers whose entry has a base_url, be it a faulty one.
    """

    file: SettingsFile
    names: Mapping[str, tuple[str, ...]]
    written: Mapping[str, Mapping[str, Any]]
    own_urls: frozenset[str]
    accounts: Mapping[str, Account]
    facts: Mapping[str, Facts]
    catalogue: Catalogue
