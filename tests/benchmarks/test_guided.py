"""The guided fuzzer has the targets of the other one, and reads what libFuzzer prints."""

from pathlib import Path

from benchmarks.fuzz import targets
from benchmarks.guided import NAMES, told

SAID = """
#4096 pulse  cov: 12 ft: 40 corp: 5/80b lim: 43 exec/s: 1365 rss: 60Mb
#9000 DONE   cov: 26 ft: 90 corp: 31/2Kb lim: 65 exec/s: 900 rss: 61Mb
stat::number_of_executed_units: 9000
stat::slowest_unit_time_sec:    2
"""


def test_it_has_every_target(tmp_path: Path) -> None:
    """Under the same names."""
    assert tuple(targets(tmp_path)) == NAMES


def test_the_counts_are_told() -> None:
    """The last that were printed."""
    expected = "sse 9,000 calls, 26 branches, 31 inputs kept, the slowest 2 s"
    assert " ".join(told("sse", SAID).split()) == expected
    assert "0 calls" in told("sse", "it ended early")
