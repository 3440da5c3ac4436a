"""Errors as OpenAI clients read them: four fields, always all four."""

import math

import msgspec

from router.errors import RouterError

JSON = b"application/json"


def error_body(error: RouterError) -> bytes:
    """Return `{"error": {message, type, param, code}}` as JSON bytes; the message ends in the fix."""
    message = f"{error.message.rstrip('.')}. {error.fix}" if error.fix else error.message
    fields = {"message": message, "type": error.type, "param": error.param, "code": error.code}
    return msgspec.json.encode({"error": fields})


def error_headers(error: RouterError) -> list[tuple[bytes, bytes]]:
    """Return the headers that belong to an error: what to authenticate with, when to try again."""
    headers = [(b"content-type", JSON)]
    if error.status == 401:
        headers.append((b"www-authenticate", b'Bearer realm="tierwise"'))
    if error.closes:
        headers.append((b"connection", b"close"))
    if error.retry_after is not None:
        seconds = max(0.0, error.retry_after)
        headers.append((b"retry-after", b"%d" % math.ceil(seconds)))
        headers.append((b"retry-after-ms", b"%d" % math.ceil(seconds * 1000)))
    return headers
