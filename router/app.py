"""The composition root: Settings in, ASGI app out; the only file, with the commands, that names concrete things."""

import asyncio
import importlib
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from classifier.assess import Classifier
from classifier.tier import Tier
from router.access.keys import ClientKeys
from router.api import chat_completions, completions, embeddings, messages, responses
from router.api.admission import Admission
from router.api.front import Front
from router.api.gate import AsgiApp, Receive, Scope, Send
from router.api.inbound import read
from router.api.late import LateApp
from router.api.readiness import Readiness
from router.api.surface import Surface, SurfaceClient
from router.consider import rehearse
from router.errors import OperatorError
from router.judge.judge import Judge
from router.ledger.conversations import Bounds, SqliteConversations
from router.ledger.ledger import Ledger
from router.ledger.sqlite import SqliteLedger
from router.ledger.watch import WatchedLedger
from router.plan import Plan, assembled_today, load_artifact, redaction
from router.policy.explanation import DryRun
from router.ports import Judge as JudgeOf
from router.ports import Ports
from router.settings.assemble import Assembled, assemble
from router.settings.load import load, load_simulated, with_simulator
from router.shared_state.memory import MemoryState
from router.simulator.server import Simulator
from router.sizing import Sizer
from router.upstreams.auth import Authorised, authorisers

TRANSPORTS: dict[str, tuple[str, str, dict[str, bool]]] = {
    "native": ("router.upstreams.transport_native", "NativeTransport", {}),
    "aiohttp": ("router.upstreams.transport_aiohttp", "AiohttpTransport", {}),
    "httpx": ("router.upstreams.transport_httpx", "HttpxTransport", {"trust_env": True}),
}
"""Each transport by its name in delivery.transport: module, class, options. A module is loaded only when it is chosen.
Whoever chooses httpx wants HTTP/2 or a corporate proxy, so that one takes the proxies of the environment."""

SURFACES: Mapping[str, type[SurfaceClient]] = {
    chat_completions.PATH: chat_completions.ChatClient,
    messages.PATH: messages.MessagesClient,
    messages.COUNT_PATH: messages.CountClient,
    responses.PATH: responses.ResponsesClient,
    embeddings.PATH: embeddings.EmbeddingsClient,
    completions.PATH: completions.CompletionsClient,
}
"""Who speaks on each path of the hot half."""

COLD_APP = ("router.api.cold", "cold_app")
"""What serves all but the hot path: module and function. It is loaded late, for it takes half of a start to import."""

COLD_AFTER_SECONDS = 0.5
"""How long after the start it is loaded, unless it is asked for before: the first requests come first."""

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
        assembled = assemble(settings, environ, _now().date(), presets=classifier.presets, require_keys=False)
    ports = _ports(classifier, assembled, _nowhere, _Unkept())

    def decider(body: bytes, floor: Tier | None) -> DryRun:
        request = read(body, request_id="dry-run", caller="operator", floor=floor, session=None)
        return rehearse(request, ports)

    return decider


class Proxy:
    """The ASGI app of one plan: opens what it needs at lifespan startup and closes it at shutdown."""

    def __init__(self, plan: Plan) -> None:
        """Keep the plan; nothing is opened yet."""
        self._plan = plan
        self._front: AsgiApp | None = None
        self._closers: list[Callable[[], Any]] = []
        self._in_flight = 0
        self.readiness = Readiness()
        self.settled: Callable[[], object] = bool
        """Called on the loop once everything that lives as long as the process is loaded."""
        self.failure: OperatorError | None = None
        """Why the startup failed, where it did."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one scope."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        if self._front is None:
            raise RuntimeError("the proxy was called before its startup")
        self._in_flight += 1
        try:
            await self._front(scope, receive, send)
        finally:
            self._in_flight -= 1

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
        """Open the ledger, the transport and, where a provider waits for it, the simulator."""
        plan, assembled = self._plan, self._plan.assembled
        if plan.settings.needs_simulator:
            assembled = await self._simulate()
        ledger = SqliteLedger.open(plan.ledger_path, plan.settings.ledger.durability)
        self._closers.append(ledger.close)
        conversations = self._conversations()
        module, name, options = TRANSPORTS[plan.settings.delivery.transport]
        transport = getattr(importlib.import_module(module), name)(
            assembled.keys,
            connections_per_host=plan.settings.delivery.max_connections,
            body_limit_bytes=assembled.limits.reply_limit_bytes,
            **options,
        )
        door = Authorised(transport.send, authorisers(assembled.grants, _now))
        self._closers += (transport.close, door.close)
        ports = replace(
            _ports(plan.classifier, assembled, door.send, ledger),
            redact=_hiding(redaction(assembled), door),
            judge=self._judge(assembled),
            conversations=conversations,
        )
        keys = ClientKeys(assembled.client_keys)
        server = plan.settings.server
        limit = server.body_limit_bytes
        admission = Admission(
            most=server.max_concurrent,
            queue=server.queue,
            wait=server.queue_wait,
            per_caller=server.max_concurrent_per_key,
        )
        surfaces = {path: Surface(client, ports, keys, limit, admission) for path, client in SURFACES.items()}
        self._front = Front(surfaces, self._cold(ports, keys), limit, admission)

    def _conversations(self) -> SqliteConversations | None:
        """Return what keeps responses, in the file of the ledger, which is open; None where none are kept."""
        settings = self._plan.settings
        if not settings.responses.store:
            return None
        bounds = Bounds(
            keep=settings.responses.keep,
            total_bytes=settings.responses.max_bytes,
            conversation_bytes=settings.server.body_limit_bytes,
        )
        store = SqliteConversations(self._plan.ledger_path, bounds, _now)
        store.start()
        self._closers.append(store.close)
        return store

    def _judge(self, assembled: Assembled) -> JudgeOf | None:
        """Return what judges answers; None where no route verifies any."""
        if not any(route.verify for route in assembled.rules.routes.values()):
            return None
        judge = Judge()
        self._closers.append(judge.close)
        return judge.judge

    def _cold(self, ports: Ports, keys: ClientKeys) -> LateApp:
        """Return what serves all but the hot path, to be loaded soon."""
        module, name = COLD_APP
        since, limit = ports.now(), self._plan.settings.server.body_limit_bytes
        self.readiness.loaded_at = since

        def make() -> AsgiApp:
            app: AsgiApp = getattr(importlib.import_module(module), name)(ports, keys, self.readiness, since, limit)
            return app

        late = LateApp(make, self.settled)
        timer = asyncio.get_running_loop().call_later(COLD_AFTER_SECONDS, late.load)

        async def close() -> None:
            timer.cancel()
            await late.close()

        self._closers.append(close)
        return late

    async def stop(self) -> None:
        """Wait for rows that are being written, then close in the reverse order of opening."""
        until = time.monotonic() + SETTLE_SECONDS
        while self._in_flight and time.monotonic() < until:  # noqa: ASYNC110  # a counter, read a few times a shutdown
            await asyncio.sleep(0.02)
        while self._closers:
            await self._closers.pop()()

    async def _simulate(self) -> Assembled:
        """Start the simulator and return the configuration with its port."""
        plan = self._plan
        names, embedders = plan.settings.simulated_models
        simulator = Simulator(names, embedders=embedders)
        port = await simulator.start()
        self._closers.append(simulator.stop)
        return assembled_today(with_simulator(plan.settings, port), plan.environ, plan.classifier)


def _ports(classifier: Classifier, assembled: Assembled, send: Any, ledger: Ledger) -> Ports:
    """Put together what requests are served with."""
    limits = assembled.limits
    return Ports(
        catalog=assembled.catalog,
        rules=assembled.rules,
        limits=limits,
        size=Sizer(classifier.assess, limits.classifier_timeout, time.monotonic).size,
        send=send,
        ledger=WatchedLedger(ledger, time.monotonic),
        state=MemoryState(limits),
        clock=time.monotonic,
        now=_now,
        new_id=Ids().draw,
        redact=redaction(assembled),
    )


def _hiding(redact: Callable[[str], str], door: Authorised) -> Callable[[str], str]:
    """Return what takes out of a text what is configured, and the tokens that were fetched since."""
    return lambda text: door.hide(redact(text))


def _now() -> datetime:
    """Return the wall clock."""
    return datetime.now(UTC)


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

    async def record(self, _entry: object) -> None:
        """Keep nothing."""

    async def close(self) -> None:
        """Close nothing."""
