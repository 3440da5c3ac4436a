"""tierwise check: validate a routing YAML and show what its upstreams cover, before an incident does."""

import argparse
import os
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from classifier.thresholds import Thresholds
from classifier.tier import Tier
from router.cli.command import pasteable
from router.errors import OperatorError, SettingsInvalid
from router.plan import address, load_artifact, require_judge
from router.policy.coverage import Cell, Feature, coverage, holes, promised
from router.policy.rules import DIALS
from router.settings.assemble import Assembled, assemble
from router.settings.load import Settings, load

OK, HOLES, INVALID = 0, 1, 2
_CUT_POINTS = {dial: Thresholds() for dial in DIALS}
"""Coverage does not depend on the cut points, so the classifier is not loaded for it."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("config", nargs="?", type=Path, help="the routing YAML (default: the shipped one)")
    parser.add_argument("--config", dest="config_option", type=Path, metavar="CONFIG", help="the same, as an option")
    parser.add_argument(
        "--assume-keys",
        action="store_true",
        help="check as if every key were there (this is done anyway where none is)",
    )


def run(args: argparse.Namespace) -> int:
    """Check the file that the arguments name; 0 when it holds what it promises, 1 when not, 2 when it is invalid."""
    return check(
        args.config_option or args.config,
        os.environ,
        datetime.now(UTC).date(),
        (Console(), Console(stderr=True)),
        assume_keys=args.assume_keys,
    )


def check(
    path: Path | None,
    environ: Mapping[str, str],
    today: date,
    consoles: tuple[Console, Console],
    *,
    assume_keys: bool = False,
) -> int:
    """Check the YAML at `path` (None: the shipped one) and print to `consoles` (out, err). Return the exit code.

    Where no upstream has its key, the file is checked as if all had: a file can be checked away from its keys.
    """
    out, err = consoles
    try:
        settings = load(path, environ)
        found = assemble(settings, environ, today, presets=_CUT_POINTS, require_keys=not assume_keys)
        assumed = assume_keys or not found.usable
        if assumed and not assume_keys:
            found = assemble(settings, environ, today, presets=_CUT_POINTS, require_keys=False)
        load_artifact(settings)
        require_judge(found.rules)
        address(settings.server.listen, has_keys=bool(found.client_keys or settings.server.auth.keys))
    except OperatorError as error:
        _print_problems(error, err)
        return INVALID
    cells = coverage(found.catalog, found.rules, found.promises, today)
    _print_summary(settings, found, assumed=assumed, out=out)
    for name in found.rules.routes:
        out.print(_matrix(name, [cell for cell in cells if cell.route == name]))
    _print_embeddings(found, out)
    _print_options(settings, found, out)
    _print_findings(settings, found, cells, out)
    return HOLES if holes(cells) else OK


def _print_problems(error: OperatorError, err: Console) -> None:
    """List what is wrong, one line each, and the fix."""
    problems = error.problems if isinstance(error, SettingsInvalid) else (error.message,)
    for problem in problems:
        err.print(Text(f"- {problem}"), soft_wrap=True)
    count = len(problems)
    err.print(Text(f"{count} {'problem' if count == 1 else 'problems'}. {pasteable(error.fix)}"), soft_wrap=True)


def _print_summary(settings: Settings, found: Assembled, *, assumed: bool, out: Console) -> None:
    """Say what was checked, and which upstreams count."""
    total, served = len(settings.upstreams), len(found.catalog.everybody)
    out.print(Text(f"{settings.origin.name} is valid: {total} upstreams, {len(found.rules.routes)} routes."))
    if assumed and found.missing_keys:
        out.print(Text("Checked as if every key were there. Missing:"))
        for provider, line in found.missing_keys.items():
            out.print(Text(f"  {provider}: {line}"), soft_wrap=True)
    if found.left_out:
        out.print(Text(f"{served} of {total} upstreams can be served:"))
        for line in found.left_out:
            out.print(Text(f"  {line}"), soft_wrap=True)


def _matrix(route: str, cells: list[Cell]) -> Table:
    """Return the coverage of one route: a line a feature, a column a tier."""
    table = Table(title=f"route {route}, policy {cells[0].policy}", title_justify="left")
    table.add_column("feature", no_wrap=True)
    for tier in Tier:
        table.add_column(tier.label, overflow="fold")
    for feature in Feature:
        row = {cell.tier: cell for cell in cells if cell.feature is feature}
        mark = " *" if any(cell.promised for cell in row.values()) else ""
        table.add_row(f"{feature.value.replace('_', ' ')}{mark}", *(_cell(row[tier]) for tier in Tier))
    table.caption = "* promised by the route"
    table.caption_justify = "left"
    return table


def _cell(cell: Cell) -> Text:
    """Say how many upstreams remain and name the first two."""
    if cell.empty:
        return Text("none", style="bold red" if cell.promised else "dim")
    shown = ", ".join(cell.upstreams[:2]) + (", ..." if len(cell.upstreams) > 2 else "")
    style = "yellow" if cell.single and cell.promised else ""
    return Text(f"{len(cell.upstreams)}: {shown}", style=style)


def _print_findings(settings: Settings, found: Assembled, cells: tuple[Cell, ...], out: Console) -> None:
    """List holes, cells without a second upstream, idle policies and what the settings warn of."""
    lines = [f"warning: {line}" for line in found.warnings]
    lines += [f"warning: policy '{name}' is used by no route." for name in _idle_policies(settings)]
    singles, empty = promised(cells, 1), holes(cells)
    lines += [f"warning: {place} is served by {names[0]} alone: there is no fallback." for place, names in singles]
    lines += empty or ["Every promised cell is covered."]
    for line in lines:
        out.print(Text(line), soft_wrap=True)


def _print_embeddings(found: Assembled, out: Console) -> None:
    """Say who serves each group of embedding upstreams: a promise of no tier, so it is in no table."""
    served = found.catalog.embedder_by_name
    for group in found.rules.embeddings.values():
        names = [name for name in group.upstreams if name in served]
        if names:
            length = next((served[name].dimensions for name in names if served[name].dimensions), None)
            told = f"{', '.join(names)} ({length or 'unknown'} dimensions)"
        else:
            told = "nobody: no upstream of it has its key"
        out.print(Text(f"Embeddings '{group.name}' are served by {told}."), soft_wrap=True)
    grouped = {name for group in found.rules.embeddings.values() for name in group.upstreams}
    for name in served.keys() - grouped:
        out.print(Text(f"Embeddings are served by '{name}' under its own name; it is in no group."), soft_wrap=True)


def _print_options(settings: Settings, found: Assembled, out: Console) -> None:
    """Say what names stand for others, whose answers are verified, and what is kept of conversations."""
    lines = [f"Alias '{name}' means '{meant}'." for name, meant in found.rules.aliases.items()]
    lines += [
        f"Route '{name}' verifies {', '.join(sorted(route.verify))} in whole answers."
        for name, route in found.rules.routes.items()
        if route.verify
    ]
    kept = settings.responses
    if kept.store:
        room = f"{kept.max_bytes:,} bytes at most"
        lines.append(f"Responses are kept for {_days(kept.keep)}, in {room}: prompts and answers.")
    for line in lines:
        out.print(Text(line), soft_wrap=True)


def _days(time: timedelta) -> str:
    """Return a time as the file writes it."""
    return f"{time.days} d" if time == timedelta(days=time.days) else f"{time / timedelta(hours=1):g} h"


def _idle_policies(settings: Settings) -> list[str]:
    """Return the policies that no route names."""
    used = {route.policy for route in settings.routes.values()}
    return [name for name in settings.policies if name not in used]
