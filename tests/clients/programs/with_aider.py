"""aider, once, in a git repository: it asks for an edit, writes it into the file and commits it."""

import os
import subprocess
import sys
from pathlib import Path

from scenarios import BASE_URL, KEY, run

HELLO = Path.cwd() / "repository" / "hello.py"
AIDER = str(Path(sys.executable).parent / "aider")
FLAGS = [
    "--edit-format",
    "diff",
    "--yes-always",
    "--no-pretty",
    "--no-check-update",
    "--no-analytics",
    "--no-gitignore",
]
ENVIRON = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "LC_ALL": "C.UTF-8"}


def git(*arguments):
    return subprocess.run(
        ["git", *arguments], cwd=HELLO.parent, env=ENVIRON, check=True, capture_output=True, text=True
    ).stdout


def an_edit_is_committed():
    HELLO.parent.mkdir()
    HELLO.write_text('print("hello")\n')
    git("init", "--quiet")
    git("config", "user.name", "Somebody")
    git("config", "user.email", "somebody@example.com")
    git("add", HELLO.name)
    git("commit", "--quiet", "--message", "Begin")
    model = ["--model", "openai/edits", "--openai-api-base", BASE_URL, "--openai-api-key", KEY]
    done = subprocess.run(
        [AIDER, *model, *FLAGS, "--no-show-model-warnings", "--message", "Greet Paris.", HELLO.name],
        cwd=HELLO.parent,
        env=ENVIRON,
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=200,
    )
    if done.returncode:
        return done.stdout + done.stderr
    return [HELLO.read_text(), git("log", "--format=%s").splitlines(), git("status", "--short", HELLO.name)]


run(an_edit_is_committed)
