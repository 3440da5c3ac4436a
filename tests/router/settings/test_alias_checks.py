"""Aliases that mean nothing, or could never be used, stop the start."""

from dataclasses import dataclass

import pytest

from router.settings.catalogue import read_catalogue
from router.settings.checks import check
from router.settings.document import parse
from router.settings.schema import SettingsFile
from router.settings.shape import shaped
from router.settings.shipped import config_file

CATALOGUE = read_catalogue(config_file("catalog.yaml"))

FILE = """
providers: {mistral: {kind: mistral}}
upstreams:
  small: {provider: mistral, model: mistral-small-2603}
  vectors: {provider: mistral, model: mistral-embed}
routes: {auto: {}, legal: {}}
embeddings: {docs: [vectors]}
aliases:
"""


def problems(aliases: str) -> list[str]:
    """Return what is wrong with a file that has these aliases."""
    document = parse((FILE + aliases).encode(), "my.yaml")
    found = document.problems()
    file = shaped(document.data, SettingsFile, found)
    assert file is not None
    check(file, document.data, CATALOGUE, {}, found)
    return found.found


def test_every_kind_of_name_can_be_meant() -> None:
    """Routes, dials, tiers, upstreams and what embeds; names may hold what fixed names hold."""
    sound = """  claude-*: auto
  gpt-4o-mini: "auto:cheap"
  gpt-4*: legal:quality
  o3: tier/hard
  "claude-opus-4-1[1m]": small
  us.anthropic.claude-v1:0: small
  text-embedding-*: docs
  text-embedding-3-large: vectors
  "*": auto
"""

    assert problems(sound) == []


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One alias, and the beginning of its problem."""

    id: str
    alias: str
    problem: str


CASES = (
    Case(
        id="unknown", alias="gpt: smal", problem="Alias 'gpt' stands for 'smal', which is neither a route, a tier nor"
    ),
    Case(id="nearest", alias="gpt: auto:cheep", problem="Alias 'gpt' stands for 'auto:cheep', which is neither"),
    Case(id="an upstream", alias="small: auto", problem="'small' has a meaning of its own, which always wins"),
    Case(id="a route", alias="legal: auto", problem="'legal' has a meaning of its own"),
    Case(id="a dial", alias="legal:odd: auto", problem="'legal:odd' has a meaning of its own"),
    Case(id="a tier", alias="tier/x: auto", problem="'tier/x' has a meaning of its own"),
    Case(id="a space", alias="'a b': auto", problem="'a b' cannot be an alias"),
    Case(id="too long", alias=f"{'a' * 121}: auto", problem=f"'{'a' * 60}' cannot be an alias"),
    Case(id="no text", alias="gpt: [auto]", problem="'gpt' must be text; it is a list."),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_what_is_wrong_is_said(case: Case) -> None:
    """One sentence for one fault."""
    [found] = problems(f"  {case.alias}\n")

    assert found.startswith(case.problem)


def test_an_alias_of_an_alias_is_refused() -> None:
    """It must say itself what it stands for."""
    [found] = problems("  a: b\n  b: auto\n")

    assert found.startswith("'b' is an alias itself. Name what it stands for. (my.yaml:9, aliases.a")


def test_a_near_name_is_suggested() -> None:
    """A slip is told with what was probably meant."""
    [found] = problems("  gpt: smal\n")

    assert "Did you mean 'small'?" in found
