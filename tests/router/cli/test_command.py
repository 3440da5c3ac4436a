"""The command as hints name it: what is pasted starts this very tierwise."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from router.cli.command import own_command, pasteable

HERE = Path("/srv/proxy")


@dataclass(frozen=True)
class Case:
    id: str
    started_as: str
    found: str | None
    expected: str


CASES = (
    Case("on the path", "/usr/bin/tierwise", "/usr/bin/tierwise", "tierwise"),
    Case("nowhere on the path", "/opt/t/bin/tierwise", None, "/opt/t/bin/tierwise"),
    Case("another one on the path", "/opt/t/bin/tierwise", "/usr/bin/tierwise", "/opt/t/bin/tierwise"),
    Case("below the folder", ".venv/bin/tierwise", None, ".venv/bin/tierwise"),
    Case("below the folder, by its whole path", "/srv/proxy/.venv/bin/tierwise", None, ".venv/bin/tierwise"),
    Case("beside the folder", "../other/bin/tierwise", None, "/srv/other/bin/tierwise"),
    Case("in the folder", "./tierwise", None, "./tierwise"),
    Case("a path with a space", "/opt/my tools/tierwise", None, "'/opt/my tools/tierwise'"),
    Case("as a module", "/srv/proxy/router/__main__.py", None, ".venv/bin/python -m router"),
    Case("by another program", "/usr/lib/pytest/__main__.py", None, "tierwise"),
    Case("by nothing", "", None, "tierwise"),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_command_is_named_as_it_is_found(case: Case) -> None:
    """The bare name only where the shell finds this one by it."""
    assert own_command(case.started_as, case.found, HERE, "/srv/proxy/.venv/bin/python") == case.expected


def test_a_link_on_the_path_is_the_same_command(tmp_path: Path) -> None:
    """What the shell finds may be a link to what was started."""
    (tmp_path / "tierwise").touch()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "tierwise").symlink_to(tmp_path / "tierwise")

    assert own_command("./tierwise", str(tmp_path / "bin" / "tierwise"), tmp_path, "python") == "tierwise"


def test_only_hints_are_changed() -> None:
    """The product's name, and its name at the start of a line, stay; a process of another name changes nothing."""
    assert pasteable("tierwise: run `tierwise check`") == "tierwise: run `tierwise check`"


def test_a_hint_of_the_command_works_when_it_is_pasted(tmp_path: Path) -> None:
    """Started by a path that the shell does not search, it gives that path in its advice."""
    program = tmp_path / "here" / "tierwise"
    program.parent.mkdir()
    program.write_text(f"#!{sys.executable}\nimport sys\nfrom router.cli import main\nsys.exit(main())\n")
    program.chmod(0o755)
    (tmp_path / "bad.yaml").write_text("upstreams: 3\n")
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PATH": str(tmp_path)}
    for words in (["check", "bad.yaml"], ["serve", "bad.yaml"], ["explain", "hi", "--config", "bad.yaml"]):
        done = subprocess.run(
            [f"here/{program.name}", *words], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
        )
        assert done.returncode == 2
        assert "run `here/tierwise check bad.yaml`" in done.stderr
