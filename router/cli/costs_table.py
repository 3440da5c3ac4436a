"""The table that `tierwise costs` prints, and what it says below it."""

from collections.abc import Callable
from decimal import Decimal

from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from router.cli.notes import printable
from router.ledger.spend import Line, Simulated, SpendTable, Sums

_UNKNOWN = "-"
_MOST_DECIMALS = 12
_WIDEST = 10_000
_NAME_WIDTH = 24

COUNTS_SIMULATED = "--simulated"
"""The option that counts simulated requests in with real ones."""

_COLUMNS: tuple[tuple[str, Callable[[Line, int], str]], ...] = (
    ("requests", lambda line, _: f"{line.sums.requests:,}"),
    ("input", lambda line, _: _count(line.sums.input)),
    ("cached", lambda line, _: _count(line.sums.cached_input)),
    ("output", lambda line, _: _count(line.sums.output)),
    ("cost USD", lambda line, decimals: _money(line.cost, decimals)),
    ("share", lambda line, _: _UNKNOWN if line.share is None else f"{line.share:.1f} %"),
    ("baseline USD", lambda line, decimals: _money(line.baseline, decimals)),
    ("saving USD", lambda line, decimals: _money(line.saving, decimals, sign="+")),
    ("saving", lambda line, _: _UNKNOWN if line.saving_percent is None else f"{line.saving_percent:+.1f} %"),
    ("cost unknown", lambda line, _: f"{line.sums.unpriced:,}"),
    ("estimated", lambda line, _: f"{line.sums.estimated:,}"),
)
_LEAST = ("estimated", "cost unknown", "cached", "share", "baseline USD", "input", "output", "saving")
"""What a narrow terminal does without, the first of them first: the totals of two are said below the table anyway."""


def print_table(table: SpendTable, console: Console) -> None:
    """Print the table, in a narrow terminal without its least columns; never narrower than its figures.

    Figures cut short are of no use. What is no terminal gets every column.
    """
    grid, hidden = _fitting(table, console)
    console.width = max(console.width, _width(grid, console))
    console.print(grid)
    notes = _notes(table)
    if hidden:
        notes.append(f"No room for: {', '.join(hidden)}. A wider terminal, --json and --csv show them.")
    for note in notes:
        console.print(note, markup=False)


def _fitting(table: SpendTable, console: Console) -> tuple[Table, tuple[str, ...]]:
    """Return the grid for this console, and the headings of the columns that it has no room for."""
    grid = _grid(table)
    if not console.is_terminal or _width(grid, console) <= console.width:
        return grid, ()
    hidden: tuple[str, ...] = ()
    for count in range(len(_LEAST) + 1):
        hidden = _LEAST[:count]
        grid = _grid(table, hidden, narrow=True)
        if _width(grid, console) <= console.width:
            break
    return grid, hidden


def _width(grid: Table, console: Console) -> int:
    """Return how wide the grid is where nothing of it is cut."""
    return Measurement.get(console, console.options.update(max_width=_WIDEST), grid).maximum


def _grid(table: SpendTable, hidden: tuple[str, ...] = (), *, narrow: bool = False) -> Table:
    """Return the table for printing, without the `hidden` columns; `narrow`: closely set, with long names folded."""
    decimals = _decimals(
        [usd for line in (*table.lines, table.total) for usd in (line.cost, line.baseline, line.saving) if usd]
    )
    shown = [(heading, read) for heading, read in _COLUMNS if heading not in hidden]
    grid = Table(box=box.SIMPLE_HEAD, show_footer=False, collapse_padding=narrow, pad_edge=not narrow)
    if narrow:
        grid.add_column(str(table.by), overflow="fold", max_width=_NAME_WIDTH)
    else:
        grid.add_column(str(table.by), no_wrap=True)
    for heading, _ in shown:
        grid.add_column(heading, justify="right", no_wrap=True)
    for line in (*table.lines, table.total):
        if line is table.total:
            grid.add_section()
        cells = (printable(line.sums.group), *(read(line, decimals) for _, read in shown))
        grid.add_row(*map(Text, cells), style="bold" if line is table.total else None)
    return grid


def _count(tokens: int | None) -> str:
    """Return a count of tokens."""
    return _UNKNOWN if tokens is None else f"{tokens:,}"


def _money(usd: Decimal | None, decimals: int, sign: str = "") -> str:
    """Return USD with so many decimals, signed where `sign` is a plus."""
    return _UNKNOWN if usd is None else format(usd, f"{sign},.{decimals}f")


def _decimals(amounts: list[Decimal]) -> int:
    """Return how many decimals show three figures of the smallest amount: nothing that was paid is printed as 0.00."""
    smallest = min((abs(usd) for usd in amounts), default=Decimal(1))
    return min(max(2 - smallest.adjusted(), 2), _MOST_DECIMALS)


def _notes(table: SpendTable) -> list[str]:
    """Return what the figures above do not cover, or cover though nothing was spent."""
    sums = table.total.sums
    notes = [] if table.simulated is None else [_of_simulated(table.simulated)]
    if sums.unpriced:
        notes.append(f"{sums.unpriced:,} requests have an unknown cost: they are in no sum of money.")
    if sums.unreached:
        notes.append(f"{sums.unreached:,} requests failed before any upstream was reached: they cost nothing.")
    if sums.refused:
        notes.append(f"{sums.refused:,} requests were refused by their upstreams (4xx): nothing was charged for them.")
    if sums.compared < sums.priced:
        notes.append(_of_compared(sums))
    if sums.estimated:
        notes.append(f"{sums.estimated:,} requests have token counts of our own estimate: no usage was reported.")
    return notes


def _of_simulated(simulated: Simulated) -> str:
    """Return what is said of simulated requests: that they are all, or how many are counted in or left out."""
    if simulated.alone:
        return "The answers are simulated and these are simulated prices, like those of real models: nothing was spent."
    usd = "at no known price" if simulated.cost is None else f"{exact(simulated.cost)} USD"
    told = f"{simulated.requests:,} simulated requests ({usd}, of which nothing was spent) are"
    return f"{told} counted in." if simulated.counted else f"{told} left out; {COUNTS_SIMULATED} counts them in."


def _of_compared(sums: Sums) -> str:
    """Return how many requests the saving is taken over, and what kind the others are."""
    unknown = sums.priced - sums.compared - sums.without_baseline
    kinds = []
    if sums.without_baseline:
        kinds.append(f"{sums.without_baseline:,} have no baseline (embeddings never have one)")
    if unknown:
        kinds.append(f"{unknown:,} have a baseline of unknown price")
    told = f"The saving compares {sums.compared:,} of {sums.priced:,} requests of known cost"
    return f"{told}: {', '.join(kinds)}."


def exact(usd: Decimal) -> str:
    """Return USD as decimal text, exactly, without an exponent."""
    return format(usd.normalize(), "f") if usd else "0"
