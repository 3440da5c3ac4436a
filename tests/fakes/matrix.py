"""The matrix of faults: what the tests under tests/faults say of themselves, as the table of docs/reliability.md.

`python -m tests.fakes.matrix` plays them all, prints the matrix with how each row ended, and writes the table; `table`
gives it without playing anything. A test is in it by the marker fault(number, what, client=..., ledger=...).
"""

import contextlib
import io
import re
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "tests" / "faults"
DOCUMENT = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- faults: written by `make faults` -->\n", "<!-- end of faults -->\n"


@dataclass(frozen=True, slots=True)
class Row:
    """One fault, and what has to come of it."""

    number: str
    what: str
    client: str
    ledger: str

    @property
    def order(self) -> tuple[int, str]:
        """Where the row stands: by its number, then by its name."""
        return int(self.number[1:]), self.what


@dataclass
class Collector:
    """A pytest plugin that notes the rows of the tests that were collected, and how each test ended."""

    rows: dict[str, Row] = field(default_factory=dict)
    ends: Counter[tuple[Row, str]] = field(default_factory=Counter)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Note the row of each test."""
        for item in items:
            mark = item.get_closest_marker("fault")
            if mark is not None:
                self.rows[item.nodeid] = Row(*mark.args, **mark.kwargs)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note how a test ended."""
        if report.nodeid in self.rows and (report.when == "call" or report.outcome == "failed"):
            self.ends[self.rows[report.nodeid], report.outcome] += 1


def collected() -> list[Row]:
    """Return the rows of all tests, in order; nothing is played."""
    found = Collector()
    with contextlib.redirect_stdout(io.StringIO()) as said:
        code = pytest.main(["--collect-only", "-q", str(FOLDER)], plugins=[found])
    if code:
        raise RuntimeError(f"the tests of faults cannot be collected: {said.getvalue()}")
    return sorted(set(found.rows.values()), key=lambda row: row.order)


def table(rows: list[Row]) -> str:
    """Return the rows as a table in Markdown."""
    lines = ["| | fault | the client sees | the ledger says |", "|---|---|---|---|"]
    lines += [f"| {row.number} | {row.what} | {row.client} | {row.ledger} |" for row in rows]
    return "\n".join(lines) + "\n"


def written() -> str:
    """Return the table that stands in the document."""
    return DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]


def main() -> int:
    """Play all faults, print the matrix, write the table; return pytest's exit code."""
    played = Collector()
    code = pytest.main(["-q", str(FOLDER)], plugins=[played])
    rows = sorted(set(played.rows.values()), key=lambda row: row.order)
    for row in rows:
        ends = ", ".join(f"{count} {end}" for (of, end), count in sorted(played.ends.items(), key=str) if of == row)
        sys.stdout.write(f"{row.number:4} {row.what}: {ends}\n     client: {row.client}\n     ledger: {row.ledger}\n")
    text = DOCUMENT.read_text(encoding="utf-8")
    pattern = re.compile(re.escape(BEGIN) + ".*?" + re.escape(END), re.DOTALL)
    DOCUMENT.write_text(pattern.sub(lambda _: BEGIN + table(rows) + END, text), encoding="utf-8")
    sys.stdout.write(f"{len(rows)} faults, {sum(played.ends.values())} tests; written to {DOCUMENT.name}\n")
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
