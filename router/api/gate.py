"""The gate in front of every path: what a request's head must look like before anything else is done with it.

uvicorn has no limit on headers, no time-out on a body and takes two Host headers; all of that is refused here.
"""

import re
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from router.errors import MalformedRequest, NoUpgrade, RequestTooLarge, UnsupportedEncoding

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

MAX_HEADERS = 100
MAX_HEADER_BYTES = 32 * 1024
BODY_SECONDS = 30.0
"""How long a request body may take once its head has come."""
_ONCE = (b"host", b"content-length", b"authorization", b"x-api-key", b"content-type")
_HOST = re.compile(rb"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?").fullmatch
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:-]{1,128}")


@dataclass(frozen=True, slots=True)
class Head:
    """The headers of a request that tierwise reads, by lower-case name; values as received."""

    fields: dict[bytes, bytes]

    def get(self, name: bytes) -> bytes | None:
        """Return a header's value, or None."""
        return self.fields.get(name)

    def credential(self) -> bytes | None:
        """Return the caller's key as the value of an Authorization header: that header's, else that of x-api-key."""
        authorization, key = self.fields.get(b"authorization"), self.fields.get(b"x-api-key")
        return b"Bearer " + key if authorization is None and key is not None else authorization

    def request_id(self) -> str | None:
        """Return the client's own x-request-id where it is fit to be echoed, else None."""
        value = self.fields.get(b"x-request-id")
        return value.decode() if value is not None and _REQUEST_ID.fullmatch(value) else None


class ClientGone(Exception):
    """The client left before its request was complete: nobody is there to be answered."""


def inspect(scope: Scope, body_limit: int) -> Head:
    """Return the head of an ASGI HTTP scope; refuse what no honest client sends (400, 413, 415)."""
    headers = scope["headers"]
    fields = dict(headers)
    if len(fields) != len(headers):
        _refuse_doubles(headers)
    size = sum(map(len, chain.from_iterable(headers)))
    if len(headers) > MAX_HEADERS or size > MAX_HEADER_BYTES:
        raise RequestTooLarge(
            f"the request has {len(headers)} headers of {size} bytes",
            fix=f"Send at most {MAX_HEADERS} of 32 KiB in all.",
        )
    host = fields.get(b"host")
    if host is None:
        if scope.get("http_version") != "1.0":
            raise MalformedRequest("the request has no Host header", fix="Send exactly one Host header.")
    elif not _HOST(host):
        raise MalformedRequest("the Host header holds no host", fix="Send exactly one, as name or name:port.")
    if b"upgrade" in fields:
        # The parser takes what follows such a head for another protocol, and would read the body as a new request.
        raise NoUpgrade("the request asks to upgrade the connection")
    if fields.get(b"content-encoding", b"identity").lower() != b"identity":
        raise UnsupportedEncoding("the request body is compressed")
    if fields.get(b"transfer-encoding", b"chunked").strip().lower() != b"chunked":
        raise UnsupportedEncoding("the request body is compressed on its way (Transfer-Encoding)")
    length = fields.get(b"content-length")
    if length is not None and int(length) > body_limit:
        raise too_large(int(length), body_limit)
    return Head(fields)


def _refuse_doubles(headers: list[tuple[bytes, bytes]]) -> None:
    """Refuse a header that may stand only once (400): which of two counts is where smuggling starts."""
    for name in _ONCE:
        if sum(1 for key, _ in headers if key == name) > 1:
            raise MalformedRequest(f"the header {name.decode()} stands there twice", fix="Send it once.")


def too_large(size: int, limit: int) -> RequestTooLarge:
    """Build the refusal of a body of at least `size` bytes."""
    return RequestTooLarge(f"the body has {size} bytes or more; the limit is {limit} (server.body_limit_bytes)")


async def read_body(receive: Receive, limit: int) -> bytes:
    """Return the whole request body; RequestTooLarge past `limit` bytes, ClientGone when the client left before."""
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body", False):
        body: bytes = message.get("body", b"")
        if len(body) > limit:
            raise too_large(len(body), limit)
        return body
    return await _read_rest(message, receive, limit)


async def _read_rest(message: MutableMapping[str, Any], receive: Receive, limit: int) -> bytes:
    """Gather a body that comes in several messages."""
    parts: list[bytes] = []
    size = 0
    while True:
        if message["type"] == "http.disconnect":
            raise ClientGone
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise too_large(size, limit)
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)
        message = await receive()
