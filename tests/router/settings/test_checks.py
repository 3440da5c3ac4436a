from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.errors import SettingsInvalid
from router.settings.catalogue import read_catalogue
from router.settings.checks import check
from router.settings.document import parse
from router.settings.schema import SettingsFile
from router.settings.shape import shaped
from router.settings.shipped import config_file

CATALOGUE = read_catalogue(config_file("catalog.yaml"))

SOUND = """
version: 1
providers:
  mistral: {kind: mistral}
  house: {kind: vllm, base_url: "http://127.0.0.1:8000/v1"}
upstreams:
  small: {provider: mistral, model: mistral-small-2603}
  large: {provider: mistral, model: mistral-medium-3-5}
  own: {provider: house, model: qwen, tier: medium, window: 32768}
policies:
  eu_only: {regions: [eu]}
routes:
  auto: {}
"""


def problems(text, environ=None):
    """Return what is wrong with a YAML text."""
    document = parse(text.encode(), "my.yaml")
    found = document.problems()
    file = shaped(document.data, SettingsFile, found)
    assert file is not None
    check(file, document.data, CATALOGUE, environ or {}, found)
    return found.found


@dataclass(frozen=True)
class Case:
    id: str
    old: str
    new: str
    expected: tuple[str, ...]


CASES = (
    Case("sound", "", "", ()),
    Case(
        "unknown provider",
        "own: {provider: house,",
        "own: {provider: huose,",
        ("Upstream 'own' names provider 'huose', which is not declared. Did you mean 'house'? (my.yaml:9",),
    ),
    Case(
        "unknown kind",
        "kind: mistral}",
        "kind: mistrall}",
        ("'mistrall' is not a kind of provider. Did you mean 'mistral'? (my.yaml:4, providers.mistral.kind)",),
    ),
    Case(
        "kind that nothing is near",
        "kind: mistral}",
        "kind: q}",
        ("'q' is not a kind of provider. Known kinds: moonshot,",),
    ),
    Case("shut down", "kind: mistral}", "kind: octoai}", ("OctoAI shut down on 2024-10-31.",)),
    Case("base_url missing", ', base_url: "http://127.0.0.1:8000/v1"', "", ("Provider 'house' needs a base_url",)),
    Case(
        "base_url faulty",
        '"http://127.0.0.1:8000/v1"',
        "127.0.0.1:8000/v1",
        ("A base URL starts with http:// or https://",),
    ),
    Case(
        "base_url faulty where the kind's lacks a region",
        "{kind: mistral}",
        "{kind: bedrock, base_url: bedrock.example}",
        ("A base URL starts with http:// or https://",),
    ),
    Case("base_url null", '"http://127.0.0.1:8000/v1"', "null", ("Provider 'house' needs a base_url",)),
    Case(
        "region missing",
        "{kind: mistral}",
        "{kind: bedrock}",
        ("Provider 'mistral' is not complete: write region: in its entry, or set AWS_REGION.",),
    ),
    Case(
        "two ways to a key",
        "{kind: mistral}",
        "{kind: mistral, api_key: $KEY, token_command: [print-it]}",
        ("Provider 'mistral' has api_key and token_command. Keep one of them.",),
    ),
    Case(
        "google's credentials elsewhere",
        "{kind: mistral}",
        "{kind: mistral, application_default: true}",
        ("Only vertex and bedrock have default credentials; provider 'mistral' is a mistral one.",),
    ),
    Case(
        "aws's profile elsewhere",
        "{kind: mistral}",
        "{kind: mistral, profile: work}",
        ("A profile is AWS's, for bedrock; provider 'mistral' is a mistral one.",),
    ),
    Case(
        "two ways to aws",
        "{kind: mistral}",
        "{kind: mistral, api_key: $K, profile: work}",
        ("Provider 'mistral' has api_key and profile. Keep one of them.",),
    ),
    Case(
        "command without a program",
        "{kind: mistral}",
        "{kind: mistral, token_command: []}",
        ("A token_command is a list, a program and its arguments, for example",),
    ),
    Case(
        "tier missing",
        "tier: medium, ",
        "",
        ("The catalogue has no 'qwen' at vllm, so upstream 'own' needs a tier (easy, medium or hard).",),
    ),
    Case(
        "window missing",
        ", window: 32768",
        "",
        ("The catalogue has no 'qwen' at vllm, so upstream 'own' needs a window",),
    ),
    Case(
        "price that the catalogue has not",
        "window: 32768",
        "window: 32768, price: catalog",
        ("The catalogue has no 'qwen' at vllm, so it has no price for it. Write a price, or null",),
    ),
    Case(
        "model that is near another",
        "model: mistral-small-2603",
        "model: mistral-smal-2603",
        (
            "The catalogue has no 'mistral-smal-2603' at mistral, so upstream 'small' needs a tier",
            "The catalogue has no 'mistral-smal-2603' at mistral, so upstream 'small' needs a window",
        ),
    ),
    Case(
        "retired",
        "model: mistral-small-2603",
        "model: open-mixtral-8x22b, price: catalog",
        ("'open-mixtral-8x22b' was retired at Mistral La Plateforme on 2025-03-30. Its succ",),
    ),
    Case(
        "retired, and the operator knows better",
        "model: mistral-small-2603",
        "model: open-mixtral-8x22b, price: {input: 1, output: 2}",
        (),
    ),
    Case("reserved name", "  small:", "  auto:", ("'auto' is a name of the router itself.",)),
    Case("reserved prefix", "  small:", "  tier/easy:", ("'tier/easy' is a name of the router itself.",)),
    Case("reserved with a dash", "  small:", "  auto-large:", ("'auto-large' is a name of the router itself.",)),
    Case("colon in a name", "  small:", '  "a:b":', ("'a:b' cannot be a name",)),
    Case("space in a name", "  small:", '  "a b":', ("'a b' cannot be a name",)),
    Case("slash in a route", "  auto: {}", "  auto: {}\n  a/b: {}", ("A route's name has no '/': 'a/b'.",)),
    Case("route and upstream", "  auto: {}", "  auto: {}\n  small: {}", ("'small' is both a route and an upstream.",)),
    Case(
        "auto missing",
        "  auto: {}",
        "  autos: {}",
        ("The route 'auto' is missing. Add it under routes: (auto: {} will do). Did you mean 'autos'?",),
    ),
    Case(
        "unknown upstream in a route",
        "auto: {}",
        "auto: {tiers: {easy: [smal]}}",
        ("Route 'auto' names upstream 'smal', which is not declared. Did you mean 'small'? (my.yaml:13",),
    ),
    Case(
        "nearly cheapest",
        "auto: {}",
        "auto: {tiers: {easy: cheapst}}",
        ("Route 'auto' names upstream 'cheapst', which is not declared. Did you mean 'cheapest'?",),
    ),
    Case(
        "too weak for the tier",
        "auto: {}",
        "auto: {tiers: {hard: [small, large]}}",
        ("Upstream 'small' may do easy work at most, so it cannot serve tier hard of route 'auto'.",),
    ),
    Case(
        "unknown policy",
        "auto: {}",
        "auto: {policy: eu-only}",
        ("Route 'auto' names policy 'eu-only', which is not declared. Did you mean 'eu_only'?",),
    ),
    Case(
        "unknown baseline",
        "version: 1",
        "baseline: larg",
        ("Baseline 'larg' is not a declared upstream. Did you mean 'large'? (my.yaml:2, baseline)",),
    ),
    Case("baseline without a price", "version: 1", "baseline: own", ("Baseline 'own' has no price",)),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_cross_checks(case):
    """What only the whole file shows is said in one sentence with the place and the nearest name."""
    assert case.old in SOUND
    found = problems(SOUND.replace(case.old, case.new, 1))
    assert len(found) == len(case.expected), found
    for sentence, expected in zip(found, case.expected, strict=True):
        assert sentence.startswith(expected)


def test_a_faulty_entry_is_still_declared():
    """What refers to an entry with a fault in it is not blamed for that."""
    text = SOUND.replace("tier: medium", "tier: mdium").replace("auto: {}", "auto: {tiers: {medium: [own]}}")
    assert problems(text) == [
        "'mdium' is not a tier (easy, medium, hard). Did you mean 'medium'? (my.yaml:9, upstreams.own.tier)"
    ]


def test_the_nearest_wire_id_is_named():
    """A model that is nearly one of the catalogue is taken for a slip."""
    found = problems(SOUND.replace("mistral-small-2603", "mistral-smal-2603"))
    assert "Did you mean 'mistral-small-2603'?" in found[0]


def test_nothing_to_route_to():
    """A file without upstreams is not a configuration."""
    found = problems("version: 1\nroutes: {auto: {}}\n")
    assert found == ["No upstream is declared, so there is nothing to route to. Add one under upstreams:. (my.yaml)"]


def test_an_offer_of_other_regions_only():
    """A model that this region does not have is refused with the regions that have it."""
    text = SOUND.replace("{kind: mistral}", "{kind: bedrock, region: eu-west-9}").replace(
        "mistral-small-2603", "deepseek.v3.2"
    )
    found = [line for line in problems(text) if "deepseek" in line]
    assert "The catalogue has no 'deepseek.v3.2' at bedrock in region eu-west-9" in found[0]
    assert "It is offered in: us-east-1" in found[0]


def test_a_variable_that_is_not_set_is_no_fault_of_the_file():
    """A region named by a variable is looked up at the start, and its absence leaves the upstream out there."""
    text = SOUND.replace("{kind: mistral}", "{kind: bedrock, region: $AWS_REGION}")
    text = text.replace("mistral-small-2603", "deepseek.v3.2").replace("mistral-medium-3-5", "moonshotai.kimi-k2.5")
    assert problems(text) == []
    assert problems(text, {"AWS_REGION": "eu-north-1"}) == []


_LINES = SOUND.strip().split("\n")
_WORDS = st.sampled_from(
    ["null", "3", "-1", "1.5", "true", "[]", "{}", "[a]", "{a: b}", "auto", "catalog", "'x'", "$A", "2026-01-01"]
)


@given(st.integers(1, len(_LINES) - 1), st.integers(0, 400), _WORDS)
def test_any_value_anywhere_is_accepted_or_explained(index, start, word):
    """Whatever stands in place of a value, the outcome is a list of sentences and never another error."""
    line = _LINES[index]
    places = [at + 1 for at, sign in enumerate(line) if sign == ":" and not line[at:].startswith("://")]
    at = places[start % len(places)]
    end = next((one for one, sign in enumerate(line[at:], at) if sign in ",}"), len(line))
    text = "\n".join([*_LINES[:index], f"{line[:at]} {word}{line[end:]}", *_LINES[index + 1 :]])
    assert all(isinstance(sentence, str) and sentence for sentence in explained(text))


def explained(text):
    """Return the problems of a text that may not even be YAML, or not even a file."""
    try:
        document = parse(text.encode(), "my.yaml")
    except SettingsInvalid as error:
        return error.problems
    found = document.problems()
    file = shaped(document.data, SettingsFile, found)
    if file is not None:
        check(file, document.data, CATALOGUE, {}, found)
    assert file is not None or found.found
    return found.found
