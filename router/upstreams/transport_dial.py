"""Connections opened: an address out of a URL, names looked up and remembered, the quicker address family, TLS."""

import asyncio
import re
import socket
import ssl
from collections.abc import Callable
from ipaddress import ip_address
from typing import NamedTuple, TypeVar
from urllib.parse import urlsplit

from aiohappyeyeballs import start_connection

from router.upstreams.resolver import NameResolver

DNS_SECONDS = 60.0
"""How long the addresses of a name are remembered."""

_EYEBALLS_SECONDS = 0.25
_NAMES = 1_024
_HOST = re.compile(r"[A-Za-z0-9._:%-]+")
_PATH = re.compile(r"[!-~]*")
_PORTS = {"http": 80, "https": 443}

P = TypeVar("P", bound=asyncio.BaseProtocol)


class Address(NamedTuple):
    """Where a connection goes to."""

    host: str
    port: int
    tls: bool


def address_of(url: str) -> tuple[Address, bytes, bytes]:
    """Return the address of a URL, its Host header and what is asked for there; ValueError if it cannot be used."""
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or parts.username is not None:
        raise ValueError("no http or https URL without credentials")
    host = (parts.hostname or "").encode("idna").decode() if not (parts.hostname or "").isascii() else parts.hostname
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not host or not _HOST.fullmatch(host) or not _PATH.fullmatch(path):
        raise ValueError("no host, or characters that do not belong there")
    default = _PORTS[parts.scheme]
    port = parts.port or default
    shown = f"[{host}]" if ":" in host else host
    return Address(host, port, parts.scheme == "https"), _with_port(shown, port, default), path.encode()


def _with_port(host: str, port: int, default: int) -> bytes:
    return host.encode() if port == default else f"{host}:{port}".encode()


class Dialler:
    """Open connections on one event loop; remembers names, with one look-up a name in flight."""

    def __init__(self, tls: ssl.SSLContext | None) -> None:
        """Take a trust store; None is the system's."""
        self._tls = tls
        self._resolver = NameResolver()
        self._known: dict[str, tuple[float, tuple[tuple[int, str], ...]]] = {}
        self._asked: dict[str, asyncio.Task[tuple[tuple[int, str], ...]]] = {}

    async def dial(self, address: Address, make: Callable[[], P]) -> P:
        """Return a connected protocol; OSError (ssl.SSLError, socket.gaierror among them) if there is no connection."""
        loop = asyncio.get_running_loop()
        context = self._context() if address.tls else None
        name = address.host if address.tls else None
        if _is_literal(address.host):
            _, protocol = await loop.create_connection(
                make, address.host, address.port, ssl=context, server_hostname=name
            )
            return protocol
        found = await self._addresses(address)
        taken = await start_connection(
            [(kind, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, address.port)) for kind, host in found],
            happy_eyeballs_delay=_EYEBALLS_SECONDS,
            interleave=1,
            loop=loop,
        )
        try:
            _, protocol = await loop.create_connection(make, sock=taken, ssl=context, server_hostname=name)
        except BaseException:
            taken.close()
            raise
        return protocol

    def close(self) -> None:
        """Let the look-ups go."""
        for task in self._asked.values():
            task.cancel()
        self._resolver.close()

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls

    async def _addresses(self, address: Address) -> tuple[tuple[int, str], ...]:
        """Return the addresses of a name; a caller that leaves does not end a look-up that others wait for."""
        host, loop = address.host, asyncio.get_running_loop()
        known = self._known.get(host)
        if known is not None and loop.time() < known[0]:
            return known[1]
        task = self._asked.get(host)
        if task is None:
            task = self._asked[host] = loop.create_task(self._resolver.addresses(host, address.port, socket.AF_UNSPEC))
            task.add_done_callback(lambda done: self._learn(host, done))
        return await asyncio.shield(task)

    def _learn(self, host: str, task: "asyncio.Task[tuple[tuple[int, str], ...]]") -> None:
        self._asked.pop(host, None)
        if task.cancelled() or task.exception() is not None:
            return
        if len(self._known) >= _NAMES:
            self._known.clear()
        self._known[host] = (task.get_loop().time() + DNS_SECONDS, task.result())


def _is_literal(host: str) -> bool:
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True
