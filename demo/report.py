"""Settle what a run did, and show it: one line a prompt, the cost table, the figures at the end."""

import argparse
import json
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from books import costs_json, costs_table, read_rates, read_rows
from checks import LedgerRow, faults
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from sdk import Answer

PROMPT_WIDTH = 44
COLOURS = {"easy": "green", "medium": "yellow", "hard": "red", "needs_info": "magenta"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one run showed. `spent` and `baseline` are USD: the rows' sum, and the same tokens at the dearest model."""

    answers: tuple[Answer, ...]
    rows: Mapping[str, LedgerRow]
    spent: Decimal
    baseline: Decimal
    faults: tuple[str, ...]

    @property
    def saving(self) -> Decimal:
        """Return the saving against the baseline as a signed percentage."""
        return (self.baseline - self.spent) / self.baseline * 100 if self.baseline else Decimal(0)


def settle(answers: tuple[Answer, ...], config: Path, ledger: Path) -> Run:
    """Compare answers, ledger, cost table and the prices in `config`."""
    rows, costs = read_rows(ledger), costs_json(ledger)["total"]
    spent = Decimal(costs["cost_usd"] or 0)
    return Run(
        answers=answers,
        rows=rows,
        spent=spent,
        baseline=Decimal(costs["baseline_usd"] or 0),
        faults=faults(answers, rows, read_rates(config), spent),
    )


def present(run: Run, console: Console, options: argparse.Namespace) -> int:
    """Print the run as tables, or as JSON where the options say so; return the exit code."""
    if options.json:
        print(json.dumps(summary(run), ensure_ascii=False, indent=2))
    else:
        show(console, run)
        print(f"\n$ tierwise costs --ledger {os.path.relpath(options.ledger)}\n{costs_table(options.ledger.resolve())}")
        conclude(console, run)
    return 1 if run.faults else 0


def show(console: Console, run: Run) -> None:
    """Print the table prompt -> tier -> model -> cost."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("prompt", no_wrap=True, width=PROMPT_WIDTH)
    for name in ("lang", "judged", "tier", "upstream", "sent"):
        table.add_column(name, no_wrap=True)
    for name in ("in", "out", "cost USD"):
        table.add_column(name, justify="right", no_wrap=True)
    for answer in run.answers:
        row = run.rows.get(answer.request_id)
        colour = COLOURS.get(answer.tier, "white")
        table.add_row(
            escape(answer.row.title),
            answer.row.language,
            answer.row.expected,
            f"[{colour}]{answer.tier or '-'}[/]",
            answer.upstream or "-",
            answer.mode.label,
            *_figures(row),
        )
    console.print(table)


def _figures(row: LedgerRow | None) -> tuple[str, str, str]:
    if row is None:
        return "-", "-", "-"
    mark = "~" if row.cost_source == "estimated" else ""
    cost = "unknown" if row.cost is None else f"{row.cost:f}"
    return f"{mark}{row.input_tokens}", f"{mark}{row.output_tokens}", mark + cost


def conclude(console: Console, run: Run) -> None:
    """Print the sums, the agreement with our own judgement, and each fault."""
    total = len(run.answers)
    agreed = sum(1 for answer in run.answers if answer.tier == answer.row.expected)
    kinds = Counter(answer.mode.label for answer in run.answers)
    console.print(f"{total} requests: " + ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())))
    console.print(f"the tier is the one that the prompts' author had in mind in {agreed} of {total}")
    console.print(
        f"[bold]{run.spent:f} USD[/] instead of {run.baseline:f} USD for everything at the dearest model:"
        f" saving [bold]{run.saving:.1f} %[/]"
    )
    for fault in run.faults:
        console.print(f"[red]FAULT[/] {escape(fault)}")
    if not run.faults:
        console.print(
            "[green]every request has its row; headers, rows, prices and the table agree to the last digit[/]"
        )


def summary(run: Run) -> dict[str, Any]:
    """Return the run as JSON values; money as text."""
    return {
        "requests": len(run.answers),
        "tiers": dict(Counter(answer.tier for answer in run.answers)),
        "upstreams": dict(Counter(answer.upstream for answer in run.answers)),
        "modes": dict(Counter(answer.mode.label for answer in run.answers)),
        "cost_usd": f"{run.spent:f}",
        "baseline_usd": f"{run.baseline:f}",
        "saving_percent": f"{run.saving:.1f}",
        "faults": list(run.faults),
        "prompts": [_line(answer, run.rows.get(answer.request_id)) for answer in run.answers],
    }


def _line(answer: Answer, row: LedgerRow | None) -> dict[str, Any]:
    return {
        "id": answer.row.id,
        "expected": answer.row.expected,
        "tier": answer.tier,
        "reason": answer.reason,
        "upstream": answer.upstream,
        "mode": answer.mode.label,
        "finish": answer.finish,
        "tool_calls": answer.tool_calls,
        "cost_usd": None if row is None or row.cost is None else f"{row.cost:f}",
        "cost_source": None if row is None else row.cost_source,
        "milliseconds": round(answer.seconds * 1000, 1),
    }
