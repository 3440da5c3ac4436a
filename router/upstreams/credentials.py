"""Secrets and the references that name them.

The operator's YAML never holds a key: it holds `os.environ/NAME`, `${NAME}`, `$NAME` or `file:/path`. `resolve` turns
such a reference into a `Secret`, a value that shows itself only to who calls `reveal`. A `Grant` is what each call is
authorised from where a key alone will not do: AWS keys sign, and Google's tokens expire.
"""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Never, Self

from router.errors import SecretMissing, SettingsInvalid

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_VARIABLE = re.compile(rf"os\.environ/({_NAME})|\$\{{({_NAME})\}}|\$({_NAME})")
_FILE_PREFIX = "file:"
_FILE_LIMIT_BYTES = 65_536
_MASK = "********"
_AWS_REGION = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)+")

_HOW = "Write os.environ/NAME, ${NAME}, $NAME or file:/path there, and put the key into that variable or file."


class Secret:
    """A key. Its text comes out of `reveal()` alone: str, repr, format, pickle and copies never hold it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        """Keep `text`; ValueError (which does not repeat it) if it is empty or could not stand in a header."""
        if not text:
            raise ValueError("a secret must not be empty")
        if not (text.isascii() and text.isprintable()):
            raise ValueError("a secret must be printable ASCII: it holds a control character, a line break or worse")
        self._text = text

    def reveal(self) -> str:
        """Return the key itself; call it only where it is put into a header or hashed."""
        return self._text

    def __repr__(self) -> str:
        return f"Secret({_MASK})"

    def __str__(self) -> str:
        return _MASK

    def __format__(self, format_spec: str) -> str:
        return _MASK

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._text, other._text)

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce_ex__(self, protocol: object) -> Never:
        raise TypeError("a Secret cannot be pickled")


def _require_region(region: str) -> None:
    if not _AWS_REGION.fullmatch(region):
        raise ValueError("an AWS region is written like us-east-1")


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsKeys:
    """Keys of an AWS identity, and the region that its calls are signed for; `session_token` where they are lent."""

    access_key_id: Secret
    secret_access_key: Secret
    session_token: Secret | None = None
    region: str

    def __post_init__(self) -> None:
        """Refuse what cannot be a region (ValueError): it stands in a header."""
        _require_region(self.region)

    def secrets(self) -> tuple[Secret, ...]:
        """Return what must never be shown."""
        lent = () if self.session_token is None else (self.session_token,)
        return (self.access_key_id, self.secret_access_key, *lent)


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsChain:
    """AWS keys that botocore finds: a profile, SSO, a role of the machine. `profile` None is the default one."""

    region: str
    profile: str | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be a region (ValueError): it stands in a header."""
        _require_region(self.region)

    def secrets(self) -> tuple[Secret, ...]:
        """Return what must never be shown: nothing that is known beforehand."""
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenCommand:
    """A command that prints a bearer token, run anew before `lifetime_seconds` have passed. No shell is between."""

    argv: tuple[str, ...] = field(repr=False)
    lifetime_seconds: float

    def __post_init__(self) -> None:
        """Refuse a command without a program, or a token that never lives (ValueError)."""
        if not self.argv or not self.argv[0]:
            raise ValueError("a token command names a program")
        if self.lifetime_seconds <= 0:
            raise ValueError("a token lives longer than 0 seconds")

    def secrets(self) -> tuple[Secret, ...]:
        """Return what must never be shown: nothing that is known beforehand."""
        return ()


@dataclass(frozen=True, slots=True)
class GoogleDefault:
    """Google's Application Default Credentials, which google-auth finds and turns into tokens."""

    def secrets(self) -> tuple[Secret, ...]:
        """Return what must never be shown: nothing that is known beforehand."""
        return ()


Grant = AwsKeys | AwsChain | TokenCommand | GoogleDefault
"""What each call of a provider is authorised from, in place of a key."""


def google_auth_installed() -> bool:
    """Tell whether google-auth can be imported, without importing it."""
    try:
        return find_spec("google.auth") is not None
    except ModuleNotFoundError:
        return False


def botocore_installed() -> bool:
    """Tell whether botocore can be imported, without importing it."""
    return find_spec("botocore") is not None


def is_reference(text: str) -> bool:
    """Tell whether `text` names a key (by variable or file) instead of being one."""
    if text.startswith(_FILE_PREFIX):
        return bool(text.removeprefix(_FILE_PREFIX).strip()) and "\0" not in text
    return _VARIABLE.fullmatch(text) is not None


def resolve(reference: str, environ: Mapping[str, str]) -> Secret | None:
    """Return the key that `reference` names, stripped of outer whitespace; None if it is not set, empty or no file.

    SettingsInvalid if `reference` is not a reference: it may be the key itself, so it is never repeated.
    SecretMissing if what it names is there but cannot be used (not readable, not printable ASCII, over 64 KiB).
    """
    if not is_reference(reference):
        raise SettingsInvalid(("a key stands here itself, where only a reference to it may stand",), fix=_HOW)
    found = _VARIABLE.fullmatch(reference)
    text = _read(reference) if found is None else environ.get(found[1] or found[2] or found[3])
    text = None if text is None else text.strip()
    if not text:
        return None
    try:
        return Secret(text)
    except ValueError:
        raise SecretMissing(
            f"what {reference} names cannot be a key: it holds a line break, a control character or a non-ASCII one",
            fix="Store the key alone, on one line, as the provider shows it.",
        ) from None


def _read(reference: str) -> str | None:
    """Return the text of the file that `reference` names, None if there is none; SecretMissing if it is unusable."""
    path = Path(reference.removeprefix(_FILE_PREFIX).strip())
    try:
        if path.exists() and not path.is_file():
            raise SecretMissing(f"{reference} is no regular file (a folder, a pipe or a device)", fix="Name a file.")
        with path.open("rb") as file:
            raw = file.read(_FILE_LIMIT_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SecretMissing(f"{reference} cannot be read: {error.strerror}") from None
    if len(raw) > _FILE_LIMIT_BYTES:
        raise SecretMissing(f"{reference} is larger than {_FILE_LIMIT_BYTES} bytes, so it is not a key")
    return raw.decode("ascii", errors="replace")
