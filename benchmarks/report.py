"""Show what was measured: on the terminal, as build/bench.json and as docs/benchmarks.md."""

import json
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.figures import Figure, Readings, Standing, Verdict, middle
from benchmarks.measures import Reading
from benchmarks.processes import Cores
from benchmarks.targets import LITELLM_VERSION, nginx_path

COLOURS = {Verdict.TARGET: "green", Verdict.MUST: "yellow", Verdict.MISSED: "red", Verdict.NOT_MEASURED: "dim"}
COLUMNS = (
    "measurement",
    "target",
    "per second",
    "CPU us",
    "p50 ms",
    "p99 ms",
    "first p50 ms",
    "delay p50 ms",
    "others %",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What a figure cannot be judged without. `command` is what was typed, `seconds` how long the run took."""

    machine: str
    system: str
    versions: str
    date: str
    command: str
    rounds: int
    seconds: float
    cores: Cores


def machine() -> str:
    """Return the processor and how many cores of it there are."""
    models = [
        line.split(":", 1)[1].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return f"{models[0] if models else platform.machine()}, {max(len(models), 1)} cores"


def versions(targets: Sequence[str]) -> str:
    """Return what was measured with: Python, and the peers in their versions."""
    found = [f"Python {platform.python_version()}"]
    if "nginx" in targets:
        said = subprocess.run([str(nginx_path()), "-v"], capture_output=True, text=True, check=False).stderr
        found.append(said.strip().rpartition(" ")[2].replace("/", " "))
    if "litellm" in targets:
        found.append(f"LiteLLM {LITELLM_VERSION}")
    return ", ".join(found)


def bar(figure: Figure, value: float | None) -> str:
    """Return one cell: a bar or what was measured, with its unit."""
    if value is None:
        return "-"
    comparison = "" if value is figure.measured else ">= " if figure.at_least else "<= " if value else ""
    return f"{comparison}{value:,.3g} {figure.unit}".strip()


def _number(value: float | None, digits: int = 2) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"


def rows(readings: Readings) -> list[tuple[str, ...]]:
    """Return the medians, one row for each measurement and target."""
    table = []
    for measure, targets in readings.items():
        for target, rounds in targets.items():
            table.append((measure, target, *_cells(rounds)))
    return table


def _cells(rounds: Sequence[Reading]) -> tuple[str, ...]:
    return (
        _number(middle([r.per_second for r in rounds]), 0),
        _number(middle([r.cpu_us for r in rounds]), 1),
        _number(middle([r.p50_ms for r in rounds])),
        _number(middle([r.p99_ms for r in rounds])),
        _number(middle([r.first_p50_ms for r in rounds])),
        _number(middle([r.delay_p50_ms for r in rounds])),
        _number(middle([None if r.others_share is None else 100 * r.others_share for r in rounds]), 0),
    )


def print_tables(figures: Sequence[Figure], readings: Readings, console: Console) -> None:
    """Print the medians of every measurement, then the figures against their bars."""
    medians = Table(title="Medians (CPU per request, per chunk for streams; others = their share of the target's core)")
    for column in COLUMNS:
        medians.add_column(column, justify="left" if column in COLUMNS[:2] else "right")
    for row in rows(readings):
        medians.add_row(*row)
    table = Table(title="Figures")
    for name in ("figure", "must", "target", "measured", "verdict", "detail"):
        table.add_column(name, overflow="fold")
    for figure in figures:
        colour = COLOURS[figure.verdict]
        bars = (bar(figure, figure.must), bar(figure, figure.target), bar(figure, figure.measured))
        table.add_row(figure.name, *bars, f"[{colour}]{figure.verdict}[/]", figure.detail)
    console.print(medians, table)


def write_json(
    path: Path, figures: Sequence[Figure], readings: Readings, standing: Standing, told: Circumstances
) -> None:
    """Write everything that was measured, every round of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = {
        "circumstances": asdict(told),
        "figures": [{**asdict(figure), "verdict": figure.verdict} for figure in figures],
        "standing": asdict(standing),
        "readings": {m: {t: [asdict(r) for r in rs] for t, rs in ts.items()} for m, ts in readings.items()},
    }
    path.write_text(json.dumps(whole, indent=1) + "\n")


def _markdown_table(head: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *body)]
    return "\n".join(lines)


MARKDOWN = """\
# Benchmarks

What the proxy costs, measured beside its peers in one run. `{command}` wrote this page.
`make bench` measures without LiteLLM, `make bench ARGS=--litellm` with it (in a virtualenv of its own, installed once);
`make bench ARGS=--quick` takes a minute and writes build/bench.json only.

- Date: {date}. Machine: {machine}; {system}. {versions}. {rounds} rounds, {seconds:.0f} seconds.
- The target is pinned on one core; a mock upstream and a load generator (C, epoll; together about 8 us a request) share
  another. Targets alternate within a round; a ratio is taken within a round, then the median over the rounds.
- CPU time is the kernel's own account of the target's threads and children. `others` is the share of the target's core
  that other processes used meanwhile: above a few percent, trust ratios and CPU rather than latencies.
- tierwise runs as the command line starts it: client key checked, prompt classified, usage read, ledger written and
  committed before the last byte goes out. LiteLLM runs with prices, its cost callback and a master key, without a
  database; nginx only passes bytes on and is the physical limit. None of this is a network: all is on loopback.

## Figures

{figures}

## Medians

CPU is per request, for streams per chunk. closed: 32 connections, a request of 523 bytes, an answer of 680. open: 100
requests a second, latency from the moment at which each was to be sent. large: 8 connections, requests of 300 KB.
streams: 50 chunks at 20 ms, all streams twice, started within 0.9 s. chat, messages, responses: the same short request
on each surface, 32 connections, one upstream; with _stream 50 chunks at 20 ms. Their CPU is per whole answer.

{medians}

## What this does not measure

TLS to the upstream, HTTP/2, fallback to another upstream, runs of hours, and more than one process of the proxy.
"""


def write_markdown(path: Path, figures: Sequence[Figure], readings: Readings, told: Circumstances) -> None:
    """Write the page of the documentation."""
    shown = [
        (f.name, bar(f, f.must), bar(f, f.target), bar(f, f.measured), str(f.verdict), f.detail or "-") for f in figures
    ]
    head = ("figure", "must", "target", "measured", "verdict", "detail")
    facts = asdict(told) | {
        "figures": _markdown_table(head, shown),
        "medians": _markdown_table(COLUMNS, rows(readings)),
    }
    path.write_text(MARKDOWN.format(**facts))
