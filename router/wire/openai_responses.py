"""OpenAI's Responses API: the response object, its usage and its error."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from router.usage import Usage

COMPLETED = "completed"
INCOMPLETE = "incomplete"
FAILED = "failed"
IN_PROGRESS = "in_progress"

_CUT_OFF = {"length": "max_output_tokens", "content_filter": "content_filter"}
"""The finish_reasons of an answer that is not whole, in the words of incomplete_details."""

_RATE_LIMITED = "rate_limit_error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What stays the same in every response object of one answer.

    `stem` makes the ids of the response and its items. `created_at` is in seconds since the epoch. `echo` are the
    members that repeat the request.
    """

    stem: str
    created_at: int
    model: str
    echo: Mapping[str, Any]

    @property
    def id(self) -> str:
        """The response's id."""
        return f"resp_{self.stem}"

    def response(
        self,
        status: str,
        output: Sequence[Mapping[str, Any]] = (),
        *,
        usage: Usage | None = None,
        error: Mapping[str, Any] | None = None,
        cut_off: str | None = None,
    ) -> dict[str, Any]:
        """Return the response object in a state of its life; `cut_off` is why an incomplete one is not whole.

        `usage` is there only where it is known: the API's schema has no null for it.
        """
        return {
            "id": self.id,
            "object": "response",
            "created_at": self.created_at,
            "status": status,
            "error": error,
            "incomplete_details": None if cut_off is None else {"reason": cut_off},
            "model": self.model,
            "output": list(output),
            **({} if usage is None else {"usage": usage_object(usage)}),
            **self.echo,
        }


def cut_off_of(finish_reason: str | None) -> str | None:
    """Return why an answer with this finish_reason is not whole, None when it is."""
    return _CUT_OFF.get(finish_reason or "")


def usage_object(usage: Usage) -> dict[str, Any]:
    """Return the token counts; the API has no word for a part that is not known, so that one counts 0."""
    return {
        "input_tokens": usage.input,
        "input_tokens_details": {
            "cached_tokens": usage.cached_input or 0,
            "cache_write_tokens": usage.cache_write or 0,
        },
        "output_tokens": usage.output,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning or 0},
        "total_tokens": usage.input + usage.output,
    }


def response_error(error: Any) -> dict[str, str]:
    """Return a failed response's error from that of a chat completion; the API has few codes to choose from."""
    said = error if isinstance(error, dict) else {}
    limited = said.get("type") == _RATE_LIMITED
    return {
        "code": "rate_limit_exceeded" if limited else "server_error",
        "message": str(said.get("message") or "The answer broke off."),
    }
