"""tierwise serve: load, check, listen, say so, serve."""

import argparse
import contextlib
import gc
import os
from pathlib import Path

from router.app import Proxy
from router.plan import Plan, prepare
from router.serving.descriptors import raise_limit
from router.serving.listener import listen
from router.serving.server import Drain, server_for
from router.telemetry import log


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "file", type=Path, nargs="?", help="the routing YAML (default: config/tierwise.yaml as shipped)"
    )
    parser.add_argument("--config", type=Path, help="the same, by name")
    parser.add_argument("--listen", metavar="HOST:PORT", help="override server.listen")
    parser.add_argument("--ledger", type=Path, help="override ledger.path")
    parser.add_argument(
        "--simulate",
        choices=("auto", "always", "never"),
        default="auto",
        help="serve simulated upstreams: where no key is found and no --config was given (auto), always, or never",
    )


def run(args: argparse.Namespace) -> int:
    """Serve until a signal comes; 0 when it ended as asked."""
    plan = prepare(
        config=args.config or args.file,
        environ=os.environ,
        simulate=args.simulate,
        listen=args.listen,
        ledger=args.ledger,
    )
    log.configure(plan.log_level)
    raise_limit()
    with listen(plan.host, plan.port) as listener:
        proxy = Proxy(plan)
        server = server_for(proxy)
        proxy.settled = gc.freeze

        def leave() -> Drain:
            proxy.readiness.stopping = True
            settings = plan.settings.server
            return Drain(delay=settings.drain_delay or 0.0, seconds=settings.drain)

        server.leave = leave
        server.announced = banner(plan, listener.getsockname()[1])
        with contextlib.suppress(SystemExit):  # uvicorn's word for a failed start; ours follows, with the reason
            server.run(sockets=[listener])
    if proxy.failure is not None:
        raise proxy.failure
    return 0 if server.started else 2


def costs_command(plan: Plan) -> str:
    """Return the command that reads this plan's ledger."""
    return f"`tierwise costs --ledger {plan.ledger_path}`"


def banner(plan: Plan, port: int) -> list[str]:
    """Return what the operator is told at the start."""
    host = f"[{plan.host}]" if ":" in plan.host else plan.host
    lines = [f"tierwise serves http://{host}:{port}/v1 (routes: {', '.join(plan.routes)})"]
    if plan.simulated:
        lines += [
            "No provider key was found: SIMULATED upstreams answer, priced like three real models. Nothing is spent.",
            "Set a key (say MISTRAL_API_KEY) and start again to use a real one; `tierwise check` lists them all.",
        ]
    else:
        lines += plan.left_out
    lines += [f"warning: {line}" for line in plan.assembled.warnings]
    lines.append(f"upstreams: {', '.join(plan.upstreams)}; ledger: {plan.ledger_path}")
    lines.append(f"Point an OpenAI SDK at it: base_url above, model 'auto'. Costs: {costs_command(plan)}.")
    return lines
