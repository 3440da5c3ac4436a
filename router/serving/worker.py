"""One process that serves: from its plan to its exit code."""

import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from router.app import Proxy
from router.plan import Plan
from router.serving.pages import enlarge_pages
from router.serving.reload import Reloader
from router.serving.server import Drain, Server, server_for
from router.telemetry.log import SERVER

DOORS = 7
"""Further handles of the listening socket. The loop accepts one connection for each handle and turn: while 500 streams
keep its turns long, a single one let in 100 connections a second, and thousands waited in the system's queue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Where plans come from: `load` returns the newest, given the present one; `files` are what one was read from."""

    load: Callable[[Plan | None], Plan]
    files: Callable[[Plan], tuple[Path, ...]]


def serve(
    plan: Plan, service: Service, listener: socket.socket, began: Callable[[], object], lifeline: int | None = None
) -> int:
    """Serve until told to end; return 0 when it ended as asked. OperatorError where it cannot begin.

    `began` is called once requests are served. `lifeline` is a pipe that nobody writes to: when its other end is
    closed, whoever looked after this process is gone, and it ends too.
    """
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until there is something that it could load anew
    proxy = Proxy(plan)
    server = server_for(proxy)
    # Several processes share most of their memory, which a large page would be a copy of.
    proxy.settled = _settle if lifeline is None else gc.freeze
    server.alone, server.began = True, began
    server.leave = lambda: leave(proxy)
    server.beside = (Reloader(proxy, service.load, service.files).run,)
    if lifeline is not None:
        server.beside = (*server.beside, lambda: _end_with(lifeline, server))
    doors = [listener.dup() for _ in range(DOORS)]
    try:
        with _told_once(proxy), contextlib.suppress(SystemExit):  # uvicorn's word for a failed start; ours follows
            server.run(sockets=[*doors, listener])
    finally:
        for door in doors:
            door.close()
    if proxy.failure is not None:
        raise proxy.failure
    return 0 if server.started else 2


@contextlib.contextmanager
def _told_once(proxy: Proxy) -> Iterator[None]:
    """Keep uvicorn's lines of a start that failed out of the log: the failure is told by who started, with its fix."""

    def wanted(_: logging.LogRecord) -> bool:
        return proxy.failure is None

    logger = logging.getLogger(SERVER)
    logger.addFilter(wanted)
    try:
        yield
    finally:
        logger.removeFilter(wanted)


def _settle() -> None:
    """Keep what lives as long as the process out of garbage collections, and in large pages."""
    gc.freeze()
    asyncio.get_running_loop().run_in_executor(None, enlarge_pages)


def leave(proxy: Proxy) -> Drain:
    """Take the proxy out of service, and return how its process ends, as its configuration now says."""
    proxy.readiness.stopping = True
    server = proxy.plan.settings.server
    return Drain(delay=server.drain_delay or 0.0, seconds=server.drain)


async def _end_with(lifeline: int, server: Server) -> None:
    """End the server once the other end of `lifeline` is closed."""
    closed = asyncio.Event()
    os.set_blocking(lifeline, False)
    asyncio.get_running_loop().add_reader(lifeline, closed.set)
    await closed.wait()
    asyncio.get_running_loop().remove_reader(lifeline)
    server.should_exit = True
