"""How one attempt ended: what the shell tells the fallback generator."""

from dataclasses import dataclass
from enum import StrEnum

from router.errors import RouterError


class Ending(StrEnum):
    """The kinds of ending that lead to different next steps."""

    ANSWERED = "answered"
    RATE_LIMITED = "rate_limited"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    REFUSED = "refused"
    """401, 402, 403, 404: the operator's key, balance or model name."""

    BROKEN = "broken"
    """A 5xx, or an answer that is not what was asked for."""

    REJECTED = "rejected"
    """The upstream blames the request (400, 413, 422): nobody else is asked."""

    OVERFLOW = "overflow"
    """The prompt is too long for this upstream: one with a larger window may be asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one attempt ended. `retry_after`: seconds, if the upstream named them; `error`: what the client would see."""

    ending: Ending
    status: int | None = None
    retry_after: float | None = None
    error: RouterError | None = None
    counts: bool = True
    """Whether the upstream's health is to learn of it: not where a client could have caused it."""
