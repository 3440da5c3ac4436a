"""The targets of benchmarks.fuzz under atheris, which mutates towards code that was not reached yet.

    python -m benchmarks.guided --seconds 300            # each target for five minutes
    python -m benchmarks.guided --seconds 3600 sse       # one target for an hour

atheris ends the process that it runs in, so every target has one of its own. What it found worth keeping stays in the
folder --corpus, and the next run begins there. Where atheris is not installed, this says so and does nothing.
"""

import argparse
import importlib
import importlib.util
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HOUR = 3_600.0
LONGEST_BYTES = 65_536
SLOW_SECONDS = 5
MEMORY_MB = 2_048
MOST_RUNS = {"arrays": 30_000}
"""Calls in one process, where each leaves 20 to 30 KB behind under atheris (without it nothing): the next goes on."""

NAMES = ("sse", "body", "surfaces", "error", "config", "manifest", "arrays", "features", "keys")
"""The targets; benchmarks.fuzz is not imported to ask, for its imports must happen where they are instrumented."""

INSTALLED = importlib.util.find_spec("atheris") is not None


def one(name: str, folder: Path, flags: list[str]) -> None:
    """Fuzz one target in this process, which ends with it. The code of both packages is instrumented."""
    import atheris  # noqa: PLC0415  # not installed everywhere

    with atheris.instrument_imports(include=["router", "classifier"]):
        fuzz = importlib.import_module("benchmarks.fuzz")
    target = fuzz.targets(folder)[name]
    corpus = Path(flags[0])
    for number, seed in enumerate(target.seeds):
        (corpus / f"seed-{number}").write_bytes(seed)
    atheris.Setup([sys.argv[0], *flags], target.call)
    atheris.Fuzz()


def run(name: str, seconds: float, corpus: Path) -> tuple[int, str]:
    """Fuzz one target in a process of its own; return its exit code and one line with the counts reached."""
    folder = corpus / name
    folder.mkdir(parents=True, exist_ok=True)
    until, said, code = time.monotonic() + seconds, "", 0
    while code == 0 and (left := int(until - time.monotonic())) > 0:
        code, more = part(name, left, folder)
        said += more
    return code, told(name, said) if code == 0 else said[-4_000:]


def part(name: str, seconds: int, folder: Path) -> tuple[int, str]:
    """Fuzz one target in one process, for so long at most; return its exit code and what it said."""
    flags = [
        str(folder),
        f"-max_total_time={seconds}",
        f"-runs={MOST_RUNS.get(name, -1)}",
        f"-max_len={LONGEST_BYTES}",
        f"-timeout={SLOW_SECONDS}",
        f"-rss_limit_mb={MEMORY_MB}",
        f"-artifact_prefix={folder}/found-",
        "-print_final_stats=1",
        "-verbosity=1",
    ]
    child = subprocess.run(
        [sys.executable, "-m", "benchmarks.guided", "--one", name, "--", *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=seconds + HOUR,
        check=False,
    )
    return child.returncode, child.stdout.decode(errors="replace")


def told(name: str, said: str) -> str:
    """Return a line with the counts that libFuzzer printed at its end, or at the ends of its processes."""
    calls = re.findall(r"number_of_executed_units:\s*(\d+)", said)
    reached = re.findall(r"cov: (\d+)", said)
    kept = re.findall(r"corp: (\d+)", said)
    slowest = re.findall(r"slowest_unit_time_sec:\s*(\d+)", said)
    counts = [sum(map(int, calls)), *(max(map(int, found), default=0) for found in (reached, kept, slowest))]
    return (
        f"{name:10} {counts[0]:12,} calls, {counts[1]:,} branches, {counts[2]:,} inputs kept, the slowest {counts[3]} s"
    )


def main() -> int:
    """Fuzz the targets that are named, or all, and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", nargs="*")
    parser.add_argument("--seconds", type=float, default=60.0, help="for each target")
    parser.add_argument("--corpus", type=Path, help="where inputs worth keeping stay (default: nowhere)")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if not INSTALLED:
        print("atheris is not installed here: the targets were mutated without looking at what they reach")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        if chosen.one:
            one(chosen.one, Path(folder), chosen.target)
        worst = 0
        for name in chosen.target or NAMES:
            code, line = run(name, chosen.seconds, chosen.corpus or Path(folder) / "corpus")
            worst = max(worst, abs(code))
            print(line, flush=True)
    return worst


if __name__ == "__main__":
    sys.exit(main())
