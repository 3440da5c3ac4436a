"""The start of a period as an operator types it. Pure: the clock is the caller's."""

import re
from datetime import UTC, datetime, timedelta

_AGO = re.compile(r"(\d{1,6})([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parse_since(text: str, now: datetime) -> datetime:
    """Return the instant (aware) that `text` means: 30m, 24h, 7d or 2w before `now`, or an ISO date or time.

    A date is its midnight; a time without a zone is UTC, as the ledger's days are. ValueError for anything else.
    """
    ago = _AGO.fullmatch(text.strip())
    try:
        if ago is not None:
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        at = datetime.fromisoformat(text.strip())
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"'{text}' is neither a period (30m, 24h, 7d, 2w) nor an ISO date (2026-01-31)") from None
