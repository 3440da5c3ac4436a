"""What an operator types to start this very command: hints name it so that they work when they are pasted."""

import os
import re
import shlex
import shutil
import sys
from pathlib import Path

NAME = "tierwise"
_HINT = re.compile(rf"`{NAME}(?= [a-z])")


def pasteable(text: str) -> str:
    """Return `text` with each `tierwise ...` in back quotes written as this process was started."""
    if not _HINT.search(text):
        return text
    try:
        command = own_command(sys.argv[0], shutil.which(NAME), Path.cwd(), sys.executable)
    except OSError:  # the working directory is gone: no path leads from it
        return text
    return _HINT.sub(lambda _: f"`{command}", text)


def own_command(started_as: str, found: str | None, folder: Path, python: str) -> str:
    """Return the words that start this command from `folder`.

    That is its name where the shell finds it (`found`, None: it finds none) under that name, else the path by which it
    was started, relative where it lies below `folder`; `python -m router` by the path of that `python`. Whoever was
    started as neither is a program of another name, and gets the name.
    """
    script = Path(started_as)
    if script.name == "__main__.py" and script.parent.name == "router":
        return f"{_from(folder, python)} -m router"
    if script.name != NAME or (found is not None and os.path.realpath(found) == os.path.realpath(folder / script)):
        return NAME
    return _from(folder, started_as)


def _from(folder: Path, program: str) -> str:
    """Return the path of a program as it is typed in `folder`."""
    path = Path(os.path.normpath(folder / program))
    if not path.is_relative_to(folder):
        return shlex.quote(str(path))
    below = path.relative_to(folder)
    return shlex.quote(str(below) if len(below.parts) > 1 else f"./{below}")
