"""Prices as an operator writes them: peak hours in words, everything else refused with how to write it."""

from dataclasses import dataclass
from typing import Any

import pytest

from router.settings.prices import PeakSettings, PriceSettings
from router.settings.problems import Problems
from router.settings.schema import UpstreamSettings
from router.settings.shape import shaped


def test_peak_hours_are_minutes_of_days():
    """Hours are UTC minutes, days count from Monday; without days it is every day."""
    written = {"factor": 2, "hours": ["01:00-04:00", "22:30-24:00"], "days": ["mon", "sun"]}
    peak = PeakSettings.model_validate(written)
    assert (peak.factor, peak.hours, peak.days) == (2, ((60, 240), (1350, 1440)), (0, 6))
    assert PeakSettings.model_validate({"factor": 3, "hours": "06:00-10:00"}).days == tuple(range(7))


def test_a_price_without_peak_is_one_all_day():
    """Most prices have none."""
    assert PriceSettings.model_validate({"input": 1, "output": 2}).peak is None


@dataclass(frozen=True)
class Case:
    id: str
    peak: Any
    expected: str


CASES = (
    Case("over midnight", {"factor": 2, "hours": ["22:00-02:00"]}, "Hours are written like 01:00-04:00, in UTC"),
    Case("no hours", {"factor": 2, "hours": []}, "Hours are written like 01:00-04:00, in UTC"),
    Case("no such hour", {"factor": 2, "hours": ["23:00-25:00"]}, "Hours are written like 01:00-04:00, in UTC"),
    Case("a number", {"factor": 2, "hours": [5]}, "Hours are written like 01:00-04:00, in UTC"),
    Case("no such day", {"factor": 2, "hours": ["01:00-02:00"], "days": ["tues"]}, "'tues' is not a day of the week"),
    Case("a day's name alone", {"factor": 2, "hours": ["01:00-02:00"], "days": "mon"}, "Days are a list of mon, tue"),
    Case("no days", {"factor": 2, "hours": ["01:00-02:00"], "days": []}, "Days are a list of mon, tue"),
    Case("a negative factor", {"factor": -2, "hours": ["01:00-02:00"]}, "A factor is a number above 0"),
    Case("an unknown key", {"factor": 2, "hours": ["01:00-02:00"], "hour": "x"}, "Unknown key 'hour'."),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_what_is_no_schedule_is_refused(case):
    """Each fault is told with how it is written."""
    problems = Problems(origin="x")
    price = {"input": 1, "output": 2, "peak": case.peak}
    shaped({"provider": "p", "model": "m", "price": price}, UpstreamSettings, problems)
    assert [found[: len(case.expected)] for found in problems.found] == [case.expected]
