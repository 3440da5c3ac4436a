"""Texts of the operator's YAML are one line each: names, models and URLs end up in headers, in URLs and in the log."""

import unicodedata
from collections.abc import Mapping
from typing import Any

from router.settings.facts import Account
from router.settings.problems import Path, Problems
from router.settings.scalars import shown

_CONTROLS = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Unicode's control characters, halves of pairs, and its two line breaks that are no control characters."""

_SCRIPTS = "token_command"
"""The arguments of a program, of which one may be a script of many lines. They go to no header and no URL."""

_SECRET_KEYS = frozenset({"api_key", "keys"})
"""Below these somebody may have put a key: what stands there is not repeated."""


def in_one_line(data: Any, problems: Problems, path: Path = ()) -> Any:
    """Return `data` with every text and name in one line; what was not is added to `problems`.

    So the other checks see what was meant, and say nothing of what follows from a line break alone.
    """
    if isinstance(data, dict):
        return {
            _name(key, problems, path): value
            if key == _SCRIPTS
            else in_one_line(value, problems, (*path, _joined(str(key))))
            for key, value in data.items()
        }
    if isinstance(data, list):
        return [in_one_line(item, problems, (*path, index)) for index, item in enumerate(data)]
    if not isinstance(data, str) or not _broken(data):
        return data
    problems.add(path, _sentence(data, path))
    return _joined(data)


def check_accounts(accounts: Mapping[str, Account], problems: Problems) -> None:
    """Refuse what a provider's entry took from the environment where it is not one line."""
    for name, at in accounts.items():
        for field, value in (("base_url", at.base_url), ("region", at.region)):
            if value is not None and _broken(value):
                message = (
                    f"The {field} of provider '{name}' comes from a variable that holds {_what(value)}. Set it to one "
                    "line of text."
                )
                problems.add(("providers", name), message)
                break


def _name(key: Any, problems: Problems, path: Path) -> Any:
    """Return a key of a map in one line; a problem of the map where it was not."""
    if not isinstance(key, str) or not _broken(key):
        return key
    told = "A name" if _SECRET_KEYS & set(path) else f"The name {shown(_joined(key))}"
    problems.add(path, f"{told} holds {_what(key)}. Write it in one line.")
    return _joined(key)


def _sentence(text: str, path: Path) -> str:
    """Say what is wrong with one text, and how it is written where only its ends are to be cut."""
    key = next((part for part in reversed(path) if isinstance(part, str)), "")
    lead = f"'{key}' holds {_what(text)}. Write it in one line"
    meant = text.strip()
    telling = shown(meant) == f"'{meant}'" and not _SECRET_KEYS & set(path)
    if _broken(meant) or not meant or not telling:
        return f"{lead}."
    return f"{lead}: {key}: {meant}" if isinstance(path[-1], str) else f"{lead}: {meant}"


def _broken(text: str) -> bool:
    """Whether a text holds a line break or another control character."""
    return not text.isprintable() and any(unicodedata.category(char) in _CONTROLS for char in text)


def _joined(text: str) -> str:
    """Return a text with a space for each control character, and none at its ends."""
    return "".join(" " if unicodedata.category(char) in _CONTROLS else char for char in text).strip()


def _what(text: str) -> str:
    """Name the kind of character that a text must not hold; the character itself would break the message."""
    return "a line break" if len(text.splitlines()) > 1 or text[-1:] in "\r\n" else "a control character"
