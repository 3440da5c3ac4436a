from dataclasses import dataclass, field
from datetime import date

import pytest

from router.errors import SecretMissing
from router.settings.catalogue import Kind
from router.settings.references import client_keys, find_key, text, variable
from router.settings.schema import ProviderSettings


def kind(*variables, optional=False):
    """Return a provider kind with these customary variables."""
    return Kind(
        title="K", key=variables, key_optional=optional, residency="somewhere", source="s", as_of=date(2026, 1, 1)
    )


@dataclass(frozen=True)
class Case:
    id: str
    api_key: str | None
    expected: str | None
    missing: str | None = None
    environ: dict = field(default_factory=dict)
    kind: Kind = field(default_factory=lambda: kind("MAIN_KEY", "OTHER_KEY"))


CASES = (
    Case("named", "os.environ/MAIN_KEY", "a", environ={"MAIN_KEY": "a", "OTHER_KEY": "b"}),
    Case("synonym", "os.environ/MAIN_KEY", "b", environ={"OTHER_KEY": "b"}),
    Case("the named one first", "${OTHER_KEY}", "b", environ={"MAIN_KEY": "a", "OTHER_KEY": "b"}),
    Case("unnamed", None, "a", environ={"MAIN_KEY": "a"}),
    Case("own variable", "$MINE", "c", environ={"MINE": "c", "MAIN_KEY": "a"}),
    Case("own variable has no synonym", "$MINE", None, "set MINE", environ={"MAIN_KEY": "a"}),
    Case("missing", "os.environ/MAIN_KEY", None, "set MAIN_KEY (or OTHER_KEY)"),
    Case("empty is missing", "os.environ/MAIN_KEY", None, "set MAIN_KEY (or OTHER_KEY)", environ={"MAIN_KEY": " "}),
    Case("missing file", "file:/nowhere/key", None, "write the key into file:/nowhere/key"),
    Case("needs none", None, None, kind=kind("MAIN_KEY", optional=True)),
    Case("needs none, has one", None, "a", environ={"MAIN_KEY": "a"}, kind=kind("MAIN_KEY", optional=True)),
    Case("asked for, so needed", "$MAIN_KEY", None, "set MAIN_KEY", kind=kind("MAIN_KEY", optional=True)),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_find_key(case):
    """A provider's key is found where its entry says or under a customary name, or what to set is said."""
    found = find_key(ProviderSettings(kind="k", api_key=case.api_key), case.kind, case.environ)
    assert (found.secret.reveal() if found.secret else None) == case.expected
    assert found.missing == case.missing


def test_a_key_from_a_file(tmp_path):
    """A file holds the key, with its line break."""
    path = tmp_path / "key"
    path.write_text("abc\n", encoding="utf-8")
    found = find_key(ProviderSettings(kind="k", api_key=f"file:{path}"), kind(), {})
    assert found.secret is not None
    assert found.secret.reveal() == "abc"


def test_an_unusable_key_is_an_error_without_it():
    """A key with a line break inside is refused and not repeated."""
    with pytest.raises(SecretMissing) as raised:
        find_key(ProviderSettings(kind="k", api_key="$MAIN_KEY"), kind("MAIN_KEY"), {"MAIN_KEY": "top\nsecret"})
    assert "secret" not in raised.value.message.replace("MAIN_KEY", "")


@pytest.mark.parametrize(
    ("reference", "expected"),
    [("os.environ/A_B", "A_B"), ("${A}", "A"), ("$A", "A"), ("file:/x", None), ("plain", None), ("a$B", None)],
)
def test_variable(reference, expected):
    """The variable that a reference names."""
    assert variable(reference) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [("plain", "plain"), ("$SET", "here"), ("$UNSET", None), ("$EMPTY", None), (None, None)]
)
def test_text(value, expected):
    """A value stands for itself unless it names a variable."""
    assert text(value, {"SET": " here ", "EMPTY": " "}) == expected


def test_client_keys():
    """Each caller's key is looked up; one that is missing or unusable is a fault, never an open door."""
    references = {"ann": "$ANN", "bob": "$BOB", "cyd": "$CYD"}
    found, faults = client_keys(references, {"ANN": "a", "CYD": "bad\nkey"})
    assert {name: secret.reveal() for name, secret in found.items()} == {"ann": "a"}
    assert faults[0] == "The client key of 'bob' is not there: set BOB."
    assert faults[1].startswith("The client key of 'cyd' cannot be used: what $CYD names cannot be a key")
    assert "bad" not in faults[1]
