"""What is wrong with a file: gathered, each with its place, and raised once."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from router.errors import SettingsInvalid

Path = tuple[str | int, ...]
"""Keys and list positions from the top of the file, as in ("upstreams", "small", "tier")."""


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """Return the choice that `word` was probably meant to be, or None. Case does not count."""
    by_folded = {choice.casefold(): choice for choice in choices}
    found = difflib.get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[found[0]] if found else None


def meant(word: str, choices: Iterable[str]) -> str:
    """Return " Did you mean 'x'?" with the nearest choice, or the empty string when none is near."""
    found = nearest(word, choices)
    return f" Did you mean '{found}'?" if found else ""


def dotted(path: Path) -> str:
    """Write a path as `upstreams.small.tier` or `routes.auto.promises[1]`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


@dataclass(slots=True)
class Problems:
    """A list of problems that grows while one file is checked.

    `origin` is the file's name as the operator knows it, `lines` the line (from 1) on which each path stands.
    """

    origin: str
    lines: Mapping[Path, int] = field(default_factory=dict)
    found: list[str] = field(default_factory=list)

    def add(self, path: Path, message: str) -> None:
        """Note that `message` is true of the value at `path`."""
        place = ", ".join(part for part in (self._where(path), dotted(path)) if part)
        self.found.append(f"{message} ({place})")

    def raise_if_any(self) -> None:
        """Raise SettingsInvalid with everything that was added, in that order; return when there is nothing."""
        if self.found:
            fix = f"Mend the lines named above, then run `tierwise check {self.origin}`."
            raise SettingsInvalid(tuple(dict.fromkeys(self.found)), fix=fix)

    def _where(self, path: Path) -> str:
        """Return the file and the line of `path`, or of the nearest thing above it that has one."""
        for length in range(len(path), 0, -1):
            line = self.lines.get(path[:length])
            if line is not None:
                return f"{self.origin}:{line}"
        return self.origin
