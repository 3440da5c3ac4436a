"""tierwise costs: what was spent, by tier, model, provider, caller or day, and what the routing saved."""

import argparse
import csv
import json
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TextIO

from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from router.ledger.query import rates, sums
from router.ledger.since import parse_since
from router.ledger.spend import Grouping, Line, Rated, SpendTable, tabulate
from router.settings.load import LEDGER_VARIABLE, load

_UNKNOWN = "-"
_FORMULA = ("=", "+", "-", "@")
_MOST_DECIMALS = 12
_WIDEST = 10_000

_FIELDS: tuple[tuple[str, Callable[[Line], int | str | None]], ...] = (
    ("requests", lambda line: line.sums.requests),
    ("input_tokens", lambda line: line.sums.input),
    ("cached_input_tokens", lambda line: line.sums.cached_input),
    ("cache_write_tokens", lambda line: line.sums.cache_write),
    ("output_tokens", lambda line: line.sums.output),
    ("reasoning_tokens", lambda line: line.sums.reasoning),
    ("cost_usd", lambda line: _exact(line.cost)),
    ("share_percent", lambda line: _percent(line.share)),
    ("baseline_usd", lambda line: _exact(line.baseline)),
    ("saving_usd", lambda line: _exact(line.saving)),
    ("saving_percent", lambda line: _percent(line.saving_percent)),
    ("compared_requests", lambda line: line.sums.compared),
    ("unknown_cost_requests", lambda line: line.sums.unpriced),
    ("estimated_requests", lambda line: line.sums.estimated),
    ("unreached_requests", lambda line: line.sums.unreached),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "--by", choices=[str(by) for by in Grouping], default="tier", help="one line each (%(default)s)"
    )
    parser.add_argument(
        "--since", type=_since, metavar="WHEN", help="30m, 24h, 7d, 2w, or an ISO date or time (UTC); default: all"
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON; money is exact decimal text in USD")
    form.add_argument("--csv", action="store_true", help="print CSV; money is exact, in USD")
    parser.add_argument(
        "--ledger", type=Path, metavar="PATH", help=f"the file (default: {LEDGER_VARIABLE}, ledger.path)"
    )
    parser.add_argument("--config", type=Path, metavar="PATH", help="the routing YAML that names the ledger")


def run(args: argparse.Namespace) -> int:
    """Print what the ledger says; OperatorError where there is no ledger or it cannot be read."""
    return show(args, ledger_path(args, os.environ.get(LEDGER_VARIABLE, "").strip()), sys.stdout)


def ledger_path(args: argparse.Namespace, variable: str) -> Path:
    """Return the ledger's file: the option's, the environment's or the configuration's (OperatorError if broken)."""
    if args.ledger is not None:
        return Path(args.ledger)
    return Path(variable).expanduser() if variable else Path(load(args.config, os.environ).ledger.path)


def show(args: argparse.Namespace, path: Path, out: TextIO) -> int:
    """Print the table of the ledger at `path` in the form asked for; return 0. LedgerUnavailable as in query.sums."""
    by = Grouping(args.by)
    table = tabulate(by, sums(path, by, args.since), args.since)
    if args.json:
        document = _document(table) | {"rates": [_rated(one) for one in rates(path, args.since)]}
        out.write(json.dumps(document, indent=2) + "\n")
    elif args.csv:
        _write_csv(table, out)
    elif not table.lines:
        period = "" if table.since is None else f" since {table.since.isoformat(timespec='seconds')}"
        out.write(f"No requests in '{path}'{period} yet. Start `tierwise serve` and send one, then look again.\n")
    else:
        _print_table(table, out)
    return 0


def _since(text: str) -> datetime:
    """Parse --since against the clock; ArgumentTypeError says what was expected."""
    try:
        return parse_since(text, datetime.now(UTC))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _exact(usd: Decimal | None) -> str | None:
    """Return USD as decimal text, exactly, without an exponent."""
    return None if usd is None else format(usd.normalize(), "f") if usd else "0"


def _percent(value: Decimal | None) -> str | None:
    """Return a percentage with two decimals."""
    return None if value is None else f"{value:.2f}"


def _fields(line: Line) -> dict[str, int | str | None]:
    """Return what JSON and CSV say of one line."""
    return {name: read(line) for name, read in _FIELDS}


def _document(table: SpendTable) -> dict[str, object]:
    """Return the table as JSON."""
    return {
        "by": str(table.by),
        "since": None if table.since is None else table.since.isoformat(),
        "lines": [{"group": line.sums.group, **_fields(line)} for line in table.lines],
        "total": _fields(table.total),
    }


def _rated(one: Rated) -> dict[str, object]:
    """Return what some answers were billed at as JSON: the tokens, and `usd_per_million` as decimal texts."""
    return {
        "provider": one.provider,
        "model": one.model,
        "requests": one.requests,
        "input_tokens": one.input,
        "cached_input_tokens": one.cached_input,
        "cache_write_tokens": one.cache_write,
        "output_tokens": one.output,
        "usd_per_million": json.loads(one.rates),
    }


def _write_csv(table: SpendTable, out: TextIO) -> None:
    """Write the lines (no total) as CSV; a name that a spreadsheet would run as a formula gets an apostrophe."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([str(table.by), *(name for name, _ in _FIELDS)])
    for line in table.lines:
        name = _printable(line.sums.group)
        safe = f"'{name}" if name.startswith(_FORMULA) else name
        writer.writerow([safe, *("" if value is None else value for value in _fields(line).values())])


def _print_table(table: SpendTable, out: TextIO) -> None:
    """Print the table; never narrower than its figures, which are of no use cut short."""
    lines = (*table.lines, table.total)
    decimals = _decimals([usd for line in lines for usd in (line.cost, line.baseline, line.saving) if usd])
    grid = Table(box=box.SIMPLE_HEAD, show_footer=False)
    grid.add_column(str(table.by), no_wrap=True)
    for heading in (
        "requests",
        "input",
        "cached",
        "output",
        "cost USD",
        "share",
        "baseline USD",
        "saving USD",
        "saving",
    ):
        grid.add_column(heading, justify="right", no_wrap=True)
    grid.add_column("cost unknown", justify="right", no_wrap=True)
    grid.add_column("estimated", justify="right", no_wrap=True)
    for line in table.lines:
        grid.add_row(*_cells(line, decimals))
    grid.add_section()
    grid.add_row(*_cells(table.total, decimals), style="bold")
    console = Console(file=out, highlight=False)
    needed = Measurement.get(console, console.options.update(max_width=_WIDEST), grid).maximum
    console.width = max(console.width, needed)
    console.print(grid)
    for note in _notes(table.total):
        console.print(note, markup=False)


def _cells(line: Line, decimals: int) -> list[Text]:
    """Return one row of the printed table."""
    sums_ = line.sums
    texts = (
        _printable(sums_.group),
        f"{sums_.requests:,}",
        *(_UNKNOWN if count is None else f"{count:,}" for count in (sums_.input, sums_.cached_input, sums_.output)),
        _money(line.cost, decimals),
        _UNKNOWN if line.share is None else f"{line.share:.1f} %",
        _money(line.baseline, decimals),
        _money(line.saving, decimals, sign="+"),
        _UNKNOWN if line.saving_percent is None else f"{line.saving_percent:+.1f} %",
        f"{sums_.unpriced:,}",
        f"{sums_.estimated:,}",
    )
    return [Text(text) for text in texts]


def _printable(name: str) -> str:
    """Return a name without control characters, which could steer a terminal or break a line."""
    return "".join(letter if letter.isprintable() else "?" for letter in name)


def _money(usd: Decimal | None, decimals: int, sign: str = "") -> str:
    """Return USD with so many decimals, signed where `sign` is a plus."""
    return _UNKNOWN if usd is None else format(usd, f"{sign},.{decimals}f")


def _decimals(amounts: list[Decimal]) -> int:
    """Return how many decimals show three figures of the smallest amount: nothing that was paid is printed as 0.00."""
    smallest = min((abs(usd) for usd in amounts), default=Decimal(1))
    return min(max(2 - smallest.adjusted(), 2), _MOST_DECIMALS)


def _notes(total: Line) -> list[str]:
    """Return what the figures above do not cover."""
    notes = []
    if total.sums.unpriced:
        notes.append(f"{total.sums.unpriced:,} requests have an unknown cost: they are in no sum of money.")
    if total.sums.unreached:
        notes.append(f"{total.sums.unreached:,} requests failed before any upstream was reached: they cost nothing.")
    if total.sums.compared < total.sums.priced:
        notes.append(f"The saving compares {total.sums.compared:,} of {total.sums.priced:,} requests of known cost.")
    if total.sums.estimated:
        notes.append(f"{total.sums.estimated:,} requests have token counts of our own estimate: no usage was reported.")
    return notes
