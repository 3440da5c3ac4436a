"""How long the classifier takes a prompt, by its length: `python -m benchmarks.classifier_latency`."""

import argparse
import json
import os
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.bodies import running_text
from benchmarks.processes import Cores
from classifier.assess import Classifier, load_default
from classifier.prompt import Prompt

LENGTHS = {"20": 20, "1k": 1_000, "32k": 32_000, "256k": 256_000}
"""Tokens, by the name they are shown under."""

CHARACTERS_A_TOKEN = 4
PROMPTS = 40
"""Different prompts of each length, so that none is answered from a warm cache alone."""

WARM_CALLS = 100


def prompts_of(tokens: int) -> list[Prompt]:
    """Return PROMPTS different prompts of about `tokens` tokens, as one user turn each."""
    size = tokens * CHARACTERS_A_TOKEN
    return [Prompt.of([("user", running_text(size, seed=number))]) for number in range(PROMPTS)]


def durations_ms(classifier: Classifier, prompts: list[Prompt], seconds: float) -> list[float]:
    """Assess the prompts in turn for `seconds`; milliseconds of each call, sorted."""
    thresholds, found = classifier.presets["balanced"], []
    for number in range(WARM_CALLS):
        classifier.assess(prompts[number % len(prompts)], thresholds)
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        for prompt in prompts:
            began = time.perf_counter_ns()
            classifier.assess(prompt, thresholds)
            found.append((time.perf_counter_ns() - began) / 1e6)
    return sorted(found)


def main() -> int:
    """Measure every length on one core and print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0, help="for each length")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    args = parser.parse_args()
    os.sched_setaffinity(0, {Cores.choose().target})
    classifier = load_default()
    table = Table(title=f"Classifier, ms a prompt (artifact {classifier.artifact_id})")
    for column in ("tokens", "calls", "p50", "p99", "max"):
        table.add_column(column, justify="right")
    figures = {}
    for name, tokens in LENGTHS.items():
        times = durations_ms(classifier, prompts_of(tokens), args.seconds)
        p50, p99 = times[len(times) // 2], times[int(len(times) * 0.99)]
        figures[name] = {"calls": len(times), "p50_ms": p50, "p99_ms": p99, "max_ms": times[-1]}
        table.add_row(name, f"{len(times):,}", f"{p50:.3f}", f"{p99:.3f}", f"{times[-1]:.3f}")
    Console().print(table)
    if args.json:
        args.json.write_text(json.dumps(figures, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
