"""Signatures for calls to Amazon Bedrock: AWS Signature Version 4, from the standard library alone.

The date, the host, the content type and the very bytes of the body are signed, so a call that was changed on its way
is refused. Not signed are headers that a transport writes or replaces (user-agent, accept-encoding, content-length).
"""

import asyncio
import hmac
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import quote, urlsplit

from router.upstreams.credentials import AwsKeys
from router.wire.call import UpstreamCall

_ALGORITHM = "AWS4-HMAC-SHA256"
_TIME = "%Y%m%dT%H%M%SZ"
_PORTS = {"http": 80, "https": 443}
_MANTLE = "bedrock-mantle"
_LONG_BODY_BYTES = 2**20  # from here on a body is hashed in a thread: it would hold up other requests for milliseconds


class AwsSigner:
    """Sign each call with keys of AWS (an `Authoriser`)."""

    refusals: frozenset[int] = frozenset()
    __slots__ = ("_day", "_keys", "_now", "_signing_key")

    def __init__(self, keys: AwsKeys, now: Callable[[], datetime]) -> None:
        """Take the keys and the wall clock, which must be right within five minutes."""
        self._keys = keys
        self._now = now
        self._day = ("", "")
        self._signing_key = b""

    async def headers(self, call: UpstreamCall) -> tuple[tuple[str, str], ...]:
        """Return the headers that sign the call as of now; ValueError if its URL has no usable host."""
        if len(call.body) < _LONG_BODY_BYTES:
            return self.signed(call, sha256(call.body).hexdigest())
        return self.signed(call, (await asyncio.to_thread(sha256, call.body)).hexdigest())

    def refused(self, _shown: tuple[tuple[str, str], ...]) -> None:
        """Keep the keys: there are no others until the next start."""

    async def close(self) -> None:
        """Hold nothing that would need closing."""

    def signed(self, call: UpstreamCall, digest: str) -> tuple[tuple[str, str], ...]:
        """Return the headers that sign the call; `digest` is the SHA-256 of its body in hexadecimal digits."""
        parts = urlsplit(call.url)
        time = self._now().astimezone(UTC).strftime(_TIME)
        shown = [("x-amz-date", time)]
        if self._keys.session_token is not None:
            shown.append(("x-amz-security-token", self._keys.session_token.reveal()))
        content = [(name.lower(), value) for name, value in call.headers if name.lower() == "content-type"]
        fields = sorted(
            (name, " ".join(value.split())) for name, value in [*shown, *content, ("host", _host(call.url))]
        )
        names = ";".join(name for name, _ in fields)
        lines = (
            call.method.upper(),
            _path(parts.path),
            "&".join("=".join(pair) for pair in sorted(_pairs(parts.query))),
            *(f"{name}:{value}" for name, value in fields),
            "",
            names,
            digest,
        )
        service = _MANTLE if (parts.hostname or "").startswith(f"{_MANTLE}.") else "bedrock"
        scope = f"{time[:8]}/{self._keys.region}/{service}/aws4_request"
        text = "\n".join((_ALGORITHM, time, scope, sha256("\n".join(lines).encode()).hexdigest()))
        signature = hmac.digest(self._key(time[:8], service), text.encode(), "sha256").hex()
        account = self._keys.access_key_id.reveal()
        value = f"{_ALGORITHM} Credential={account}/{scope}, SignedHeaders={names}, Signature={signature}"
        return (*shown, ("authorization", value))

    def _key(self, day: str, service: str) -> bytes:
        """Return the key of one day and service, derived once a day."""
        if self._day != (day, service):
            key = f"AWS4{self._keys.secret_access_key.reveal()}".encode()
            for part in (day, self._keys.region, service, "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._day, self._signing_key = (day, service), key
        return self._signing_key


def aws_signer(_provider: str, keys: AwsKeys, now: Callable[[], datetime]) -> AwsSigner:
    """Return what signs a provider's calls."""
    return AwsSigner(keys, now)


def _host(url: str) -> str:
    """Return the Host header as every transport writes it: lower case, without the scheme's own port."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    shown = f"[{host}]" if ":" in host else host
    return shown if parts.port in (None, _PORTS.get(parts.scheme)) else f"{shown}:{parts.port}"


def _path(path: str) -> str:
    """Return a URL's path in canonical form: no empty, `.` or `..` segments, and escaped once more than it is."""
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in ("", "."):
            kept.append(segment)
    end = "/" if kept and path.endswith("/") else ""
    return quote(f"/{'/'.join(kept)}{end}", safe="/~")


def _pairs(query: str) -> list[tuple[str, str]]:
    """Return the names and values of a query, escaped as they stand in the URL."""
    found = (pair.partition("=") for pair in query.split("&") if query)
    return [(name, value) for name, _, value in found]
