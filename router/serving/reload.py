"""Another configuration without another process: at SIGHUP, or when its file or a key's file has changed.

A configuration is taken whole or not at all. What is wrong with one stands in the log once, and the last good one is
served on; so it is with a file that is only half written, which is why a change is looked at twice.
"""

import asyncio
import logging
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from router.app import Proxy
from router.errors import OperatorError
from router.plan import Plan
from router.telemetry import log

LOOK_SECONDS = 0.25
"""How often the files are looked at. What has changed is read when it has stayed the same from one look to the next."""

MOST_PROBLEMS = 10
"""Problems of a refused configuration that are told."""

Mark = tuple[int, int, int, int] | None
"""What tells one content of a file from the next, without reading it; None where there is no such file."""

_log = logging.getLogger("tierwise.serving")


def mark(path: Path) -> Mark:
    """Return the mark of a file, following links: a link that was turned to another file is another content."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino, found.st_dev


class Watch:
    """Notices when files have another content, once that has stayed the same from one look to the next."""

    def __init__(self, files: Callable[[], tuple[Path, ...]]) -> None:
        """Take what `files` names as it is now for known."""
        self._files = files
        self._known = self._last = self.marks()

    def marks(self) -> tuple[Mark, ...]:
        """Return the marks of the files as they are now."""
        return tuple(mark(path) for path in self._files())

    def changed(self) -> bool:
        """Look at the files; whether they have changed, and are complete by all appearances."""
        last, self._last = self._last, self.marks()
        return self._last == last != self._known

    def know(self, marks: tuple[Mark, ...]) -> None:
        """Take these for known: their content has been read. Other files than before begin as they are now."""
        now = self.marks()
        self._known = self._last = marks if len(marks) == len(now) else now


class Reloader:
    """Keeps a proxy at the newest good configuration."""

    def __init__(self, proxy: Proxy, load: Callable[[Plan], Plan], files: Callable[[Plan], tuple[Path, ...]]) -> None:
        """Serve what `load` returns, given what is served now; `files` are what a plan was read from."""
        self._proxy = proxy
        self._load = load
        self._begun = proxy.plan
        self._asked = asyncio.Event()
        self._watch = Watch(lambda: files(proxy.plan))

    async def run(self) -> None:
        """Look for changes until cancelled."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._asked.set)
        while True:
            if self._watch.changed() or self._asked.is_set():
                self._asked.clear()
                await self.reload()
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._asked.wait()
            except TimeoutError:
                continue

    async def reload(self) -> bool:
        """Load the configuration and serve it; False, with the reason in the log, where the last one stays."""
        proxy, before = self._proxy, self._proxy.plan
        marks = self._watch.marks()
        try:
            plan = await asyncio.to_thread(self._load, before)
            await proxy.change(plan)
        except OperatorError as error:
            self._watch.know(marks)
            self._proxy.readiness.refused_at = datetime.now(UTC).replace(microsecond=0)
            _log.error("the new configuration was refused, the last good one is served: %s", reason(error))
            return False
        self._watch.know(marks)
        proxy.readiness.refused_at = None
        if plan.log_level != before.log_level:
            log.configure(plan.log_level)
        _log.info("configuration loaded: %d upstreams, routes %s", len(plan.upstreams), ", ".join(plan.routes))
        for line in (*plan.left_out, *plan.assembled.warnings, *plan.holes):
            _log.warning("%s", line)
        for line in fixed(self._begun, plan):
            _log.warning("%s", line)
        return True


def reason(error: OperatorError) -> str:
    """Return why a configuration was refused, in one line."""
    problems = error.message.splitlines()
    more = f" (and {len(problems) - MOST_PROBLEMS} more)" if len(problems) > MOST_PROBLEMS else ""
    return f"{' '.join(problems[:MOST_PROBLEMS])}{more} {error.fix}"


def fixed(begun: Plan, after: Plan) -> list[str]:
    """Return a line for each setting that is other than at the start, which only a restart can follow."""
    was, wanted = begun.settings, after.settings
    settings = {
        "server.listen": (begun.host, begun.port) != (after.host, after.port),
        "server.workers": was.server.workers != wanted.server.workers,
        "ledger.path": begun.ledger_path != after.ledger_path,
        "ledger.durability": was.ledger.durability != wanted.ledger.durability,
    }
    return [f"{name} has changed: that takes a restart." for name, changed in settings.items() if changed]
