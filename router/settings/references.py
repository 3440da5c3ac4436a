"""References of the operator's YAML to the environment and to files, followed when the process starts."""

from collections.abc import Mapping
from dataclasses import dataclass

from router.errors import SecretMissing
from router.settings.catalogue import Kind
from router.settings.schema import ProviderSettings
from router.upstreams.credentials import Secret, is_reference, resolve

_PREFIX = "os.environ/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What was found for one provider: its secret, or None with `missing`, the words that say what to set.

    Both None: this provider needs no key, and none is there.
    """

    secret: Secret | None = None
    missing: str | None = None


def variable(reference: str) -> str | None:
    """Return the environment variable that a reference names; None for file: and for what is no reference."""
    if not is_reference(reference) or reference.startswith("file:"):
        return None
    return reference.removeprefix(_PREFIX).lstrip("$").strip("{}")


def text(value: str | None, environ: Mapping[str, str]) -> str | None:
    """Return a plain value as it is, and what the environment holds where it names a variable (None: not set)."""
    name = variable(value) if value is not None else None
    return value if name is None else environ.get(name, "").strip() or None


def find_key(provider: ProviderSettings, kind: Kind, environ: Mapping[str, str]) -> Key:
    """Look up a provider's key: where its entry says, else in the kind's variables; a kind's variables are synonyms.

    SecretMissing where something stands there that cannot be a key.
    """
    references = _places(provider, kind)
    for reference in references:
        secret = resolve(reference, environ)
        if secret is not None:
            return Key(secret=secret)
    if kind.key_optional and provider.api_key is None:
        return Key()
    return Key(missing=_wanted(references))


def client_keys(references: Mapping[str, str], environ: Mapping[str, str]) -> tuple[dict[str, Secret], list[str]]:
    """Return the client keys by caller, and a sentence for each caller whose key is not there or unusable.

    A caller without a key is a fault, never an open door: who configured keys expects them to be asked for.
    """
    found: dict[str, Secret] = {}
    faults: list[str] = []
    for caller, reference in references.items():
        try:
            secret = resolve(reference, environ)
        except SecretMissing as error:
            faults.append(f"The client key of '{caller}' cannot be used: {error.message}. {error.fix}")
            continue
        if secret is None:
            faults.append(f"The client key of '{caller}' is not there: {_wanted((reference,))}.")
        else:
            found[caller] = secret
    return found, faults


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
