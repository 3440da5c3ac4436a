"""Compile the rig (mock upstream and load generator, in C) into build/rig, which git ignores."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

SOURCES = Path(__file__).parent / "rig"
PROGRAMS = ("mock", "load")


class NoCompilerError(Exception):
    """There is no C compiler, without which nothing can be measured."""


def compile_rig(folder: Path, find: Callable[[str], str | None] = shutil.which) -> dict[str, Path]:
    """Return the path of each program, compiled anew where it is older than its sources (NoCompilerError).

    `find` looks a command up.
    """
    compiler = find("cc") or find("gcc") or find("clang")
    newest = max(source.stat().st_mtime for source in SOURCES.iterdir())
    programs = {name: folder / name for name in PROGRAMS}
    stale = [name for name, path in programs.items() if not path.exists() or path.stat().st_mtime < newest]
    if stale and compiler is None:
        raise NoCompilerError(
            "The mock upstream and the load generator are C programs and no C compiler was found. "
            "Install one (Debian and Ubuntu: apt-get install gcc libc6-dev) and run again."
        )
    folder.mkdir(parents=True, exist_ok=True)
    for name in stale:
        command = [str(compiler), "-O2", "-Wall", "-Wextra", "-o", str(programs[name]), str(SOURCES / f"{name}.c")]
        subprocess.run(command, check=True)
    return programs
