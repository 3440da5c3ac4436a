"""Periods as an operator types them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from router.ledger.since import parse_since

NOW = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Case:
    """What is typed and the instant it means."""

    text: str
    at: datetime


CASES = [
    Case("30m", NOW - timedelta(minutes=30)),
    Case("24h", NOW - timedelta(days=1)),
    Case("7d", NOW - timedelta(days=7)),
    Case(" 2w ", NOW - timedelta(days=14)),
    Case("0h", NOW),
    Case("2026-11-01", datetime(2026, 11, 1, tzinfo=UTC)),
    Case("2026-11-01T06:00", datetime(2026, 11, 1, 6, tzinfo=UTC)),
    Case("2026-11-01T06:00:00Z", datetime(2026, 11, 1, 6, tzinfo=UTC)),
    Case("2026-11-01T06:00+05:30", datetime(2026, 11, 1, 0, 30, tzinfo=UTC)),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.text)
def test_what_is_understood(case: Case) -> None:
    """Periods count back from now; dates and times without a zone are UTC."""
    assert parse_since(case.text, NOW) == case.at


@pytest.mark.parametrize(
    "text", ["", "yesterday", "7", "d", "-7d", "7y", "2026-13-01", "999999w", "0001-01-01T00:00+14:00"]
)
def test_what_is_not_understood(text: str) -> None:
    """Anything else is refused with the forms that are understood."""
    with pytest.raises(ValueError, match="24h"):
        parse_since(text, NOW)
