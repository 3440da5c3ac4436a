"""A short soak: the program runs, and what it looks at is in order after half a minute of load."""

import pytest

from benchmarks.soak import Load, Report, Tally, soak

GOOD = Report(
    tally=Tally(answered=9, streamed=1),
    warm=100.0,
    end=104.0,
    files_before=9,
    files_after=9,
    left_over=0,
    rows=10,
    exit_code=0,
)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({}, []),
        ({"end": 106.0}, ["memory grew by 6.0%: 100.0 to 106.0 MiB"]),
        ({"files_after": 11}, ["2 files are open that were not"]),
        ({"left_over": 1}, ["1 requests were never ended"]),
        ({"rows": 9}, ["1 answers have no row"]),
        ({"exit_code": -9}, ["the exit code is -9"]),
    ],
)
def test_each_leak_is_told(changed: dict, told: list[str]) -> None:
    """Whatever was held on to has its line."""
    values = {name: getattr(GOOD, name) for name in Report.__dataclass_fields__}

    assert Report(**{**values, **changed}).leaks() == told


async def test_half_a_minute_leaves_nothing_behind() -> None:
    """No file, no request and no row is lost; memory after so short a warm-up may still settle a little."""
    report = await soak(Load(seconds=15.0, rate=30.0, streams=15, aborts=0.1))

    assert report.leaks(growth=0.15) == []
    assert report.tally.failed == 0
    assert min(report.tally.answered, report.tally.streamed, report.tally.aborted) > 0
