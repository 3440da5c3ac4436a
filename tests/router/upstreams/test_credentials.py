"""Keys come by reference and never show themselves."""

import copy
import importlib
import pickle
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.errors import SecretMissing, SettingsInvalid
from router.upstreams.credentials import (
    AwsKeys,
    GoogleDefault,
    Secret,
    TokenCommand,
    google_auth_installed,
    is_reference,
    resolve,
)

CANARY = "sk-canary-6f1d02"


@dataclass(frozen=True, kw_only=True)
class Case:
    """One reference, the environment it is read in and the key it names."""

    id: str
    reference: str
    environ: dict[str, str]
    expected: str | None


FOUND = (
    Case(id="litellm style", reference="os.environ/KEY", environ={"KEY": CANARY}, expected=CANARY),
    Case(id="braces", reference="${KEY}", environ={"KEY": CANARY}, expected=CANARY),
    Case(id="dollar", reference="$KEY", environ={"KEY": CANARY}, expected=CANARY),
    Case(id="stripped", reference="$KEY", environ={"KEY": f"  {CANARY}\r\n"}, expected=CANARY),
    Case(id="not set", reference="$KEY", environ={}, expected=None),
    Case(id="empty", reference="$KEY", environ={"KEY": ""}, expected=None),
    Case(id="blank", reference="$KEY", environ={"KEY": " \n"}, expected=None),
)


@pytest.mark.parametrize("case", FOUND, ids=lambda case: case.id)
def test_a_variable_reference_names_its_key(case: Case) -> None:
    """A variable that is set gives its stripped value; one that is unset or empty gives None."""
    secret = resolve(case.reference, case.environ)
    assert (secret.reveal() if secret else None) == case.expected


@pytest.mark.parametrize(
    "literal", [CANARY, "", "$", "${}", "$1X", "os.environ/", "os.environ/sk-canary-6f1d02", "$KEY ", "file:", "file: "]
)
def test_a_literal_is_refused_without_being_repeated(literal: str) -> None:
    """Whatever is not a reference is refused with the way to write one, and is not echoed."""
    assert not is_reference(literal)
    with pytest.raises(SettingsInvalid) as caught:
        resolve(literal, {"KEY": "x"})
    assert "6f1d02" not in str(caught.value)
    assert "os.environ/NAME" in caught.value.fix


@pytest.mark.parametrize("inside", ["a\nb", "a\r\nx-evil: 1", "a\x00b", "a\x7fb", "schlüssel", "\udc80x"])
def test_a_key_that_could_split_a_header_is_refused(inside: str) -> None:
    """Control characters, line breaks and non-ASCII inside a key stop the start, unechoed."""
    with pytest.raises(SecretMissing) as caught:
        resolve("$KEY", {"KEY": inside})
    assert inside not in str(caught.value)
    with pytest.raises(ValueError, match="printable ASCII"):
        Secret(inside)


def test_a_file_reference_is_read(tmp_path: Path) -> None:
    """A file gives its stripped text; a missing or an empty one gives None."""
    path = tmp_path / "key"
    assert resolve(f"file:{path}", {}) is None
    path.write_text("")
    assert resolve(f"file:{path}", {}) is None
    path.write_text(f"{CANARY}\n")
    assert resolve(f"file:{path}", {}) == Secret(CANARY)


def test_an_unusable_file_is_told_apart_from_a_missing_one(tmp_path: Path) -> None:
    """A folder, an oversized file and a binary one raise, without their content."""
    with pytest.raises(SecretMissing, match="no regular file"):
        resolve(f"file:{tmp_path}", {})
    path = tmp_path / "key"
    path.write_bytes(b"x" * 65_537)
    with pytest.raises(SecretMissing, match="larger"):
        resolve(f"file:{path}", {})
    path.write_bytes(CANARY.encode() + b"\xff")
    with pytest.raises(SecretMissing) as caught:
        resolve(f"file:{path}", {})
    assert "canary" not in str(caught.value)


@dataclass(frozen=True)
class Holder:
    """A value that carries a secret."""

    key: Secret


def test_a_secret_shows_only_its_mask() -> None:
    """Text forms, containers and dataclasses print the mask; copies stay secrets; pickling is refused."""
    secret = Secret(CANARY)
    shown = [str(secret), repr(secret), f"{secret}", f"{secret:>40}", f"{secret!r}", repr([secret])]
    shown += [repr(Holder(secret)), repr(asdict(Holder(secret))), "%s" % secret]  # noqa: UP031  # the old way as well
    assert not [text for text in shown if "canary" in text]
    assert copy.deepcopy(secret) is copy.copy(secret) is secret
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(secret)
    assert not hasattr(secret, "__dict__")


@given(st.from_regex(r"[!-~]{1,20}", fullmatch=True), st.from_regex(r"[!-~]{1,20}", fullmatch=True))
def test_secrets_are_equal_as_their_texts_are(left: str, right: str) -> None:
    """Equality and hash follow the text, and a secret equals no plain string."""
    assert (Secret(left) == Secret(right)) == (left == right)
    assert hash(Secret(left)) == hash(Secret(left))
    assert Secret(left) != left


def aws(region: str = "us-east-1", session: Secret | None = None) -> AwsKeys:
    """Return keys of AWS that must not be shown."""
    return AwsKeys(
        access_key_id=Secret(f"{CANARY}-1"),
        secret_access_key=Secret(f"{CANARY}-2"),
        session_token=session,
        region=region,
    )


def test_grants_tell_their_secrets_and_show_none() -> None:
    """All that must be taken out of other texts is told, and stands in no text of the grant itself."""
    lent = aws(session=Secret(f"{CANARY}-3"))
    command = TokenCommand(argv=("print", CANARY), lifetime_seconds=60)
    assert [secret.reveal() for secret in lent.secrets()] == [f"{CANARY}-{number}" for number in (1, 2, 3)]
    assert len(aws().secrets()) == 2
    assert command.secrets() == GoogleDefault().secrets() == ()
    assert CANARY not in f"{lent!r} {lent} {command!r} {command}"
    assert "us-east-1" in repr(lent)


@pytest.mark.parametrize("region", ["", "us", "US-EAST-1", "us-east-1\nx: y", "us east 1", "us-east-1/"])
def test_an_aws_region_is_fit_for_a_header(region: str) -> None:
    """What is no region is refused before it is signed."""
    with pytest.raises(ValueError, match="region"):
        aws(region)


@pytest.mark.parametrize(("argv", "seconds"), [((), 60.0), (("",), 60.0), (("print",), 0.0)])
def test_a_token_command_can_be_run(argv: tuple[str, ...], seconds: float) -> None:
    """A program and a life above zero are needed."""
    with pytest.raises(ValueError, match="token"):
        TokenCommand(argv=argv, lifetime_seconds=seconds)


def test_google_auth_is_looked_for_without_being_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another package of Google's is not taken for it; it counts as soon as it is there."""
    for name in [name for name in sys.modules if name.split(".")[0] == "google"]:
        monkeypatch.delitem(sys.modules, name)
    (tmp_path / "google" / "other").mkdir(parents=True)
    (tmp_path / "google" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    assert not google_auth_installed()
    (tmp_path / "google" / "auth").mkdir()
    (tmp_path / "google" / "auth" / "__init__.py").write_text("raise RuntimeError('imported')")
    importlib.invalidate_caches()
    assert google_auth_installed()
    monkeypatch.delitem(sys.modules, "google")
