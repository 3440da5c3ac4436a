"""The main job on real input: prompts of many kinds through the openai SDK, tiered, priced and checked.

`python demo/run.py` (or `make demo`) starts the proxy with config/demo.yaml and sends demo/prompts.jsonl. Exit code: 0
when every request was answered and every figure agrees, 1 with a line for each fault, 2 when the proxy did not start.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from books import remove
from prompts import Row, load, spread
from report import Run, present, settle
from rich.console import Console
from sdk import Answer, ask_all
from server import ServerFailed, free_port, running

ROOT = Path(__file__).resolve().parents[1]
CONFIG = ROOT / "config" / "demo.yaml"
LEDGER = ROOT / "var" / "demo.db"
WIDTH = 132


def main() -> int:
    """Run the demo; return the exit code."""
    options = _options()
    console = Console(quiet=options.json, width=WIDTH)
    ledger: Path = options.ledger.resolve()
    remove(ledger)
    try:
        answers = serve_and_ask(spread(load(), options.limit), ledger, console)
    except ServerFailed as failure:
        print(f"the proxy did not start: {failure}", file=sys.stderr)
        return 2
    found = settle(answers, CONFIG, ledger)
    return present(replace(found, faults=(*found.faults, *missing_usage(found))), console, options)


def missing_usage(run: Run) -> Iterator[str]:
    """Yield each reply without the usage that its client asked for: these upstreams all report it."""
    for answer in run.answers:
        if answer.error is None and answer.tokens is None and (answer.mode.usage or not answer.mode.stream):
            yield f"{answer.row.id}: the {answer.mode.label} reply carries no usage"


def serve_and_ask(rows: tuple[Row, ...], ledger: Path, console: Console) -> tuple[Answer, ...]:
    """Start the proxy as a user would, send every prompt, stop the proxy, return the answers."""
    port = free_port()
    address = f"127.0.0.1:{port}"
    serve = [sys.executable, "-m", "router", "serve", "--config", str(CONFIG), "--listen", address]
    serve += ["--ledger", str(ledger)]
    with running(serve, ready=f"http://{address}/health", log=ledger.with_suffix(".log")) as proxy:
        console.print(f"tierwise (pid {proxy.pid}) serves http://{address}/v1; sending {len(rows)} prompts\n")
        return ask_all(rows, f"http://{address}/v1")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Send real prompts through tierwise and check what they cost.")
    parser.add_argument("--limit", type=int, metavar="N", help="send N prompts, taken evenly over the file")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    parser.add_argument("--ledger", type=Path, default=LEDGER, help="where the ledger goes; an old one is deleted")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
