"""Figures as Markdown: tables, and numbers written the same way everywhere; what was not measured is a dash."""

from collections.abc import Iterable, Sequence

NOTHING = "-"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; a cell may hold no line break."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def number(value: float | None) -> str:
    """Return a figure with three decimals."""
    return NOTHING if value is None else f"{value:.3f}"


def share(value: float | None) -> str:
    """Return a share of 1 in percent."""
    return NOTHING if value is None else f"{value:.1%}"


def span(found: tuple[float, float] | None, *, signed: bool = False) -> str:
    """Return both ends of an interval; differences carry their sign."""
    if found is None:
        return NOTHING
    low, high = found
    return f"{low:+.3f} to {high:+.3f}" if signed else f"{low:.3f} to {high:.3f}"
