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
    """The upstream blames the request (400, 422): nobody else is asked."""

    OVERFLOW = "overflow"
    """The prompt is too long for this upstream: one with a larger window may be asked."""

    UNFIT = "unfit"
    """This upstream refuses what others take, and was not even called where that is known beforehand (a 413 tells of a
    body too large for its gateway): another one is asked."""


class Lack(StrEnum):
    """What an upstream wants before it serves again: no wait mends it, a person does."""

    KEY = "key"
    RIGHT = "right"
    BALANCE = "balance"
    MODEL = "model"

    @property
    def of_provider(self) -> bool:
        """Whether all upstreams of the provider want it: they share a key and an account, not a model or a right."""
        return self in _SHARED

    @property
    def remedy(self) -> str:
        """What is wrong and what to do, as a sentence for the operator."""
        return _REMEDIES[self]


_SHARED = frozenset({Lack.KEY, Lack.BALANCE})
_REMEDIES = {
    Lack.KEY: "the provider refuses its key: put a valid one where the provider's entry says that it is",
    Lack.RIGHT: "its key may not use this model: grant that at the provider, or use another key",
    Lack.BALANCE: "its account is empty or suspended: settle that at the provider",
    Lack.MODEL: "its model is not served there: mend `model` or `base_url`, or take the upstream out",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one attempt ended. `retry_after`: seconds, if the upstream named them; `error`: what the client would see.

    `lacks` is set where a refusal lasts until a person does something: such an upstream may rest long.
    """

    ending: Ending
    status: int | None = None
    retry_after: float | None = None
    error: RouterError | None = None
    counts: bool = True
    """Whether the upstream's health is to learn of it: not where a client could have caused it."""
    lacks: Lack | None = None
    ambiguous: bool = False
    """Whether the upstream may have read the request and charge for it, though nothing came of that."""
