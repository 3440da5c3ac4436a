"""The demo against a real model on this machine: llama.cpp's server behind tierwise, through the openai SDK.

`python demo/local.py` (or `make demo-local`). That server's streams carry no usage, so their rows must say that the
tokens are estimated; whole replies carry it, so theirs must say computed. Exit codes are those of demo/run.py.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from books import remove
from llama import ALIAS, WINDOW, BuildFailed, Llama, install
from prompts import Row, load, spread
from report import Run, present, settle
from rich.console import Console
from sdk import Answer, ask_all
from server import ServerFailed, free_port, running

ROOT = Path(__file__).resolve().parents[1]
LEDGER = ROOT / "var" / "demo-local.db"
ANSWER_TOKENS = 48
LONGEST_BYTES = 900
AT_ONCE = 2
WIDTH = 132

CONFIG = """\
version: 1
providers:
  llama: {{kind: vllm, base_url: "http://127.0.0.1:{port}/v1"}}
upstreams:
  local-small: {{provider: llama, model: {model}, tier: easy, window: {window}, price: {{input: 0.05, output: 0.1}}}}
  local-mid: {{provider: llama, model: {model}, tier: medium, window: {window}, price: {{input: 0.3, output: 0.6}}}}
  local-large: {{provider: llama, model: {model}, tier: hard, window: {window}, price: {{input: 1.5, output: 4.5}}}}
routes:
  auto: {{}}
baseline: local-large
"""
"""One model in three roles: what is shown is the way through tierwise, not how well a model of 135M answers."""


def main() -> int:
    """Build if need be, run, and return the exit code."""
    options = _options()
    console = Console(quiet=options.json, width=WIDTH)
    ledger: Path = options.ledger.resolve()
    remove(ledger)
    config = ledger.with_suffix(".yaml")
    try:
        llama = install(ROOT / ".venv-local", lambda line: print(line, file=sys.stderr))
        answers = serve_and_ask(_subset(options.limit), llama, config, ledger, console)
    except (BuildFailed, ServerFailed) as failure:
        print(f"it did not start: {failure}", file=sys.stderr)
        return 2
    found = settle(answers, config, ledger)
    run = replace(found, faults=(*found.faults, *wrong_sources(found)))
    return present(run, console, options)


def _subset(limit: int) -> tuple[Row, ...]:
    """Return text-only prompts that are short enough for the window, with short answers asked for."""
    short = [row for row in load() if row.text_only and len(json.dumps(row.request)) <= LONGEST_BYTES]
    return spread(tuple(row.limited(ANSWER_TOKENS) for row in short), limit)


def serve_and_ask(
    rows: tuple[Row, ...], llama: Llama, config: Path, ledger: Path, console: Console
) -> tuple[Answer, ...]:
    """Start the model server and the proxy in front of it, send every prompt, stop both, return the answers."""
    model_port, port = free_port(), free_port()
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(CONFIG.format(port=model_port, model=ALIAS, window=WINDOW), encoding="utf-8")
    address = f"127.0.0.1:{port}"
    serve = [sys.executable, "-m", "router", "serve", "--config", str(config), "--listen", address]
    serve += ["--ledger", str(ledger)]
    models = f"http://127.0.0.1:{model_port}/v1/models"
    with running(llama.command(model_port), ready=models, log=ledger.with_suffix(".llama.log"), timeout=120) as server:
        console.print(f"llama.cpp (pid {server.pid}) serves {llama.model.name} on 127.0.0.1:{model_port}")
        with running(serve, ready=f"http://{address}/health", log=ledger.with_suffix(".log")) as proxy:
            console.print(f"tierwise (pid {proxy.pid}) serves http://{address}/v1; sending {len(rows)} prompts\n")
            return ask_all(rows, f"http://{address}/v1", AT_ONCE)


def wrong_sources(run: Run) -> Iterator[str]:
    """Yield each row that does not say estimated for a stream, or computed for a whole reply."""
    for answer in run.answers:
        row = run.rows.get(answer.request_id)
        due = "estimated" if answer.mode.stream else "computed"
        if row is not None and row.cost_source != due:
            yield f"{answer.row.id}: the row of a {answer.mode.label} says {row.cost_source}, not {due}"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Send prompts through tierwise to llama.cpp on this machine.")
    parser.add_argument("--limit", type=int, default=40, metavar="N", help="send N prompts (default 40)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    parser.add_argument("--ledger", type=Path, default=LEDGER, help="where the ledger goes; an old one is deleted")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
