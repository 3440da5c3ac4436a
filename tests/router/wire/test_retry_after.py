"""Retry-After in all its forms."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from router.wire.retry_after import LONGEST, retry_after_seconds

NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Case:
    id: str
    headers: dict[str, str]
    expected: float | None


CASES = [
    Case("none", {}, None),
    Case("seconds", {"retry-after": "7"}, 7.0),
    Case("fraction", {"retry-after": " 0.5 "}, 0.5),
    Case("milliseconds-first", {"retry-after-ms": "250", "retry-after": "7"}, 0.25),
    Case("date", {"retry-after": "Sat, 21 Nov 2026 12:00:30 GMT"}, 30.0),
    Case("date-without-zone", {"retry-after": "Sat, 21 Nov 2026 12:00:30 -0000"}, 30.0),
    Case("past-date", {"retry-after": "Sat, 21 Nov 2026 11:00:00 GMT"}, 0.0),
    Case("negative", {"retry-after": "-5"}, 0.0),
    Case("endless", {"retry-after": "1e300"}, LONGEST),
    Case("infinite", {"retry-after": "inf"}, None),
    Case("not-a-number", {"retry-after": "nan"}, None),
    Case("words", {"retry-after": "later"}, None),
    Case("bad-milliseconds", {"retry-after-ms": "x", "retry-after": "2"}, 2.0),
    Case("overflowing-date", {"retry-after": "Sat, 21 Nov 99999999999 12:00:30 GMT"}, None),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_reads_the_wait(case):
    """The wait is in seconds, between 0 and a day; what cannot be read is no wait."""
    assert retry_after_seconds(case.headers, NOW) == case.expected
