"""How requests are refused: the two error bodies, and what each status means."""

from collections.abc import Iterable, Mapping
from typing import Any

from router.api.description.schema import TEXT, Schema, an_object, named, one_of, or_null

ERROR: Schema = an_object(
    {
        "error": an_object(
            {"message": TEXT, "type": TEXT, "param": or_null(TEXT), "code": TEXT},
        )
    }
)

MESSAGES_ERROR: Schema = an_object(
    {
        "type": one_of("error"),
        "error": an_object({"type": TEXT, "message": TEXT}),
        "request_id": or_null(TEXT),
    }
)

MEANINGS: Mapping[int, str] = {
    400: "The request is none of this API; the error names the field, or the header.",
    401: "No client key, or one that this proxy does not know.",
    404: "There is nothing of this name.",
    408: "The request did not arrive within its time.",
    413: "The request is larger than this proxy or the upstream takes.",
    415: "The body is compressed.",
    422: "No upstream can take this request; the error lists each with its reason.",
    429: "Too much at once, here or at every upstream that may serve this.",
    500: "An error inside this proxy, which says nothing of itself.",
    502: "The upstreams failed or refused, or what they answered is no answer.",
    503: "Not now: no room, nobody reachable, or the ledger cannot be written.",
    504: "No upstream answered in time.",
}
"""What is refused with which status."""

_RETRIES = frozenset({408, 429, 500, 502, 503, 504})


def refusals(statuses: Iterable[int], error: str) -> dict[str, Any]:
    """Return OpenAPI's responses for `statuses`, whose bodies have the schema named `error`."""
    return {str(status): _refusal(status, error) for status in sorted(statuses)}


def _refusal(status: int, error: str) -> dict[str, Any]:
    """Return one response; those that may pass say so by Retry-After and x-should-retry."""
    headers: dict[str, Any] = {
        "x-request-id": {"schema": TEXT, "required": True},
        "x-should-retry": {"schema": one_of("true", "false"), "required": True},
    }
    if status in _RETRIES:
        headers["retry-after"] = {"schema": {"type": "string", "pattern": "^[0-9]+$"}}
    if status == 401:
        headers["www-authenticate"] = {"schema": TEXT, "required": True}
    return {
        "description": MEANINGS[status],
        "headers": headers,
        "content": {"application/json": {"schema": named(error)}},
    }
