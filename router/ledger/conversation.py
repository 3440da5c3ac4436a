"""One kept response as a value, the port through which they are kept, and what is said of one that is not there."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from router.errors import ClientError


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptResponse:
    """One answer of the Responses API with what was asked, as JSON.

    `at` is aware (UTC). `previous` is the response that this one continues. `items` is the array of its own input
    items, without those of earlier turns; `response` the response object. Both hold what the client wrote and read.
    """

    id: str
    caller: str
    at: datetime
    previous: str | None
    items: bytes
    response: bytes

    def __repr__(self) -> str:
        """Name the response and nothing of what it says."""
        return f"KeptResponse({self.id!r})"


class Conversations(Protocol):
    """Keeps responses for a while. Every method raises LedgerUnavailable when the store cannot be read or written."""

    async def keep(self, kept: KeptResponse) -> None:
        """Return once `kept` is committed. What it continues lives as long as it does."""

    async def find(self, response_id: str, caller: str) -> KeptResponse | None:
        """Return a response; None when it is not there (any more)."""

    async def chain(self, response_id: str, caller: str) -> tuple[KeptResponse, ...] | None:
        """Return a response and what it continues, oldest first; None when one of them is not there (any more).

        ConversationTooLarge where they are more together than a request may be.
        """

    async def remove(self, response_id: str, caller: str) -> bool:
        """Forget a response; False when it is not there. What continues it cannot be continued any more."""

    async def close(self) -> None:
        """Write what is under way and close. Safe to call twice."""


class NoSuchResponse(ClientError):
    """A response is asked for that was never kept, is not any more, or is another caller's."""

    status = 404
    code = "response_not_found"
    fix = "Send the id of a response of this proxy that was kept (store) and has not expired."


class NoPreviousResponse(ClientError):
    """A request continues such a response."""

    code = "previous_response_not_found"
    fix = "Send the whole conversation in 'input', or the id of a response that was kept and has not expired."


class ConversationTooLarge(ClientError):
    """What a request continues is larger than a request may be."""

    status = 413
    code = "conversation_too_large"
    fix = "Begin a new conversation with a summary of this one."
