"""The composition root: a plan in, ASGI app out. With generation, plan and the commands it names concrete things."""

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from classifier.tier import Tier
from router.api.gate import Receive, Scope, Send
from router.api.inbound import read
from router.api.readiness import Readiness
from router.consider import rehearse
from router.errors import OperatorError
from router.generation import Generation, Process, ports_of, wall_clock
from router.ledger.sqlite import SqliteLedger
from router.ledger.watch import WatchedLedger
from router.plan import Plan, assembled_today, load_artifact
from router.policy.explanation import DryRun
from router.settings.assemble import assemble
from router.settings.load import load, load_simulated
from router.shared_state.memory import MemoryState

SETTLE_SECONDS = 5.0
"""How long a shutdown waits for requests that are recording how they ended, before the ledger closes."""

_IDS_AT_ONCE = 256


def dry_run(config: Path | None, environ: Mapping[str, str]) -> Callable[[bytes, Tier | None], DryRun]:
    """Return what decides a request as the proxy would, and sends nothing.

    Where no upstream of a file has its key, it decides as if all had: a routing file can be tried away from its keys.
    """
    settings = load(config, environ)
    classifier = load_artifact(settings)
    assembled = assembled_today(settings, environ, classifier)
    if not assembled.usable and config is None:
        settings = load_simulated(0, environ, keep=settings)
        assembled = assembled_today(settings, environ, classifier)
    elif not assembled.usable:
        today = wall_clock().date()
        assembled = assemble(settings, environ, today, presets=classifier.presets, require_keys=False)
    nothing = Process(
        ledger=WatchedLedger(_Unkept(), time.monotonic),
        ledger_path=Path(),
        state=MemoryState(assembled.limits),
        new_id=Ids().draw,
        readiness=Readiness(),
        settled=bool,
    )
    ports = ports_of(classifier, assembled, _nowhere, nothing)

    def decider(body: bytes, floor: Tier | None) -> DryRun:
        request = read(body, request_id="dry-run", caller="operator", floor=floor, session=None)
        return rehearse(request, ports)

    return decider


class Proxy:
    """The ASGI app: opens what it needs at lifespan startup, closes it at shutdown, and changes plans in between."""

    def __init__(self, plan: Plan) -> None:
        """Keep the plan; nothing is opened yet."""
        self.plan = plan
        self.readiness = Readiness()
        self.settled: Callable[[], object] = bool
        """Called on the loop once everything that lives as long as the process is loaded."""
        self.failure: OperatorError | None = None
        """Why the startup failed, where it did."""
        self._process: Process | None = None
        self._serving: Generation | None = None
        self._retired: dict[Generation, asyncio.Task[None] | None] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one scope: a request belongs to the configuration that was served when it came."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        generation = self._serving
        if generation is None:
            raise RuntimeError("the proxy was called before its startup")
        generation.in_flight += 1
        try:
            await generation.front(scope, receive, send)
        finally:
            generation.in_flight -= 1
            if generation is not self._serving:
                self._let_go(generation)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await self.start()
        except OperatorError as error:
            self.failure = error
            await self.stop()
            await send({"type": "lifespan.startup.failed", "message": error.message})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.stop()
        await send({"type": "lifespan.shutdown.complete"})

    async def start(self) -> None:
        """Open the ledger and the plan."""
        plan = self.plan
        ledger = SqliteLedger.open(plan.ledger_path, plan.settings.ledger.durability)
        self._process = Process(
            ledger=WatchedLedger(ledger, time.monotonic),
            ledger_path=plan.ledger_path,
            state=MemoryState(plan.assembled.limits),
            new_id=Ids().draw,
            readiness=self.readiness,
            settled=self.settled,
        )
        self._serving = await Generation.open(plan, self._process)

    async def change(self, plan: Plan) -> None:
        """Serve `plan` from the next request on; those under way end with what they began with.

        OperatorError, and nothing changes, where it cannot be opened. What an upstream has shown is kept unless it has
        become another one, or has another key; what is not for one configuration to say (the ledger) stays.
        """
        before, process = self._serving, self._process
        if before is None or process is None:
            raise RuntimeError("the proxy was not started")
        serving = await Generation.open(plan, process, before)
        process.state.adopt(plan.assembled.limits, others(before.plan, plan))
        self.plan, self._serving = plan, serving
        self._retired[before] = None
        self._let_go(before)

    def _let_go(self, generation: Generation) -> None:
        """Close a configuration that was replaced, once nobody is served with it."""
        if generation.in_flight or self._retired.get(generation, ...) is not None:
            return
        task = asyncio.create_task(generation.close())
        self._retired[generation] = task
        task.add_done_callback(lambda _: self._retired.pop(generation, None))

    async def stop(self) -> None:
        """Wait for rows that are being written, then close; the ledger last."""
        serving, self._serving = self._serving, None
        generations = [*self._retired] if serving is None else [*self._retired, serving]
        until = time.monotonic() + SETTLE_SECONDS
        # A counter, looked at a few times a shutdown.
        while any(one.in_flight for one in generations) and time.monotonic() < until:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        for generation in reversed(generations):
            await generation.close()
        process, self._process = self._process, None
        if process is not None:
            await process.ledger.close()


def others(before: Plan, after: Plan) -> frozenset[str]:
    """Return the names of upstreams that `after` no longer means as `before` did: another model, host or key."""

    def meant(plan: Plan) -> dict[str, Any]:
        found = plan.assembled
        return {
            one.name: (one.provider, one.model, found.keys.get(one.provider.name), found.grants.get(one.provider.name))
            for one in found.catalog.upstreams
        }

    was, is_now = meant(before), meant(after)
    return frozenset(name for name, what in was.items() if is_now.get(name) != what)


class Ids:
    """Unguessable ids of 24 hexadecimal digits, many out of one call of the system's source of randomness.

    The first eight are the time of that call, which keeps new rows side by side in the ledger's index: a tenth less
    for a row. The other sixteen are random.
    """

    def __init__(self) -> None:
        """Draw nothing yet."""
        self._drawn: list[str] = []

    def draw(self) -> str:
        """Return a new id."""
        if not self._drawn:
            second, digits = f"{int(time.time()):08x}", secrets.token_hex(8 * _IDS_AT_ONCE)
            self._drawn = [second + digits[at : at + 16] for at in range(0, len(digits), 16)]
        return self._drawn.pop()


async def _nowhere(_call: object) -> None:
    """Refuse to send: a dry run decides only."""
    raise AssertionError("a dry run sends nothing")


class _Unkept:
    """A ledger for dry runs, which have no account."""

    behind = False

    def intend(self, _intent: object) -> None:
        """Keep nothing."""

    async def record(self, _entry: object) -> None:
        """Keep nothing."""

    async def close(self) -> None:
        """Close nothing."""
