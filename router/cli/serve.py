"""tierwise serve: load, check, listen, say so, serve."""

import argparse
import os
import shlex
import signal
from pathlib import Path

from router.cli.command import pasteable
from router.plan import Plan, prepare, require_no_loop, watched
from router.serving.descriptors import raise_limit
from router.serving.listener import listen
from router.serving.supervisor import Supervisor
from router.serving.worker import Service, serve
from router.settings.scalars import MOST_WORKERS
from router.telemetry import log


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "file", type=Path, nargs="?", help="the routing YAML (default: config/tierwise.yaml as shipped)"
    )
    parser.add_argument("--config", type=Path, help="the same, by name")
    parser.add_argument("--listen", metavar="HOST:PORT", help="override server.listen")
    parser.add_argument("--ledger", type=Path, help="override ledger.path")
    parser.add_argument("--workers", type=_count, metavar="N", help="override server.workers: processes that serve")
    parser.add_argument(
        "--simulate",
        choices=("auto", "always", "never"),
        default="auto",
        help="serve simulated upstreams: where no key is found and no --config was given (auto), always, or never",
    )


def _count(text: str) -> int:
    """Read a number of processes."""
    if not text.isdecimal() or not 0 < int(text) <= MOST_WORKERS:
        raise argparse.ArgumentTypeError(f"a number from 1 to {MOST_WORKERS}, not '{text}'")
    return int(text)


def run(args: argparse.Namespace) -> int:
    """Serve until a signal comes; 0 when it ended as asked."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # a reload asked for before there is anything to load anew
    config = args.config or args.file

    def load(present: Plan | None = None) -> Plan:
        return prepare(
            config=config,
            environ=os.environ,
            simulate=args.simulate,
            listen=args.listen,
            ledger=args.ledger,
            present=present,
        )

    plan = load()
    log.configure(plan.log_level)
    raise_limit()
    workers = args.workers or plan.settings.server.workers
    with listen(plan.host, plan.port) as listener:
        host, port = listener.getsockname()[:2]
        hosts = (plan.host, host)
        service = Service(
            load=lambda present: apart(load(present), hosts, port),  # whatever address the file has come to name
            files=lambda present: watched(present, config),
        )
        lines = banner(apart(plan, hosts, port), port)

        def announce() -> None:
            print(pasteable("\n".join(lines)), flush=True)

        if workers == 1:
            return serve(plan, service, listener, announce)
        return Supervisor(plan, service, listener, workers).run(announce)


def apart(plan: Plan, hosts: tuple[str, ...], port: int) -> Plan:
    """Return `plan`; SettingsInvalid where it calls the socket that is open, on `hosts` (as asked for, as found)."""
    for host in hosts:
        require_no_loop(plan.settings, plan.environ, host, port)
    return plan


def costs_command(plan: Plan) -> str:
    """Return the command that reads this plan's ledger."""
    return f"`tierwise costs --ledger {shlex.quote(str(plan.ledger_path))}`"


def banner(plan: Plan, port: int) -> list[str]:
    """Return what the operator is told at the start."""
    host = f"[{plan.host}]" if ":" in plan.host else plan.host
    lines = [f"tierwise serves http://{host}:{port}/v1 (routes: {', '.join(plan.routes)})"]
    if plan.simulated:
        lines += [
            "SIMULATED upstreams answer, for no provider key was found or you asked for them. Nothing is spent.",
            "They are priced like three real models, and have routes of their own: those of your file wait for a key.",
            "Set a key (say MISTRAL_API_KEY) and start again to use a real one; `tierwise check` lists them all.",
        ]
    else:
        lines += plan.left_out
    lines += [f"warning: {line}" for line in plan.assembled.warnings]
    lines += plan.holes
    lines.append(f"upstreams: {', '.join(plan.upstreams)}; ledger: {plan.ledger_path}")
    lines.append(f"Point an OpenAI SDK at it: base_url above, model 'auto'. Costs: {costs_command(plan)}.")
    return lines
