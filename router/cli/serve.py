"""tierwise serve: load, check, listen, say so, serve."""

import argparse
import contextlib
import gc
import os
import signal
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path

import uvicorn

from router.api.corked import CorkedProtocol
from router.app import Proxy
from router.errors import CannotListen
from router.plan import Plan, prepare
from router.telemetry import log

DRAIN_SECONDS = 30
KEEP_ALIVE_SECONDS = 75
"""Longer than any client library keeps an idle connection, so that none is closed just as it is used again."""

BACKLOG = 2048


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
    with _listen(plan.host, plan.port) as listener:
        proxy = Proxy(plan)
        server = server_for(proxy)
        proxy.settled = gc.freeze
        server.announced = banner(plan, listener.getsockname()[1])
        with contextlib.suppress(SystemExit):  # uvicorn's word for a failed start; ours follows, with the reason
            server.run(sockets=[listener])
    if proxy.failure is not None:
        raise proxy.failure
    return 0 if server.started else 2


class Server(uvicorn.Server):
    """uvicorn's server, which ends with exit code 0 where it was asked to end.

    `announced` are the lines that are printed once requests are served. A server that announces itself has the process
    to itself, so it leaves what lives for ever out of every garbage collection and makes collections rare: +15 %
    requests/s, and p99 / p50 at 32 connections from 12 to 3, measured on a prototype of this stack. Not too rare: an
    aborted exchange is a cycle that holds its answer, and with the oldest generation never collected 3,000 of them held
    800 MB.
    """

    announced: Sequence[str] = ()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to serve."""
        await super().startup(sockets=sockets)
        if not (self.started and self.announced):
            return
        gc.collect()
        gc.freeze()
        gc.set_threshold(5_000, 10, 10)
        print("\n".join(self.announced), flush=True)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle SIGINT and SIGTERM without raising them again once everything is drained."""
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def server_for(proxy: Proxy) -> Server:
    """Return the server for `proxy`: httptools and uvloop pinned, no access log, no trust in forwarded headers."""
    return Server(
        uvicorn.Config(
            proxy,
            loop="uvloop",
            http=CorkedProtocol,
            ws="none",
            lifespan="on",
            interface="asgi3",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            backlog=BACKLOG,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=DRAIN_SECONDS,
        )
    )


def _listen(host: str, port: int) -> socket.socket:
    """Return a bound socket; CannotListen where the address is taken or not ours."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)  # from the banner on, nobody is refused
    except OSError as error:
        raise CannotListen(f"cannot listen on {host}:{port}: {error.strerror or error}") from None
    return listener


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
