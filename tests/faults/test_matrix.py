"""The matrix in the documentation is the one that the tests play."""

import subprocess
import sys

from tests.fakes.matrix import FOLDER, ROOT, written

SHOWN = """
import sys
from tests.fakes.matrix import collected, table
rows = collected()
sys.stdout.write("\\0" + table(rows) + "\\0" + " ".join(row.number for row in rows))
"""


def test_the_document_is_current() -> None:
    """Every fault of the tests stands in docs/reliability.md as the tests have it (`make faults` writes it)."""
    command = [sys.executable, "-c", SHOWN]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert shown.returncode == 0, shown.stderr
    _, table, numbers = shown.stdout.split("\0")

    assert written() == table
    assert {f"F{number}" for number in (*range(1, 17), *range(18, 26))} == set(numbers.split())


def test_every_test_of_a_fault_is_in_it() -> None:
    """A file of faults without a marker would be played and not shown."""
    files = [path for path in FOLDER.glob("test_*.py") if path.name != "test_matrix.py"]

    assert files
    assert all("pytest.mark.fault(" in path.read_text(encoding="utf-8") for path in files)
