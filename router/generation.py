"""One configuration while it is served: what it opened, and when that may be closed again."""

import asyncio
import importlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from classifier.assess import Classifier
from router.access.keys import ClientKeys
from router.api import chat_completions, completions, embeddings, messages, responses
from router.api.admission import Admission
from router.api.front import Front
from router.api.gate import AsgiApp
from router.api.late import LateApp
from router.api.readiness import Readiness
from router.api.surface import Surface, SurfaceClient
from router.judge.judge import Judge
from router.ledger.conversations import Bounds, SqliteConversations
from router.ledger.watch import WatchedLedger
from router.plan import Plan, assembled_today, redaction
from router.ports import Judge as JudgeOf
from router.ports import Ports
from router.settings.assemble import Assembled
from router.settings.load import with_simulator
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """What outlives a configuration: the ledger and its file, what requests have learnt, what probes are told.

    `settled` is called once everything that lives as long as the process is loaded.
    """

    ledger: WatchedLedger
    ledger_path: Path
    state: MemoryState
    new_id: Callable[[], str]
    readiness: Readiness
    settled: Callable[[], object]


class Generation:
    """One configuration, opened. It is closed once it was replaced and its last request has ended.

    `front` serves its requests, of which `in_flight` are counted by whoever calls it.
    """

    def __init__(self, plan: Plan) -> None:
        """Open nothing yet."""
        self.plan = plan
        self.front: AsgiApp
        self.admission: Admission
        self.in_flight = 0
        self._closers: list[Callable[[], Any]] = []

    @classmethod
    async def open(cls, plan: Plan, process: Process, before: "Generation | None" = None) -> Self:
        """Return `plan`, ready to serve after `before`; whatever it opened is closed again where that fails."""
        generation = cls(plan)
        try:
            await generation._open(process, before)
        except BaseException:
            await generation.close()
            raise
        return generation

    async def _open(self, process: Process, before: "Generation | None") -> None:
        plan, assembled = self.plan, self.plan.assembled
        if plan.settings.needs_simulator:
            assembled = await self._simulate()
        module, name, options = TRANSPORTS[plan.settings.delivery.transport]
        transport = getattr(importlib.import_module(module), name)(
            assembled.keys,
            connections_per_host=plan.settings.delivery.max_connections,
            body_limit_bytes=assembled.limits.reply_limit_bytes,
            **options,
        )
        door = Authorised(transport.send, authorisers(assembled.grants, wall_clock))
        self._closers += (transport.close, door.close)
        ports = replace(
            ports_of(plan.classifier, assembled, door.send, process),
            redact=_hiding(redaction(assembled), door),
            judge=self._judge(assembled),
            conversations=self._conversations(process),
        )
        keys = ClientKeys(assembled.client_keys)
        limit = plan.settings.server.body_limit_bytes
        self.admission = admission = _admission(plan, before)
        surfaces = {path: Surface(client, ports, keys, limit, admission) for path, client in SURFACES.items()}
        cold = self._cold(ports, keys, process, soon=before is None)
        self.front = Front(surfaces, cold, limit, process.new_id, keys, admission)

    def _conversations(self, process: Process) -> SqliteConversations | None:
        """Return what keeps responses, in the file of the ledger, which is open; None where none are kept."""
        settings = self.plan.settings
        if not settings.responses.store:
            return None
        bounds = Bounds(
            keep=settings.responses.keep,
            total_bytes=settings.responses.max_bytes,
            conversation_bytes=settings.server.body_limit_bytes,
        )
        store = SqliteConversations(process.ledger_path, bounds, wall_clock)
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

    def _cold(self, ports: Ports, keys: ClientKeys, process: Process, *, soon: bool) -> LateApp:
        """Return what serves all but the hot path; it is loaded soon, or when it is asked for."""
        module, name = COLD_APP
        since, limit = ports.now(), self.plan.settings.server.body_limit_bytes
        process.readiness.loaded_at = since

        def make() -> AsgiApp:
            make_cold = getattr(importlib.import_module(module), name)
            app: AsgiApp = make_cold(ports, keys, process.readiness, since, limit)
            return app

        late = LateApp(make, process.settled if soon else bool)
        timer = asyncio.get_running_loop().call_later(COLD_AFTER_SECONDS, late.load) if soon else None

        async def close() -> None:
            if timer is not None:
                timer.cancel()
            await late.close()

        self._closers.append(close)
        return late

    async def _simulate(self) -> Assembled:
        """Start the simulator and return the configuration with its port."""
        plan = self.plan
        names, embedders = plan.settings.simulated_models
        simulator = Simulator(names, embedders=embedders)
        port = await simulator.start()
        self._closers.append(simulator.stop)
        return assembled_today(with_simulator(plan.settings, port), plan.environ, plan.classifier)

    async def close(self) -> None:
        """Close what was opened, the last first. Safe to call twice."""
        while self._closers:
            await self._closers.pop()()


def _admission(plan: Plan, before: Generation | None) -> Admission:
    """Return who is let in: the same as before where nothing about it has changed, so that its count goes on."""
    wanted = _places(plan)
    if before is not None and wanted == _places(before.plan):
        return before.admission
    most, queue, wait, per_caller = wanted
    return Admission(most=most, queue=queue, wait=wait, per_caller=per_caller)


def _places(plan: Plan) -> tuple[int, int, float, int | None]:
    """Return how many are let in, how many more wait and for how long, and how many of them one caller may have.

    Where there are several callers and nothing is said, no one of them can take more than half of the places: who
    sends bodies slowly, or too much, leaves room for the others.
    """
    server = plan.settings.server
    per_caller = server.max_concurrent_per_key
    if per_caller is None and len(plan.assembled.client_keys) > 1:
        per_caller = max(1, server.max_concurrent // 2)
    return server.max_concurrent, server.queue, server.queue_wait, per_caller


def ports_of(classifier: Classifier, assembled: Assembled, send: Any, process: Process) -> Ports:
    """Put together what the requests of one configuration are served with."""
    limits = assembled.limits
    return Ports(
        catalog=assembled.catalog,
        rules=assembled.rules,
        limits=limits,
        size=Sizer(classifier.assess, limits.classifier_timeout, time.monotonic, time.thread_time).size,
        send=send,
        ledger=process.ledger,
        state=process.state,
        clock=time.monotonic,
        now=wall_clock,
        new_id=process.new_id,
        redact=redaction(assembled),
    )


def _hiding(redact: Callable[[str], str], door: Authorised) -> Callable[[str], str]:
    """Return what takes out of a text what is configured, and the tokens that were fetched since."""
    return lambda text: door.hide(redact(text))


def wall_clock() -> datetime:
    """Return the time of day, aware."""
    return datetime.now(UTC)
