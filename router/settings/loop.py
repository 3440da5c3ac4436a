"""Whether a configuration calls the very address that it is served at, so that one request would go round in it."""

import ipaddress
import socket
from collections.abc import Mapping
from urllib.parse import urlsplit

from router.settings.facts import account
from router.settings.load import Settings

_DEFAULT_PORTS = {"http": 80, "https": 443}

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def loops(settings: Settings, environ: Mapping[str, str], host: str, port: int) -> tuple[str, ...]:
    """Return a problem for each provider of an upstream whose base URL is `host`:`port`, where tierwise listens.

    Port 0 is no port yet: nothing is called there. Names other than localhost are compared, not looked up.
    """
    called = dict.fromkeys(upstream.provider for upstream in settings.upstreams.values())
    found: list[str] = []
    for name in called:
        provider = settings.providers[name]
        base_url = account(provider, settings.catalogue.providers[provider.kind], environ).base_url
        if base_url is not None and port and _leads_to(base_url, host, port):
            found.append(
                f"Provider '{name}' is called at port {port}, where tierwise itself listens: each request would come "
                f"back to it again and again. ({settings.origin}, providers.{name}.base_url)"
            )
    return tuple(found)


def _leads_to(base_url: str, host: str, port: int) -> bool:
    """Whether calls of a base URL arrive at what listens on `host` and `port`."""
    try:
        parts = urlsplit(base_url)
        called = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return False  # no URL: what is wrong with it is said elsewhere
    return called == port and parts.hostname is not None and _reaches(parts.hostname, host)


def _reaches(called: str, listening: str) -> bool:
    """Whether what listens on one host is reached by calling another one, at the same port.

    Loopback and unspecified addresses are taken for one another. What listens on one address of a network alone is not
    reached by loopback, where another server may have the same port.
    """
    called, listening = _plain(called), _plain(listening)
    if called == listening:
        return True
    there, here = _address(called), _address(listening)
    if there is None or here is None:
        return False
    return there == here or (_of_this_machine(there) and _of_this_machine(here))


def _plain(host: str) -> str:
    """Return a host as it is compared."""
    return host.strip("[]").rstrip(".").lower()


def _address(host: str) -> Address | None:
    """Return the address that a host is, however it is written (127.1); None for a name other than localhost."""
    if host == "localhost" or host.endswith(".localhost"):
        return ipaddress.IPv4Address("127.0.0.1")
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        try:
            return ipaddress.IPv4Address(socket.inet_aton(host))
        except OSError:
            return None
    return getattr(found, "ipv4_mapped", None) or found


def _of_this_machine(address: Address) -> bool:
    """Whether calls of an address stay on this machine: the unspecified one is called as loopback."""
    return address.is_loopback or address.is_unspecified
