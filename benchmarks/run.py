"""Measure tierwise beside direct calls, nginx and LiteLLM: `make bench`, or `python -m benchmarks.run --help`."""

import argparse
import contextlib
import os
import platform
import shlex
import signal
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from rich.console import Console

from benchmarks.bodies import write_bodies
from benchmarks.compile import NoCompilerError, compile_rig
from benchmarks.figures import PROXY, Standing, Verdict, failures, figures
from benchmarks.installed import installed_mb
from benchmarks.measures import MEASURES, TARGETS, Reading, Rig
from benchmarks.processes import Cores, Process
from benchmarks.report import Circumstances, machine, print_tables, versions, write_json, write_markdown
from benchmarks.targets import DIRECT, Stage, Target, TargetFailedError, nginx_path, start_targets, start_tierwise

ROOT = Path(__file__).resolve().parent.parent
START = "start"
IDLE_SECONDS = 2.0
WIDTH = 170
"""Of the tables when they go to a file, in columns."""

LIFETIME_SECONDS = 1200


def parse(arguments: list[str]) -> argparse.Namespace:
    """Read the command line; what is not given depends on --quick."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="one short round (about a minute); writes build/bench.json only"
    )
    parser.add_argument(
        "--litellm", action="store_true", help="measure LiteLLM too (installs it into .venv-litellm once)"
    )
    parser.add_argument("--rounds", type=int, help="rounds of alternating targets (default 5, with --quick 1)")
    parser.add_argument("--seconds", type=float, help="of one measurement (default 3, with --quick 2)")
    parser.add_argument("--only", default="", help=f"comma-separated: {','.join([*MEASURES, START])}")
    parser.add_argument("--targets", default="", help="comma-separated: direct,nginx,tierwise,litellm")
    parser.add_argument("--other", action="append", default=[], metavar="NAME=COMMAND",
                        help="one more proxy, in every measurement; {port} and {mock} are filled in")  # fmt: skip
    parser.add_argument(
        "--hold", type=float, metavar="SECONDS", help="only start the targets, say how to load them, wait"
    )
    parser.add_argument("--chunks-interval-ms", type=int, default=20, help="pace of the mock's streams")
    args = parser.parse_args(arguments)
    args.rounds = args.rounds or (1 if args.quick else 5)
    args.seconds = args.seconds or (2.0 if args.quick else 3.0)
    args.only = [word for word in args.only.split(",") if word] or [*MEASURES, START]
    args.others = dict(other.split("=", 1) for other in args.other)
    args.targets = [word for word in args.targets.split(",") if word] or default_targets(litellm=args.litellm)
    args.targets += args.others
    unknown = [word for word in args.only if word not in MEASURES and word != START]
    unknown += [word for word in args.targets if word not in (DIRECT, "nginx", PROXY, "litellm", *args.others)]
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}")
    return args


def default_targets(*, litellm: bool) -> list[str]:
    """Return what can be measured here."""
    nginx = ["nginx"] if nginx_path() else []
    return [DIRECT, *nginx, PROXY, *(["litellm"] if litellm else [])]


def measure_all(rig: Rig, targets: list[Target], args: argparse.Namespace) -> dict[str, dict[str, list[Reading]]]:
    """Return a reading for each round, measurement and target; the targets alternate within a round."""
    found: dict[str, dict[str, list[Reading]]] = {}
    for number in range(args.rounds):
        for name in (name for name in MEASURES if name in args.only):
            for target in targets:
                if target.name not in (*TARGETS[name], *args.others):
                    continue
                print(f"round {number + 1} of {args.rounds}: {name}, {target.name}", flush=True)
                found.setdefault(name, {}).setdefault(target.name, []).append(MEASURES[name](rig, target))
    return found


def measure_standing(stage: Stage, times: int) -> Standing:
    """Start the proxy `times` times: how long to the first answer, and what it holds when idle.

    One start before them is not counted: it may have to compile what was installed without bytecode.
    """
    seconds, memory = [], []
    start_tierwise(stage).stop()
    for number in range(times):
        print(f"start {number + 1} of {times}", flush=True)
        target = start_tierwise(stage)
        try:
            time.sleep(IDLE_SECONDS)
            seconds.append(target.start_seconds or 0.0)
            memory.append(target.pss_mib())
        finally:
            target.stop()
    return Standing(start_seconds=tuple(seconds), idle_pss_mib=tuple(memory), installed_mb=installed_mb(ROOT))


def hold(rig: Rig, targets: list[Target], seconds: float) -> None:
    """Say how to load each target by hand, and keep them up: to profile one, say."""
    streams = "--connections 500 --repeat 2 --chunks 50"
    for target in targets:
        headers = " ".join(f"--header {shlex.quote(header)}" for header in target.headers)
        base = f"taskset -c {rig.cores.rig} {rig.program}"
        print(f"\n{target.name}: pid {target.process.pid}, port {target.port}")
        print(
            f"  {base} closed --port {target.port} {headers} --body {rig.bodies['short']} --connections 32 --seconds 10"
        )
        print(f"  {base} streams --port {target.port} {headers} --body {rig.bodies['stream']} {streams}", flush=True)
    time.sleep(min(seconds, LIFETIME_SECONDS))


def run(args: argparse.Namespace, folder: Path, started: contextlib.ExitStack) -> int:
    """Start everything, measure, and show; 1 when a bar that must be met is missed or an answer was wrong."""
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    began, cores = time.monotonic(), Cores.choose()
    programs = compile_rig(ROOT / "build" / "rig")
    bodies = write_bodies(folder)
    pace = ["--interval-ms", str(args.chunks_interval_ms), "--lifetime", str(LIFETIME_SECONDS)]
    mock = Process([str(programs["mock"]), *pace], core=cores.rig)
    started.callback(mock.stop)
    port = int(mock.first_line())
    stage = Stage(folder=folder, root=ROOT, cores=cores, mock_port=port, body=bodies["short"].read_bytes())
    rig = Rig(program=programs["load"], bodies=bodies, cores=cores, seconds=args.seconds)
    standing = Standing()
    if START in args.only and PROXY in args.targets and args.hold is None:
        standing = measure_standing(stage, 2 if args.quick else 5)
    direct = [Target(name=DIRECT, port=port, process=mock)] if DIRECT in args.targets else []
    targets = direct + start_targets(args.targets, args.others, stage, started)
    if args.hold is not None:
        hold(rig, targets, args.hold)
        return 0
    os.sched_setaffinity(0, {cores.rig})
    readings = measure_all(rig, targets, args)
    shown, problems = figures(readings, standing), failures(readings)
    told = Circumstances(
        machine=machine(),
        system=f"{platform.system()} {platform.release()}",
        versions=versions(args.targets),
        date=datetime.now(UTC).date().isoformat(),
        command=shlex.join(["python", "-m", "benchmarks.run", *sys.argv[1:]]),
        rounds=args.rounds,
        seconds=time.monotonic() - began,
        cores=cores,
    )
    print_tables(shown, readings, console)
    write_json(ROOT / "build" / "bench.json", shown, readings, standing, told)
    if is_whole(args):
        write_markdown(ROOT / "docs" / "benchmarks.md", shown, readings, told)
    for problem in problems:
        console.print(f"[red]{problem}[/]")
    if cores.target == cores.rig:
        console.print("[red]Only one core: target, mock and load generator disturbed each other.[/]")
    return 1 if problems or any(figure.verdict is Verdict.MISSED for figure in shown) else 0


def is_whole(args: argparse.Namespace) -> bool:
    """Tell whether the run is fit for the documentation: every measurement, and no foreign target."""
    return not args.quick and not args.others and PROXY in args.targets and set(args.only) == {*MEASURES, START}


def _terminated(number: int, frame: FrameType | None) -> None:
    """Turn a signal into an exit, so that everything that was started is stopped."""
    del frame
    raise SystemExit(128 + number)


def main() -> int:
    """Run in a folder of our own that is removed afterwards."""
    args = parse(sys.argv[1:])
    signal.signal(signal.SIGTERM, _terminated)
    try:
        with tempfile.TemporaryDirectory(prefix="tierwise-bench-") as folder, contextlib.ExitStack() as started:
            return run(args, Path(folder), started)
    except (NoCompilerError, TargetFailedError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
