"""The composition root: Settings in, ASGI app out; the only file, with the commands, that names concrete things."""

import asyncio
import importlib
import re
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from classifier.artifact import ArtifactInvalid
from classifier.assess import Classifier, load_classifier, load_default
from classifier.tier import Tier
from router.access.keys import ClientKeys, require_keys_beyond_loopback
from router.api.chat_completions import ChatCompletions
from router.api.cold import cold_app
from router.api.front import AsgiApp, Front
from router.api.gate import Receive, Scope, Send
from router.api.inbound import read
from router.api.outbound import HttpClient
from router.errors import ArtifactRejected, Overloaded, SettingsInvalid
from router.exchange import consider
from router.ledger.ledger import Ledger
from router.ledger.sqlite import SqliteLedger
from router.ledger.watch import WatchedLedger
from router.policy.decide import View, baseline
from router.policy.explanation import DryRun
from router.ports import Ports
from router.settings.assemble import Assembled, assemble
from router.settings.load import Settings, load, load_simulated, with_simulator
from router.shared_state.memory import MemoryState
from router.simulator.server import Simulator
from router.sizing import Sizer

TRANSPORTS: dict[str, tuple[str, str, dict[str, bool]]] = {
    "aiohttp": ("router.upstreams.transport", "AiohttpTransport", {}),
    "httpx": ("router.upstreams.transport_httpx", "HttpxTransport", {"trust_env": True}),
}
"""Each transport by its name in delivery.transport: module, class, options. A module is loaded only when it is chosen.
Whoever chooses httpx wants HTTP/2 or a corporate proxy, so that one takes the proxies of the environment."""

SETTLE_SECONDS = 5.0
"""How long a shutdown waits for requests that are recording how they ended, before the ledger closes."""

MOST_REQUESTS = 4096
"""Requests served at once; one more is told to come back. Idle connections do not count."""

SHORTEST_SECRET = 4
"""Characters below which a configured text is too common a word to be taken out of others."""

BUILTIN = "builtin"
SIMULATED_KIND = "simulated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One configuration, checked and ready to be served; what the banner tells is read off it.

    `simulated` says that the shipped simulated upstreams took the place of real ones.
    """

    settings: Settings
    assembled: Assembled
    classifier: Classifier
    environ: Mapping[str, str]
    simulated: bool
    host: str
    port: int
    ledger_path: Path
    left_out: tuple[str, ...]

    @property
    def routes(self) -> tuple[str, ...]:
        """The names of the routes."""
        return tuple(self.settings.routes)

    @property
    def upstreams(self) -> tuple[str, ...]:
        """The names of the upstreams that are served."""
        return tuple(upstream.name for upstream in self.assembled.catalog.upstreams)

    @property
    def log_level(self) -> str:
        """The least severe level that is logged."""
        return self.settings.log.level


def prepare(
    *, config: Path | None, environ: Mapping[str, str], simulate: str, listen: str | None, ledger: Path | None
) -> Plan:
    """Load and check everything that can be checked before serving; OperatorError when it cannot be served.

    `config` None is the shipped file. `simulate`: `always`, `never`, or `auto` for simulated upstreams where the
    shipped file is used and no key of it is there. `listen` and `ledger` override the file.
    """
    settings = load(config, environ)
    classifier = load_artifact(settings)
    assembled = _assembled(settings, environ, classifier)
    left_out = assembled.left_out
    simulated = simulate == "always" or (simulate == "auto" and config is None and not assembled.usable)
    if simulated:
        settings = load_simulated(0, environ, keep=settings)
        assembled = _assembled(settings, environ, classifier)
    elif not assembled.usable:
        problems = left_out or ("The file configures no upstream.",)
        raise SettingsInvalid(problems, fix="Set one of these keys, or try it without any: --simulate always.")
    host, port = address(listen or settings.server.listen, has_keys=bool(assembled.client_keys))
    return Plan(
        settings=settings,
        assembled=assembled,
        classifier=classifier,
        environ=environ,
        simulated=simulated,
        host=host,
        port=port,
        ledger_path=ledger or Path(settings.ledger.path),
        left_out=left_out,
    )


def dry_run(config: Path | None, environ: Mapping[str, str]) -> Callable[[bytes, Tier | None], DryRun]:
    """Return what decides a request as the proxy would, and sends nothing."""
    plan = prepare(config=config, environ=environ, simulate="auto", listen="127.0.0.1:0", ledger=None)
    ports = _ports(plan, plan.assembled, _nowhere, _Unkept())

    def decider(body: bytes, floor: Tier | None) -> DryRun:
        request = read(body, request_id="dry-run", caller="operator", floor=floor, session=None)
        target, assessment, decision = consider(request, ports)
        view = View(catalog=ports.catalog, today=ports.now().date())
        return DryRun(
            request=request,
            target=target,
            assessment=assessment,
            decision=decision,
            baseline=baseline(request, decision.tier, view),
        )

    return decider


class Proxy:
    """The ASGI app of one plan: opens what it needs at lifespan startup and closes it at shutdown."""

    def __init__(self, plan: Plan) -> None:
        """Keep the plan; nothing is opened yet."""
        self._plan = plan
        self._front: AsgiApp | None = None
        self._closers: list[Callable[[], Any]] = []
        self._in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one scope."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        if self._front is None:
            raise RuntimeError("the proxy was called before its startup")
        if self._in_flight >= MOST_REQUESTS:
            busy = Overloaded(f"{MOST_REQUESTS:,} requests are being served", retry_after=1)
            await HttpClient(receive, send).refuse(busy, [])
            return
        self._in_flight += 1
        try:
            await self._front(scope, receive, send)
        finally:
            self._in_flight -= 1

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        await self.start()
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
        module, name, options = TRANSPORTS[plan.settings.delivery.transport]
        transport = getattr(importlib.import_module(module), name)(
            assembled.keys, body_limit_bytes=assembled.limits.reply_limit_bytes, **options
        )
        self._closers.append(transport.close)
        ports = _ports(plan, assembled, transport.send, ledger)
        keys = ClientKeys(assembled.client_keys)
        limit = plan.settings.server.body_limit_bytes
        self._front = Front(
            ChatCompletions(ports, keys, limit), cold_app(ports.catalog, ports.rules, keys, ports.now()), limit
        )

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
        names = [
            upstream.model
            for upstream in plan.settings.upstreams.values()
            if plan.settings.providers[upstream.provider].kind == SIMULATED_KIND
        ]
        simulator = Simulator(tuple(dict.fromkeys(names)))
        port = await simulator.start()
        self._closers.append(simulator.stop)
        return _assembled(with_simulator(plan.settings, port), plan.environ, plan.classifier)


def _ports(plan: Plan, assembled: Assembled, send: Any, ledger: Ledger) -> Ports:
    """Put together what requests are served with."""
    limits = assembled.limits
    return Ports(
        catalog=assembled.catalog,
        rules=assembled.rules,
        limits=limits,
        size=Sizer(plan.classifier.assess, limits.classifier_timeout, time.monotonic).size,
        send=send,
        ledger=WatchedLedger(ledger, time.monotonic),
        state=MemoryState(limits),
        clock=time.monotonic,
        now=_now,
        new_id=_new_id,
        redact=redaction(assembled),
    )


def redaction(assembled: Assembled) -> Callable[[str], str]:
    """Return what takes every configured key and every upstream's host out of a text, longest first."""
    secrets_known = [secret.reveal() for secret in (*assembled.keys.values(), *assembled.client_keys.values())]
    hosts = [urlsplit(upstream.provider.base_url).netloc for upstream in assembled.catalog.upstreams]
    hidden = sorted({text for text in (*secrets_known, *hosts) if len(text) >= SHORTEST_SECRET}, key=len, reverse=True)
    if not hidden:
        return str
    pattern = re.compile("|".join(map(re.escape, hidden)))
    return lambda text: pattern.sub("[hidden]", text)


def load_artifact(settings: Settings) -> Classifier:
    """Load the artifact that the settings name; ArtifactRejected when it cannot be trusted."""
    where = settings.classifier.artifact
    try:
        return load_default() if where == BUILTIN else load_classifier(Path(where))
    except ArtifactInvalid as error:
        raise ArtifactRejected(error.message, fix=error.fix) from None


def _assembled(settings: Settings, environ: Mapping[str, str], classifier: Classifier) -> Assembled:
    """Turn settings into values, as of today."""
    return assemble(settings, environ, _now().date(), presets=classifier.presets)


def address(listen: str, *, has_keys: bool) -> tuple[str, int]:
    """Part HOST:PORT, brackets around an IPv6 host allowed.

    SettingsInvalid when it is neither, or when others can reach it and there are no client keys.
    """
    host, _, port = listen.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise SettingsInvalid((f"'{listen}' is not an address to listen on.",), fix="Write it as 127.0.0.1:8080.")
    require_keys_beyond_loopback(host.strip("[]"), has_keys)
    return host.strip("[]"), int(port)


def _now() -> datetime:
    """Return the wall clock."""
    return datetime.now(UTC)


def _new_id() -> str:
    """Return a new, unguessable id of 24 hexadecimal digits."""
    return secrets.token_hex(12)


async def _nowhere(_call: object) -> None:
    """Refuse to send: a dry run decides only."""
    raise AssertionError("a dry run sends nothing")


class _Unkept:
    """A ledger for dry runs, which have no account."""

    async def record(self, _entry: object) -> None:
        """Keep nothing."""

    async def close(self) -> None:
        """Close nothing."""
