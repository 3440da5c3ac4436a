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

from rich.console import Console

from router.cli.costs_table import COUNTS_SIMULATED, exact, print_table
from router.cli.notes import printable
from router.ledger.query import rates, sums
from router.ledger.since import parse_since
from router.ledger.spend import Grouping, Line, Rated, Simulated, SpendTable, tabulate
from router.settings.load import LEDGER_VARIABLE, load

_FORMULA = ("=", "+", "-", "@")

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
    ("refused_requests", lambda line: line.sums.refused),
    ("without_baseline_requests", lambda line: line.sums.without_baseline),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "--by", choices=[str(by) for by in Grouping], default="tier", help="one line each (%(default)s)"
    )
    parser.add_argument(
        "--since", type=_since, metavar="WHEN", help="30m, 24h, 7d, 2w, or an ISO date or time (UTC); default: all"
    )
    parser.add_argument(
        COUNTS_SIMULATED,
        action="store_true",
        dest="simulated",
        help="count simulated requests in where there are real ones too (default: leave them out)",
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
    table = tabulate(by, sums(path, by, args.since), args.since, with_simulated=args.simulated)
    if args.json:
        left_out = table.simulated is not None and not table.simulated.counted
        counted = [one for one in rates(path, args.since) if not (left_out and one.simulated)]
        document = _document(table) | {"rates": [_rated(one) for one in counted]}
        out.write(json.dumps(document, indent=2) + "\n")
    elif args.csv:
        _write_csv(table, out)
    elif not table.lines:
        period = "" if table.since is None else f" since {table.since.isoformat(timespec='seconds')}"
        out.write(f"No requests in '{path}'{period} yet. Start `tierwise serve` and send one, then look again.\n")
    else:
        print_table(table, Console(file=out, highlight=False))
    return 0


def _since(text: str) -> datetime:
    """Parse --since against the clock; ArgumentTypeError says what was expected."""
    try:
        return parse_since(text, datetime.now(UTC))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _exact(usd: Decimal | None) -> str | None:
    """Return USD as exact decimal text, None where it is unknown."""
    return None if usd is None else exact(usd)


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
        "simulated": None if table.simulated is None else _of_simulated(table.simulated),
    }


def _of_simulated(simulated: Simulated) -> dict[str, object]:
    """Return what JSON says of simulated requests: how many, at what cost, whether the lines have them."""
    return {
        "requests": simulated.requests,
        "cost_usd": _exact(simulated.cost),
        "counted": simulated.counted,
        "option": COUNTS_SIMULATED,
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
        name = printable(line.sums.group)
        safe = f"'{name}" if name.startswith(_FORMULA) else name
        writer.writerow([safe, *("" if value is None else value for value in _fields(line).values())])
