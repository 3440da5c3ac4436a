import sys
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest

from router.errors import SecretMissing
from router.settings.catalogue import Kind
from router.settings.references import client_keys, find_key, key_files, text, variable, weak_keys
from router.settings.schema import ProviderSettings, SettingsFile
from router.upstreams.credentials import AwsChain, AwsKeys, GoogleDefault, Secret, TokenCommand


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


BEDROCK = {"kind": "bedrock"}
VERTEX = {"kind": "vertex"}
BEARER = {"AWS_BEARER_TOKEN_BEDROCK": "absk"}
AWS = {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "wJal"}
ADC = {"GOOGLE_APPLICATION_CREDENTIALS": "/keys/sa.json"}
PYTHON = [sys.executable, "-c", "print('t')"]
NO_AWS = "set AWS_BEARER_TOKEN_BEDROCK (or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE)"
NO_GOOGLE = "set GOOGLE_OAUTH_ACCESS_TOKEN (or GOOGLE_APPLICATION_CREDENTIALS), or write token_command: in its entry"


def aws(session=None, region="us-east-1"):
    """Return the grant of the keys of AWS."""
    return AwsKeys(
        access_key_id=Secret("AKID"),
        secret_access_key=Secret("wJal"),
        session_token=None if session is None else Secret(session),
        region=region,
    )


@dataclass(frozen=True)
class Way:
    id: str
    provider: dict
    environ: dict
    grant: object = None
    key: str | None = None
    missing: str | None = None
    region: str | None = "us-east-1"
    installed: bool = True


WAYS = (
    Way("bedrock's key wins", BEDROCK, {**BEARER, **AWS}, key="absk"),
    Way("aws keys", BEDROCK, AWS, aws()),
    Way("aws keys that are lent", BEDROCK, {**AWS, "AWS_SESSION_TOKEN": "lent"}, aws("lent")),
    Way(
        "named by the kind's variable",
        {**BEDROCK, "api_key": "$AWS_BEARER_TOKEN_BEDROCK"},
        AWS,
        missing="set AWS_BEARER_TOKEN_BEDROCK",
    ),
    Way("named by another", {**BEDROCK, "api_key": "$MINE"}, AWS, missing="set MINE"),
    Way("no aws keys", BEDROCK, {}, missing=NO_AWS),
    Way("blank aws keys", BEDROCK, {"AWS_ACCESS_KEY_ID": " ", "AWS_SECRET_ACCESS_KEY": ""}, missing=NO_AWS),
    Way(
        "no aws secret",
        BEDROCK,
        {"AWS_ACCESS_KEY_ID": "AKID"},
        missing="set AWS_SECRET_ACCESS_KEY, which belongs to AWS_ACCESS_KEY_ID",
    ),
    Way(
        "no aws id",
        BEDROCK,
        {"AWS_SECRET_ACCESS_KEY": "wJal"},
        missing="set AWS_ACCESS_KEY_ID, which belongs to AWS_SECRET_ACCESS_KEY",
    ),
    Way("no region", BEDROCK, AWS, region=None, missing="set AWS_REGION, or write region: in its entry"),
    Way("no such region", BEDROCK, AWS, region="US East", missing="write a region such as us-east-1 in its entry"),
    Way("aws keys are bedrock's only", {"kind": "k"}, AWS, missing="set MAIN_KEY"),
    Way("a profile", {**BEDROCK, "profile": "work"}, AWS, AwsChain(region="us-east-1", profile="work")),
    Way("aws's chain", {**BEDROCK, "application_default": True}, {}, AwsChain(region="us-east-1")),
    Way("a profile of the environment", BEDROCK, {"AWS_PROFILE": "work"}, AwsChain(region="us-east-1")),
    Way("aws keys before a profile of the environment", BEDROCK, {**AWS, "AWS_PROFILE": "work"}, aws()),
    Way(
        "no botocore",
        {**BEDROCK, "profile": "w"},
        {},
        installed=False,
        missing="install botocore (pip install botocore)",
    ),
    Way(
        "a profile without a region",
        {**BEDROCK, "profile": "w"},
        {},
        region=None,
        missing="set AWS_REGION, or write region: in its entry",
    ),
    Way(
        "a profile and no such region",
        {**BEDROCK, "profile": "w"},
        {},
        region="US East",
        missing="write a region such as us-east-1 in its entry",
    ),
    Way("a google token wins", VERTEX, {"GOOGLE_OAUTH_ACCESS_TOKEN": "ya29", **ADC}, key="ya29"),
    Way("google's file", VERTEX, ADC, GoogleDefault()),
    Way("google's default", {**VERTEX, "application_default": True}, {}, GoogleDefault()),
    Way("no google-auth", VERTEX, ADC, installed=False, missing="install google-auth (pip install google-auth)"),
    Way("nothing of google", VERTEX, {}, missing=NO_GOOGLE),
    Way("google by another variable", {**VERTEX, "api_key": "$MINE"}, ADC, missing="set MINE"),
    Way(
        "a command wins over a kind's variable",
        {**VERTEX, "token_command": PYTHON, "token_lifetime": "5m"},
        {"GOOGLE_OAUTH_ACCESS_TOKEN": "ya29"},
        TokenCommand(argv=tuple(PYTHON), lifetime_seconds=300.0),
    ),
    Way(
        "a command for any kind",
        {"kind": "k", "token_command": PYTHON},
        {},
        TokenCommand(argv=tuple(PYTHON), lifetime_seconds=600.0),
    ),
    Way(
        "a command that is not there",
        {"kind": "k", "token_command": ["print-token-9", "canary-31f"]},
        {"PATH": "/nowhere"},
        missing="'print-token-9', which its token_command starts, is not on the PATH",
    ),
)
VARIABLES = {"bedrock": "AWS_BEARER_TOKEN_BEDROCK", "vertex": "GOOGLE_OAUTH_ACCESS_TOKEN", "k": "MAIN_KEY"}


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.id)
def test_what_stands_in_for_a_key(way):
    """A key of the kind's own wins; else AWS keys, Google's credentials or a command; else what to set is said."""
    provider = ProviderSettings.model_validate(way.provider)
    found = find_key(
        provider,
        kind(VARIABLES[provider.kind]),
        way.environ,
        region=way.region,
        google_auth=lambda: way.installed,
        botocore=lambda: way.installed,
    )
    assert (found.secret.reveal() if found.secret else None) == way.key
    assert found.grant == way.grant
    assert found.missing == way.missing


def test_unusable_aws_keys_are_an_error_without_them():
    """A secret with a line break is refused by the variable's name."""
    environ = {**AWS, "AWS_SECRET_ACCESS_KEY": "canary\n31f"}
    with pytest.raises(SecretMissing, match="AWS_SECRET_ACCESS_KEY") as raised:
        find_key(ProviderSettings(kind="bedrock"), kind("AWS_BEARER_TOKEN_BEDROCK"), environ, region="us-east-1")
    assert "canary" not in str(raised.value)


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


def test_one_client_key_for_two_callers():
    """It is a fault that names both, however the references are written: nobody could tell who called."""
    references = {"ann": "$ANN", "bob": "${BOB}", "cyd": "$CYD", "dan": "os.environ/ANN"}
    found, faults = client_keys(references, {"ANN": "canary-1", "BOB": "canary-1", "CYD": "other"})
    assert list(found) == ["ann", "cyd"]
    assert faults == [
        "The client keys of 'ann' and 'bob' are the same. Give each its own.",
        "The client keys of 'ann' and 'dan' are the same. Give each its own.",
    ]


def test_short_client_keys():
    """Fifteen characters are warned of, sixteen are not; the key is not shown."""
    [line] = weak_keys({"ann": Secret("c" * 15), "bob": Secret("c" * 16)})
    assert line.startswith("The client key of 'ann' has fewer than 16 characters")
    assert "ccc" not in line


def test_the_files_of_keys():
    """Each file that a provider's or a caller's key is in, once; no variables."""
    section = {"kind": "mistral", "api_key": "file:/run/a"}
    file = SettingsFile.model_validate(
        {
            "providers": {"m": section, "n": {**section, "api_key": "$KEY"}, "o": {"kind": "vllm"}},
            "server": {"auth": {"keys": {"me": "file: /run/b", "you": "file:/run/a", "they": "os.environ/K"}}},
        }
    )

    assert key_files(file) == (Path("/run/a"), Path("/run/b"))
