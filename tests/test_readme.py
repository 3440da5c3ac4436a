"""What the README shows is true: its routing file loads and holds what it promises."""

import re
from datetime import date
from io import StringIO
from pathlib import Path

from rich.console import Console

from router.cli.check import check

README = (Path(__file__).resolve().parents[1] / "README.md").read_text(encoding="utf-8")


def test_the_routing_file_of_the_readme_is_whole(tmp_path: Path) -> None:
    """Every route of the example can serve every tier; it fits a screen."""
    block = re.search(r"```yaml\n(.*?)```", README, re.DOTALL)
    assert block is not None
    path = tmp_path / "readme.yaml"
    path.write_text(block[1], encoding="utf-8")
    out, err = StringIO(), StringIO()

    code = check(path, {}, date(2026, 11, 21), (Console(file=out), Console(file=err)), assume_keys=True)

    assert (code, err.getvalue()) == (0, "")
    assert "HOLE" not in out.getvalue()
    assert block[1].count("\n") <= 32


def test_no_placeholder_is_left() -> None:
    """Every figure in the README was put there from what was seen."""
    assert "@@" not in README
