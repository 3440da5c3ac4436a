"""Read the ledger, the cost table and the prices as an operator would: by sqlite3, by the command, from the YAML."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml
from checks import PER_USD, LedgerRow, Rate

ROOT = Path(__file__).resolve().parents[1]
TABLE_WIDTH = 132
QUERY = (
    "SELECT request_id, tier, upstream, status, input_tokens, cached_input_tokens, output_tokens,"
    " cost_pico, cost_source FROM request ORDER BY id"
)


def remove(ledger: Path) -> None:
    """Delete a ledger of an earlier run with its side files."""
    for suffix in ("", "-wal", "-shm"):
        Path(f"{ledger}{suffix}").unlink(missing_ok=True)


def read_rows(ledger: Path) -> dict[str, LedgerRow]:
    """Return every row by its request id."""
    with closing(sqlite3.connect(f"{ledger.as_uri()}?mode=ro", uri=True)) as connection:
        found = connection.execute(QUERY).fetchall()
    return {row[0]: _row(row) for row in found}


def _row(row: tuple[Any, ...]) -> LedgerRow:
    return LedgerRow(
        request_id=row[0],
        tier=row[1],
        upstream=row[2],
        status=row[3],
        input_tokens=row[4],
        cached_tokens=row[5],
        output_tokens=row[6],
        cost=None if row[7] is None else Decimal(row[7]) / PER_USD,
        cost_source=row[8],
    )


def costs_json(ledger: Path) -> dict[str, Any]:
    """Return what `tierwise costs --json` prints."""
    return dict(json.loads(_costs(ledger, "--json")))


def costs_table(ledger: Path) -> str:
    """Return the table that `tierwise costs` prints."""
    return _costs(ledger)


def _costs(ledger: Path, *options: str) -> str:
    command = [sys.executable, "-m", "router", "costs", "--ledger", str(ledger), *options]
    environ = {**os.environ, "COLUMNS": str(TABLE_WIDTH)}
    return subprocess.run(command, cwd=ROOT, env=environ, check=True, capture_output=True, text=True).stdout


def read_rates(config: Path) -> dict[str, Rate]:
    """Return the price of each upstream that a routing YAML prices itself, by the upstream's name."""
    upstreams = yaml.safe_load(config.read_text(encoding="utf-8"))["upstreams"]
    return {name: _rate(upstream["price"]) for name, upstream in upstreams.items()}


def _rate(price: dict[str, Any]) -> Rate:
    cached = price.get("cached_input")
    return Rate(
        input=Decimal(str(price["input"])),
        output=Decimal(str(price["output"])),
        cached_input=None if cached is None else Decimal(str(cached)),
    )
