from dataclasses import dataclass
from typing import Any

import pytest

from router.settings.problems import Problems
from router.settings.schema import SettingsFile
from router.settings.shape import fields_at, shaped


@dataclass(frozen=True)
class Case:
    id: str
    data: dict[str, Any]
    expected: tuple[str, ...]


CASES = (
    Case("unknown at the top", {"upsteams": {}}, ("Unknown key 'upsteams'. Did you mean 'upstreams'? (x, upsteams)",)),
    Case(
        "unknown inside", {"server": {"lisen": 1}}, ("Unknown key 'lisen'. Did you mean 'listen'? (x, server.lisen)",)
    ),
    Case(
        "unknown in a named entry",
        {"upstreams": {"a": {"provider": "p", "model": "m", "windw": 1}}},
        ("Unknown key 'windw'. Did you mean 'window'? (x, upstreams.a.windw)",),
    ),
    Case(
        "unknown in a price",
        {"upstreams": {"a": {"provider": "p", "model": "m", "price": {"ouput": 2}}}},
        (
            "'input' is missing. (x, upstreams.a.price.input)",
            "Unknown key 'ouput'. Did you mean 'output'? (x, upstreams.a.price.ouput)",
        ),
    ),
    Case("missing", {"upstreams": {"a": {"model": "m"}}}, ("'provider' is missing. (x, upstreams.a.provider)",)),
    Case(
        "a word that is none of the choices",
        {"delivery": {"transport": "aiohtp"}},
        ("'aiohtp' is none of: native, aiohttp, httpx. Did you mean 'aiohttp'? (x, delivery.transport)",),
    ),
    Case(
        "a capability",
        {"upstreams": {"a": {"provider": "p", "model": "m", "capabilities": ["tools", "visoin"]}}},
        ("'visoin' is none of: tools, parallel_tools, json_schema, vision, reasoning, audio. Did you mean 'vision'?",),
    ),
    Case("a number for text", {"baseline": 5}, ("'baseline' must be text; it is '5'. Put it in quotes",)),
    Case("text for a map", {"providers": {"p": "mistral"}}, ("'p' must be a map (key: value); it is text.",)),
    Case("nothing for a map", {"providers": {"p": None}}, ("'p' must be a map (key: value); it is empty.",)),
    Case("a list for a map", {"routes": []}, ("'routes' must be a map (key: value); it is a list.",)),
    Case("text for a list", {"policies": {"p": {"regions": "eu"}}}, ("'regions' must be a list",)),
    Case(
        "neither true nor false",
        {"upstreams": {"a": {"provider": "p", "model": "m", "trial": "maybe"}}},
        ("'trial' must be true or false; it is 'maybe'.",),
    ),
    Case("a version to come", {"version": 2}, ("'2' is none of: 1.",)),
    Case("empty model", {"upstreams": {"a": {"provider": "p", "model": ""}}}, ("'model' cannot be '': String should",)),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_sentences(case):
    """Each fault is one plain sentence with its place and, where one is near, the name that was meant."""
    problems = Problems(origin="x")
    shaped(case.data, SettingsFile, problems)
    assert len(problems.found) == len(case.expected)
    for found, expected in zip(problems.found, case.expected, strict=True):
        assert found.startswith(expected)


def test_the_rest_is_still_there():
    """What is not at fault comes back, so that it can be checked as well."""
    data = {
        "server": {"listen": "nowhere"},
        "providers": {"good": {"kind": "mistral"}, "bad": {"knd": "mistral"}},
        "upstreams": {"a": {"provider": "good", "model": "m", "tier": "hrd"}},
    }
    problems = Problems(origin="x")
    file = shaped(data, SettingsFile, problems)
    assert file is not None
    assert set(file.providers) == {"good"}
    assert file.upstreams["a"].tier is None
    assert len(problems.found) == 4
    assert data["server"] == {"listen": "nowhere"}


@pytest.mark.parametrize(
    "data",
    [
        {"providers": {"p": {"kind": "mistral", "api_key": "sk-topsecret"}}},
        {"providers": {"p": {"kind": "mistral", "api_key": ["sk-topsecret"]}}},
        {"providers": {"p": "sk-topsecret"}},
        {"server": {"auth": {"keys": {"me": "sk-topsecret"}}}},
        {"server": {"auth": {"keys": "sk-topsecret"}}},
        {"server": {"auth": {"keys": ["sk-topsecret"]}}},
        {"providers": {"p": {"kind": "mistral", "key": "sk-topsecret"}}},
        {"providers": {"p": {"kind": "vllm", "base_url": "https://me:sk-topsecret@host/v1"}}},
    ],
    ids=str,
)
def test_a_literal_key_is_never_echoed(data):
    """A key where none belongs is a problem whose text does not hold it."""
    problems = Problems(origin="x")
    shaped(data, SettingsFile, problems)
    assert problems.found
    assert "topsecret" not in "".join(problems.found)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ((), "baseline"),
        (("server",), "listen"),
        (("server", "auth"), "keys"),
        (("upstreams", "anything"), "window"),
        (("upstreams", "anything", "price"), "cached_input"),
        (("routes", "auto", "thresholds"), "missing"),
    ],
    ids=str,
)
def test_fields_at(path, expected):
    """The keys of a section are found from the top of the file, through maps of named entries."""
    assert expected in fields_at(SettingsFile, path)


@pytest.mark.parametrize("path", [("upstreams",), ("nowhere",), ("baseline", "x")], ids=str)
def test_no_fields_where_there_is_no_section(path):
    """Named entries and scalars have no keys of their own to suggest."""
    assert fields_at(SettingsFile, path) == ()
