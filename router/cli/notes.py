"""Lines beside the answer of a command: dim, on stderr, so that what a script reads from stdout stays pure."""

from pathlib import Path

from rich.console import Console

from classifier.prompt import Prompt
from router.settings.shipped import config_file

ROLES = ("system", "developer", "user", "assistant", "tool", "function")
_LONGEST = 40


def note(line: str) -> None:
    """Print one line to stderr."""
    Console(stderr=True, markup=False, emoji=False, highlight=False).print(line, style="dim", soft_wrap=True)


def note_shipped(config: Path | None, unless: str = "") -> None:
    """Say which file is used where none was named; `unless` says when it is not."""
    if config is None:
        note(f"No --config was given: {config_file('tierwise.yaml')}, the shipped file, is used{unless}.")


def note_roles(prompt: Prompt) -> None:
    """Name the roles that no API knows: they go to the upstream as they came, for bodies are not re-typed."""
    strange = sorted({turn.role for turn in prompt.turns} - set(ROLES))
    if strange:
        named = ", ".join(f"'{printable(role[:_LONGEST])}'" for role in strange[:3])
        note(f"A message has the role {named}, which is none of {', '.join(ROLES)}: it is passed on as it is.")


def printable(text: str) -> str:
    """Return a text without control characters, which could steer a terminal or break a line."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
