"""References of the operator's YAML to the environment and to files, followed when the process starts."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from router.errors import SecretMissing
from router.settings.catalogue import Kind
from router.settings.schema import ProviderSettings, SettingsFile
from router.upstreams.credentials import (
    AwsChain,
    AwsKeys,
    GoogleDefault,
    Grant,
    Secret,
    TokenCommand,
    botocore_installed,
    google_auth_installed,
    is_reference,
    resolve,
)

AWS_REGION = ("AWS_REGION", "AWS_DEFAULT_REGION")
"""The variables that name the region of Bedrock where a provider's entry names none."""

SHORTEST_CLIENT_KEY = 16
"""Characters below which there is a warning: whoever can call can try keys, and short ones are names of things."""

FILE = "file:"
"""What the reference to a file begins with."""

_PREFIX = "os.environ/"
_AWS_ID, _AWS_SECRET, _AWS_SESSION = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"
_AWS_PROFILE = "AWS_PROFILE"
_GOOGLE_FILE = "GOOGLE_APPLICATION_CREDENTIALS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What was found for one provider: its secret, or the grant that each call is authorised from.

    None of both with `missing`, the words that say what to set; without: it needs no key, and none is there.
    """

    secret: Secret | None = None
    grant: Grant | None = None
    missing: str | None = None


def variable(reference: str) -> str | None:
    """Return the environment variable that a reference names; None for file: and for what is no reference."""
    if not is_reference(reference) or reference.startswith(FILE):
        return None
    return reference.removeprefix(_PREFIX).lstrip("$").strip("{}")


def text(value: str | None, environ: Mapping[str, str]) -> str | None:
    """Return a plain value as it is, and what the environment holds where it names a variable (None: not set)."""
    name = variable(value) if value is not None else None
    return value if name is None else environ.get(name, "").strip() or None


def key_files(file: SettingsFile) -> tuple[Path, ...]:
    """Return the files that the references of a configuration name (file:/path), each once."""
    named = [provider.api_key for provider in file.providers.values()] + list(file.server.auth.keys.values())
    found = (Path(one.removeprefix(FILE).strip()) for one in named if one is not None and one.startswith(FILE))
    return tuple(dict.fromkeys(found))


def find_key(
    provider: ProviderSettings,
    kind: Kind,
    environ: Mapping[str, str],
    *,
    region: str | None = None,
    google_auth: Callable[[], bool] = google_auth_installed,
    botocore: Callable[[], bool] = botocore_installed,
) -> Key:
    """Look up a provider's key: where its entry says, else in the kind's variables; a kind's variables are synonyms.

    Where no such variable is set, Bedrock's calls are signed with AWS keys for `region`, and Vertex takes Google's
    default credentials. `google_auth` and `botocore` tell whether those libraries are there. SecretMissing where
    something stands there that cannot be a key.
    """
    if provider.token_command is not None:
        return _command(provider.token_command, provider.token_lifetime, environ)
    if provider.kind == "bedrock" and (provider.application_default or provider.profile):
        return _aws_chain(provider.profile, region, botocore)
    if provider.application_default:
        return _google_default(google_auth)
    references = _places(provider, kind)
    for reference in references:
        secret = resolve(reference, environ)
        if secret is not None:
            return Key(secret=secret)
    if kind.key_optional and provider.api_key is None:
        return Key()
    return _without_key(provider, kind, environ, region=region, google_auth=google_auth, botocore=botocore)


def client_keys(references: Mapping[str, str], environ: Mapping[str, str]) -> tuple[dict[str, Secret], list[str]]:
    """Return the client keys by caller, and a sentence for each caller whose key is missing, unusable or another's.

    A caller without a key is a fault, never an open door: who configured keys expects them to be asked for.
    """
    found: dict[str, Secret] = {}
    owners: dict[Secret, str] = {}
    faults: list[str] = []
    for caller, reference in references.items():
        try:
            secret = resolve(reference, environ)
        except SecretMissing as error:
            faults.append(f"The client key of '{caller}' cannot be used: {error.message}. {error.fix}")
            continue
        if secret is None:
            faults.append(f"The client key of '{caller}' is not there: {_wanted((reference,))}.")
        elif owners.setdefault(secret, caller) != caller:
            faults.append(f"The client keys of '{owners[secret]}' and '{caller}' are the same. Give each its own.")
        else:
            found[caller] = secret
    return found, faults


def weak_keys(keys: Mapping[str, Secret]) -> list[str]:
    """Return a line for each caller whose client key is too short to keep anybody out."""
    return [
        f"The client key of '{caller}' has fewer than {SHORTEST_CLIENT_KEY} characters, so it can be guessed. Make one "
        "with `openssl rand -hex 24`."
        for caller, key in keys.items()
        if len(key.reveal()) < SHORTEST_CLIENT_KEY
    ]


def _without_key(
    provider: ProviderSettings,
    kind: Kind,
    environ: Mapping[str, str],
    *,
    region: str | None,
    google_auth: Callable[[], bool],
    botocore: Callable[[], bool],
) -> Key:
    """Return what else authorises the calls of a provider, where its entry names no key.

    Whoever names one gets that one or none: credentials that happen to lie in the environment are not spent.
    """
    references = _places(provider, kind)
    insists = provider.api_key is not None
    if provider.kind == "bedrock" and not insists:
        if environ.get(_AWS_PROFILE, "").strip() and not environ.get(_AWS_ID, "").strip():
            return _aws_chain(None, region, botocore)
        return _aws_keys(_wanted(references), environ, region)
    if provider.kind == "vertex" and not insists:
        if environ.get(_GOOGLE_FILE, "").strip():
            return _google_default(google_auth)
        return Key(missing=f"{_wanted((*references, _PREFIX + _GOOGLE_FILE))}, or write token_command: in its entry")
    return Key(missing=_wanted(references))


def _aws_keys(otherwise: str, environ: Mapping[str, str], region: str | None) -> Key:
    """Return the AWS keys of the environment; `otherwise` says what to set in their place."""
    found = {name: resolve(_PREFIX + name, environ) for name in (_AWS_ID, _AWS_SECRET, _AWS_SESSION)}
    account, secret = found[_AWS_ID], found[_AWS_SECRET]
    if account is None and secret is None:
        return Key(missing=f"{otherwise} (or {_AWS_ID} and {_AWS_SECRET}, or {_AWS_PROFILE})")
    if account is None or secret is None:
        lacking, there = (_AWS_ID, _AWS_SECRET) if account is None else (_AWS_SECRET, _AWS_ID)
        return Key(missing=f"set {lacking}, which belongs to {there}")
    if region is None:
        return Key(missing=f"set {AWS_REGION[0]}, or write region: in its entry")
    try:
        keys = AwsKeys(
            access_key_id=account, secret_access_key=secret, session_token=found[_AWS_SESSION], region=region
        )
    except ValueError:
        return Key(missing="write a region such as us-east-1 in its entry")
    return Key(grant=keys)


def _aws_chain(profile: str | None, region: str | None, installed: Callable[[], bool]) -> Key:
    """Return the keys of AWS's credential chain, which are looked for when the first call is signed."""
    if not installed():
        return Key(missing="install botocore (pip install botocore)")
    if region is None:
        return Key(missing=f"set {AWS_REGION[0]}, or write region: in its entry")
    try:
        return Key(grant=AwsChain(region=region, profile=profile))
    except ValueError:
        return Key(missing="write a region such as us-east-1 in its entry")


def _google_default(installed: Callable[[], bool]) -> Key:
    """Return Google's default credentials, which are looked for when the first token is wanted."""
    if not installed():
        return Key(missing="install google-auth (pip install google-auth)")
    return Key(grant=GoogleDefault())


def _command(argv: tuple[str, ...], lifetime_seconds: float, environ: Mapping[str, str]) -> Key:
    """Return the command that prints the provider's token, if its program is there."""
    if shutil.which(argv[0], path=environ.get("PATH")) is None:
        return Key(missing=f"'{argv[0]}', which its token_command starts, is not on the PATH")
    return Key(grant=TokenCommand(argv=argv, lifetime_seconds=lifetime_seconds))


def _places(provider: ProviderSettings, kind: Kind) -> tuple[str, ...]:
    """Return the references to try, the operator's own first."""
    synonyms = tuple(f"{_PREFIX}{name}" for name in kind.key)
    if provider.api_key is None:
        return synonyms
    if variable(provider.api_key) in kind.key:
        return tuple(dict.fromkeys((f"{_PREFIX}{variable(provider.api_key)}", *synonyms)))
    return (provider.api_key,)


def _wanted(references: tuple[str, ...]) -> str:
    """Say what to set, the first choice first."""
    first, *others = (variable(reference) or reference for reference in references)
    text = f"set {first}" if variable(references[0]) else f"write the key into {first}"
    return f"{text} (or {', '.join(others)})" if others else text
