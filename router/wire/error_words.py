"""The codes and turns of phrase by which hosts say what they mean, where their status does not."""

import re
from collections.abc import Collection
from typing import Final

ENOUGH = 2_000
"""Characters of a message that are looked at."""

OVERFLOW_CODES = frozenset(
    {"context_length_exceeded", "context_window_exceeded", "exceed_context_size_error", "string_above_max_length"}
)
QUOTA_CODES = frozenset(
    {
        "exceeded_current_quota_error",
        "insufficient_quota",
        "insufficient_balance",
        "billing_hard_limit_reached",
        "billing_not_active",
        "credit_limit_exceeded",
    }
)
_MODEL_CODES = frozenset(
    {
        "model_not_found",
        "model_not_exist",
        "model_not_available",
        "unknown_model",
        "invalid_model",
        "model_not_supported",
    }
)
OPERATOR_CODES = (
    QUOTA_CODES
    | _MODEL_CODES
    | {
        "invalid_api_key",
        "invalid_authentication_error",
        "authentication_error",
        "unauthorized",
        "permission_denied_error",
    }
)
_GONE_CODES = _MODEL_CODES | frozenset(
    {
        "not_found_error",
        "resource_not_found_error",
        "DeploymentNotFound",
        "NOT_FOUND",
        "ResourceNotFoundException",
    }
)
"""The model is not served there: no key and no wait will bring it back."""

_RIGHT_CODES = frozenset({"permission_denied_error", "PERMISSION_DENIED", "AccessDeniedException"})

KEY: Final = "key"
RIGHT: Final = "right"
BALANCE: Final = "balance"
MODEL: Final = "model"

_LACKS = {402: BALANCE, 403: RIGHT, 404: MODEL, 405: MODEL, 410: MODEL, 412: BALANCE, 429: BALANCE}
"""What a refusal of this status wants, where its words do not say; 412 is Fireworks' suspended account."""

STATUSES = {
    "rate_limit_exceeded": 429,
    "rate_limit_error": 429,
    "rate_limit_reached_error": 429,
    "rate_limited": 429,
    "engine_overloaded_error": 429,
    "resource_unavailable": 429,
    "too_many_requests": 429,
    "RESOURCE_EXHAUSTED": 429,
    "content_filter": 400,
    "invalid_api_key": 401,
    "authentication_error": 401,
    "unauthorized": 401,
    "UNAUTHENTICATED": 401,
    "invalid_authentication_error": 401,
    **dict.fromkeys(_RIGHT_CODES, 403),
    **dict.fromkeys(_GONE_CODES, 404),
    "DEADLINE_EXCEEDED": 504,
    **dict.fromkeys(OVERFLOW_CODES, 400),
    **dict.fromkeys(QUOTA_CODES, 429),
}
"""The HTTP status that a code stands for, where an error comes inside a 200 and names no number.

`invalid_request_error` is not here: hosts write it on failures of their own too, and another upstream is soon asked."""

OPERATOR_STATUSES = frozenset({401, 402, 403, 404, 405, 407, 410, 412})
"""Key, balance, right, address or model name: nothing that the client could change."""

AMAZON = {
    "ThrottlingException": "rate_limited",
    "ServiceQuotaExceededException": "rate_limited",
    "ModelNotReadyException": "rate_limited",
    "ModelTimeoutException": "timeout",
    "AccessDeniedException": "refused",
    "UnrecognizedClientException": "refused",
    "InvalidSignatureException": "refused",
    "ExpiredTokenException": "refused",
    "IncompleteSignatureException": "refused",
    "ResourceNotFoundException": "refused",
    "ModelErrorException": "broken",
    "InternalServerException": "broken",
    "ServiceUnavailableException": "broken",
}
"""x-amzn-errortype, the part before a colon; ValidationException says too little and is read by its words."""

_OVERFLOW = re.compile(
    r"context[ _]?(?:length|window|size)|maximum context|max(?:imum)? (?:model |input |prompt )?length"
    r"|prompt is too long|input is too long|too long for (?:this|the) model|too many (?:input )?tokens"
    r"|(?:input|prompt)(?: token)?s? (?:length|count)\b.{0,60}\bexceed"
    r"|exceeds? the (?:maximum|limit|model'?s?)[^.]{0,40}token"
    r"|reduce the length of (?:the|your)"
)
_FAILURE = re.compile(
    r"error|exception|fail|unavailable|tim(?:ed|e)[ -]?out|overload|too many|limit|exceed|denied|forbidden|unauthori"
    r"|invalid|not found|abort|exhaust|went wrong|crash|unable|bad gateway|no healthy"
)
_WAIT = re.compile(r"please wait|try again|rate limit|per minute|throttl")
_QUOTA = re.compile(
    r"insufficient (?:balance|quota|credit|funds)|exceeded your current quota|billing|payment required"
    r"|(?:out of|not enough|run out of|no remaining) (?:credit|balance|quota)|suspended"
)
_GONE = re.compile(
    r"\bmodel\b(?:[^.\n]|\.(?=\S)){0,120}?\b(?:does not exist|doesn't exist|not exist|not found|no longer available"
    r"|is retired|has been (?:retired|deprecated|removed)|isn't supported on this route)"
    r"|(?:unknown|invalid|no such) model\b|model identifier is invalid"
)
_KEY = re.compile(
    r"(?:invalid|incorrect|missing|expired) (?:api[ _-]?key|authentication|credential|security token)"
    r"|api[ _-]?key (?:not valid|is invalid|expired|format)"
    r"|security token included in the request is (?:invalid|expired)"
)
_POOR = re.compile(r"insufficient (?:balance|credit|funds)")
_RETRY = re.compile(
    r"(?:try again|retry|wait)(?: in| after| for)?:? (\d+(?:\.\d+)?) ?(ms|milliseconds?|s|secs?|seconds?|m|minutes?)\b"
)
_UNIT = {"m": 60.0, "s": 1.0}


_NO_HOST = re.compile(
    r"no (?:allowed |available )?(?:endpoints?|providers?)\b[^.\n]{0,60}\b(?:found|available|support|handle)"
)


_ASKED_TOO_MUCH = re.compile(r"can only afford|fewer max_tokens|lower max_tokens")
_THIS_CONTENT = re.compile(
    r"content[ _-]?(?:policy|filter|management)|moderat|flagged|safety (?:policy|system|filter)|usage polic"
    r"|\b(?:image|tool|file|url|audio|video)s?\b[^\n]{0,120}?(?:not found|could not be (?:found|fetched|loaded))"
)


def is_of_request(status: int, text: str) -> bool:
    """Tell whether lower-case `text` of a refusal blames what this one request holds or asks for, not its sender."""
    if status == 402:
        return bool(_ASKED_TOO_MUCH.search(text, 0, ENOUGH))
    return status in (403, 404) and not is_gone(text) and bool(_THIS_CONTENT.search(text, 0, ENOUGH))


def is_no_host(text: str) -> bool:
    """Tell whether lower-case `text` of a 404 says that no host behind can do what this request needs."""
    return bool(_NO_HOST.search(text, 0, ENOUGH))


def lack(status: int, codes: Collection[str], text: str) -> str:
    """Return what a refusal wants: KEY, RIGHT, BALANCE or MODEL. Codes count before words, words before the status."""
    for named, wanted in ((QUOTA_CODES, BALANCE), (_GONE_CODES, MODEL), (_RIGHT_CODES, RIGHT)):
        if not named.isdisjoint(codes):
            return wanted
    if is_quota(text):
        return BALANCE
    if status in (403, 400, 422) and _KEY.search(text, 0, ENOUGH):
        return KEY
    return MODEL if is_gone(text) else _LACKS.get(status, KEY)


def is_gone(text: str) -> bool:
    """Tell whether lower-case `text` says that the model is not served there (any more)."""
    return bool(_GONE.search(text, 0, ENOUGH))


def is_overflow(text: str) -> bool:
    """Tell whether lower-case `text` says that the prompt is too long (and not that one should come back later)."""
    return bool(_OVERFLOW.search(text, 0, ENOUGH)) and not _WAIT.search(text, 0, ENOUGH)


def is_failure(text: str) -> bool:
    """Tell whether lower-case `text`, a message with nothing beside it, says that something went wrong."""
    return bool(_FAILURE.search(text, 0, ENOUGH))


def is_quota(text: str) -> bool:
    """Tell whether lower-case `text` of a 429 says that money is missing, which waiting does not mend."""
    return bool(_QUOTA.search(text, 0, ENOUGH))


def is_operators(text: str) -> bool:
    """Tell whether lower-case `text` of a 400 blames the key, the balance or the model's name."""
    return is_gone(text) or bool(_KEY.search(text, 0, ENOUGH) or _POOR.search(text, 0, ENOUGH))


def wait_in(text: str) -> float | None:
    """Return the seconds that a message asks to wait, as hosts without Retry-After do; None when it names none."""
    match = _RETRY.search(text.lower(), 0, ENOUGH)
    if match is None:
        return None
    unit = match[2]
    factor = 0.001 if unit.startswith(("ms", "milli")) else _UNIT[unit[0]]
    return float(match[1]) * factor
