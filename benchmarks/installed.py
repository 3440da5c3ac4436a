"""How much disk tierwise and everything it needs take up, as `du` counts: blocks, not bytes."""

import importlib.metadata
import tomllib
from collections.abc import Iterable
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT_PACKAGES = ("router", "classifier", "config")


def needed_here(lines: Iterable[str], extra: str = "") -> list[Requirement]:
    """Return the requirements of `lines` that hold on this machine; `extra` is the extra that was asked for."""
    wanted = [Requirement(line) for line in lines]
    return [need for need in wanted if need.marker is None or need.marker.evaluate({"extra": extra})]


def closure(lines: Iterable[str]) -> set[str]:
    """Return the names of all installed distributions that the requirements `lines` need, directly or not."""
    found: set[str] = set()
    waiting = needed_here(lines)
    while waiting:
        need = waiting.pop()
        name = canonicalize_name(need.name)
        declared = importlib.metadata.requires(name) or []
        for extra in need.extras:
            waiting += [more for more in needed_here(declared, extra) if canonicalize_name(more.name) not in found]
        if name not in found:
            waiting += needed_here(declared)
        found.add(name)
    return found


def blocks(paths: Iterable[Path]) -> int:
    """Return the bytes on disk of the files at `paths`."""
    return sum(path.stat().st_blocks * 512 for path in paths if path.is_file())


def distribution_files(name: str) -> set[Path]:
    """Return the files of an installed distribution, with what was compiled of them, whoever compiled it."""
    distribution = importlib.metadata.distribution(name)
    listed = {Path(str(distribution.locate_file(file))).resolve() for file in distribution.files or ()}
    compiled = [path.parent.glob(f"__pycache__/{path.stem}.*.pyc") for path in listed if path.suffix == ".py"]
    return listed.union(*compiled)


def installed_mb(root: Path) -> float:
    """Return the size of tierwise, what it needs to serve, and pip, in MB (10^6 bytes)."""
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    files = {file for name in closure([*project["dependencies"], "pip"]) for file in distribution_files(name)}
    for package in ROOT_PACKAGES:
        files.update((root / package).rglob("*"))
    return blocks(files) / 1e6
