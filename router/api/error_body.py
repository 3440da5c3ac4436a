"""The headers that belong to an error: how to authenticate, when to come back. Its body is wire.openai_chat's."""

import math

from router.errors import ClassifierFailed, Overloaded, RateLimited, RequestTimeout, RouterError

JSON = b"application/json"

SHOULD_RETRY = b"x-should-retry"
"""The header by which the SDKs of OpenAI and Anthropic are told whether to send the request again.

It makes sense where the same request may be served soon, not where it would be answered the same, or was tried
everywhere already: the SDKs go by the status otherwise.
"""

_PASSING = (RequestTimeout, RateLimited, Overloaded, ClassifierFailed)
"""What passes by itself."""


def error_headers(error: RouterError) -> list[tuple[bytes, bytes]]:
    """Return the headers that belong to an error: what to authenticate with, when to try again."""
    headers = [
        (b"content-type", JSON),
        (SHOULD_RETRY, b"true" if error.again or isinstance(error, _PASSING) else b"false"),
    ]
    if error.status == 401:
        headers.append((b"www-authenticate", b'Bearer realm="tierwise"'))
    if error.closes:
        headers.append((b"connection", b"close"))
    if error.retry_after is not None:
        seconds = max(0.0, error.retry_after)
        headers.append((b"retry-after", b"%d" % math.ceil(seconds)))
        headers.append((b"retry-after-ms", b"%d" % math.ceil(seconds * 1000)))
    return headers
