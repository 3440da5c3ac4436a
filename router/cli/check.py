"""tierwise check: validate a routing YAML and show what its upstreams cover, before an incident does."""

import argparse
import os
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from classifier.thresholds import Thresholds
from classifier.tier import Tier
from router.cli.command import pasteable
from router.errors import OperatorError, SettingsInvalid
from router.ledger.probe import probe
from router.plan import address, load_artifact, require_judge, require_no_loop
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

    Where no upstream has its key, the file is checked as if all had: a file can be checked away from its keys. Then
    a ledger that cannot be opened on this machine is a warning.
    """
    out, err = consoles
    faults: list[OperatorError] = []
    try:
        settings = load(path, environ)
    except OperatorError as error:
        return _refuse([error], err)
    found, assumed = None, assume_keys
    try:
        found, assumed = _assembled(settings, environ, today, assume_keys=assume_keys)
        require_judge(found.rules)
    except OperatorError as error:
        faults.append(error)
    listen, has_keys = settings.server.listen, bool(settings.server.auth.keys)
    faults += _faults_of((lambda: load_artifact(settings), lambda: address(listen, has_keys=has_keys)))
    unwritable = _faults_of((lambda: probe(settings.ledger.path),))
    if not assumed:  # away from its keys, the file is not where it will be served
        faults += unwritable
    looping = _faults_of((lambda: require_no_loop(settings, environ, *address(listen, has_keys=True)),))
    if "listen" in settings.server.model_fields_set:  # else --listen may well say another port: 8080 is llama.cpp's too
        faults += looping
    if found is None or faults:
        return _refuse(faults, err)
    cells = coverage(found.catalog, found.rules, found.promises, today)
    _print_summary(settings, found, assumed=assumed, out=out)
    for name in found.rules.routes:
        out.print(_matrix(name, [cell for cell in cells if cell.route == name]))
    _print_embeddings(found, out)
    _print_options(settings, found, out)
    for where, found_there in (("on this machine", unwritable), ("without --listen", looping)):
        for fault in found_there:
            told = f"warning: {where} it could not be served. {fault.message} {fault.fix}"
            out.print(Text(pasteable(told)), soft_wrap=True)
    _print_findings(settings, found, cells, out)
    return HOLES if holes(cells) else OK


def _assembled(
    settings: Settings, environ: Mapping[str, str], today: date, *, assume_keys: bool
) -> tuple[Assembled, bool]:
    """Return what the settings come to, and whether the keys of the providers were assumed to be there."""
    found = assemble(settings, environ, today, presets=_CUT_POINTS, require_keys=not assume_keys)
    if found.usable or assume_keys:
        return found, assume_keys
    return assemble(settings, environ, today, presets=_CUT_POINTS, require_keys=False), True


def _faults_of(steps: tuple[Callable[[], object], ...]) -> list[OperatorError]:
    """Take each step, whatever became of the others; return the errors."""
    faults: list[OperatorError] = []
    for step in steps:
        try:
            step()
        except OperatorError as error:
            faults.append(error)
    return faults


def _refuse(faults: list[OperatorError], err: Console) -> int:
    """List what is wrong, one line each, and the fix; where there are several, each follows what it mends."""
    count, last = 0, ""
    for fault in faults:
        problems = fault.problems if isinstance(fault, SettingsInvalid) else (fault.message,)
        count += len(problems)
        for problem in problems:
            after = f" {pasteable(fault.fix)}" if len(faults) > 1 and problem == problems[-1] else ""
            err.print(Text(f"- {problem}{after}"), soft_wrap=True)
        last = f" {pasteable(fault.fix)}" if len(faults) == 1 else ""
    err.print(Text(f"{_counted(count, 'problem')}.{last}"), soft_wrap=True)
    return INVALID


def _counted(number: int, noun: str) -> str:
    """Return `1 route` or `2 routes`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _print_summary(settings: Settings, found: Assembled, *, assumed: bool, out: Console) -> None:
    """Say what was checked, and which upstreams count."""
    total, served = len(settings.upstreams), len(found.catalog.everybody)
    upstreams, routes = _counted(total, "upstream"), _counted(len(found.rules.routes), "route")
    out.print(Text(f"{settings.origin.name} is valid: {upstreams}, {routes}."))
    if assumed and found.missing_keys:
        out.print(Text("Checked as if every key were there. Missing:"))
        for provider, line in found.missing_keys.items():
            out.print(Text(f"  {provider}: {line}"), soft_wrap=True)
    if found.left_out:
        out.print(Text(f"{served} of {upstreams} can be served:"))
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
