"""Who may serve embeddings, and under which names, as far as one file shows."""

from dataclasses import dataclass

import pytest

from router.settings.catalogue import read_catalogue
from router.settings.checks import check
from router.settings.document import parse
from router.settings.schema import SettingsFile
from router.settings.shape import shaped
from router.settings.shipped import config_file

CATALOGUE = read_catalogue(config_file("catalog.yaml"))

SOUND = """
providers:
  house: {kind: vllm, base_url: "http://127.0.0.1:8000/v1"}
  gpu: {kind: vllm, base_url: "http://127.0.0.1:8001/v1"}
  novita: {kind: novita}
  fireworks: {kind: fireworks}
upstreams:
  chat: {provider: house, model: qwen, tier: medium, window: 32768}
  own: {provider: house, model: bge, serves: embeddings, window: 512, family: bge, dimensions: 768, price: {input: 0}}
  twin: {provider: gpu, model: bge-copy, serves: embeddings, window: 512, family: bge, dimensions: 768, price: null}
  qwen-novita: {provider: novita, model: qwen/qwen3-embedding-8b}
  qwen-fireworks: {provider: fireworks, model: accounts/fireworks/models/qwen3-embedding-8b}
routes: {auto: {}}
policies: {eu_only: {regions: [eu]}}
embeddings:
  docs: [own, twin]
  qwen: {upstreams: [qwen-novita, qwen-fireworks], policy: eu_only}
  own: own
"""


def problems(text: str) -> list[str]:
    """Return what is wrong with a YAML text."""
    document = parse(text.encode(), "my.yaml")
    found = document.problems()
    file = shaped(document.data, SettingsFile, found)
    assert file is not None
    check(file, document.data, CATALOGUE, {}, found)
    return found.found


def test_a_sound_file() -> None:
    """A family is declared, or known from the catalogue; a group may be one upstream, under its own name."""
    assert problems(SOUND) == []


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A change of the sound file, and the beginning of the one problem that it makes."""

    id: str
    old: str
    new: str
    problem: str


CASES = (
    Case(
        id="two models",
        old="family: bge, dimensions: 768, price: null",
        new="family: gte, dimensions: 768, price: null",
        problem="Group 'docs' mixes models, whose vectors cannot be compared: 'own' bge, 'twin' gte.",
    ),
    Case(
        id="two lengths",
        old="family: bge, dimensions: 768, price: null",
        new="family: bge, dimensions: 384, price: null",
        problem="Group 'docs' mixes vectors of different lengths: 'own' 768, 'twin' 384.",
    ),
    Case(
        id="no family",
        old="family: bge, dimensions: 768, price: null",
        new="price: null",
        problem="Upstream 'twin' is one of several in group 'docs', so say which model it serves (family:",
    ),
    Case(
        id="models of the catalogue",
        old="upstreams: [qwen-novita, qwen-fireworks]",
        new="upstreams: [qwen-novita, own]",
        problem="Group 'qwen' mixes models, whose vectors cannot be compared: 'qwen-novita' qwen3-embedding-8b, 'own'",
    ),
    Case(
        id="unknown member",
        old="docs: [own, twin]",
        new="docs: [own, twni]",
        problem="Group 'docs' names upstream 'twni', which is not declared. Did you mean 'twin'?",
    ),
    Case(
        id="a chat upstream",
        old="docs: [own, twin]",
        new="docs: [own, chat]",
        problem="Upstream 'chat' of group 'docs' does not serve embeddings.",
    ),
    Case(
        id="unknown policy",
        old="policy: eu_only",
        new="policy: eu_onyl",
        problem="Group 'qwen' names policy 'eu_onyl', which is not declared. Did you mean 'eu_only'?",
    ),
    Case(
        id="a route",
        old="auto: {}",
        new="auto: {tiers: {easy: [chat, own]}}",
        problem="Upstream 'own' serves embeddings, so route 'auto' cannot name it.",
    ),
    Case(
        id="a tier",
        old="serves: embeddings, window: 512, family: bge, dimensions: 768, price: {input: 0}",
        new="serves: embeddings, window: 512, family: bge, dimensions: 768, price: {input: 0}, tier: easy",
        problem="'tier' means nothing where an upstream serves embeddings.",
    ),
    Case(
        id="a family of a chat upstream",
        old="tier: medium, window: 32768",
        new="tier: medium, window: 32768, family: qwen",
        problem="'family' means nothing where an upstream serves chat. Write serves: embeddings if it embeds texts.",
    ),
    Case(
        id="a chat price without output",
        old="tier: medium, window: 32768",
        new="tier: medium, window: 32768, price: {input: 1}",
        problem="'output' is missing. (my.yaml:8, upstreams.chat.price.output)",
    ),
    Case(
        id="a model that only embeds",
        old="model: qwen/qwen3-embedding-8b",
        new="model: qwen/qwen3-embedding-8b, serves: chat",
        problem="'qwen/qwen3-embedding-8b' serves embeddings, so upstream 'qwen-novita' cannot serve chat.",
    ),
    Case(
        id="the baseline",
        old="routes: {auto: {}}",
        new="routes: {auto: {}}\nbaseline: own",
        problem="Baseline 'own' serves embeddings.",
    ),
    Case(
        id="a name of two things",
        old="own: own",
        new="twin: own",
        problem="'twin' is both a group of embedding upstreams and an upstream.",
    ),
    Case(
        id="no list",
        old="own: own",
        new="own: {upstreams: []}",
        problem="A group of embedding upstreams is a list of their names; it is a list.",
    ),
    Case(
        id="no window",
        old="serves: embeddings, window: 512, family: bge, dimensions: 768, price: {input: 0}",
        new="serves: embeddings, family: bge, dimensions: 768, price: {input: 0}",
        problem="The catalogue has no 'bge' at vllm, so upstream 'own' needs a window",
    ),
    Case(
        id="an unknown key",
        old="policy: eu_only",
        new="policies: eu_only",
        problem="Unknown key 'policies'. Did you mean 'policy'?",
    ),
    Case(
        id="a name that cannot be asked for",
        old="own: own",
        new="'o:n': own",
        problem="'o:n' cannot be a name",
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_what_is_wrong_is_said(case: Case) -> None:
    """Each fault is one sentence that names the fix."""
    assert case.old in SOUND

    found = problems(SOUND.replace(case.old, case.new, 1))

    assert any(problem.startswith(case.problem) for problem in found), found
