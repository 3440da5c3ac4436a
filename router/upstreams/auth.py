"""The key's header: which name and value show a provider who is calling, and that it goes nowhere else."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from router.upstreams import failures
from router.upstreams.credentials import Secret
from router.wire.call import UpstreamCall


def auth_headers(call: UpstreamCall, secrets: Mapping[str, Secret]) -> tuple[tuple[str, str], ...]:
    """Return the headers that carry the key of the call's provider; none if it has no key.

    `secrets` maps provider names to keys. UpstreamUnreachable if the call's URL has no usable host and port, or is not
    below its provider's base URL: a key is shown only to the host that it was configured for.
    """
    provider = call.provider
    base = provider.base_url.rstrip("/")
    if not call.url.startswith(base) or call.url[len(base) : len(base) + 1] not in ("", "/", "?"):
        raise failures.unreachable(provider.name, "the call leaves the provider's base URL")
    if not _has_address(call.url):
        raise failures.unreachable(provider.name, "its base URL cannot be used")
    secret = secrets.get(provider.name)
    if secret is None:
        return ()
    if provider.kind == "azure":
        return (("api-key", secret.reveal()),)
    return (("authorization", f"Bearer {secret.reveal()}"),)


def _has_address(url: str) -> bool:
    """Tell whether the URL names a host and, if any, a port from 0 to 65535."""
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and (parts.port or 0) >= 0
    except ValueError:
        return False
