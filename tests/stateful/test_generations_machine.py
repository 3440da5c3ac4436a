"""Configurations that change under requests: each request is served whole by the one that it came to.

A request is held open in the middle of its body while configurations come and go. Each configuration has a route that
no other one has, and the body, when it ends, asks for the route of the configuration that was served as it began.
"""

import asyncio
import itertools
import shutil
import tempfile
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from router.api.messages import COUNT_PATH
from router.app import Proxy
from router.generation import Generation
from router.plan import Plan, prepare
from tests.fakes.asgi import Exchange, scope
from tests.fakes.machines import MACHINES
from tests.fakes.proxy import CONFIG

PLANS = 3
ASKS = '{"model":"route-%d","messages":[{"role":"user","content":"hi"}]}'
PARTS = 3


@cache
def plan_of(number: int, folder: Path) -> Plan:
    """Return the configuration of that number, checked."""
    path = folder / f"{number}.yaml"
    routes = f"routes: {{auto: {{}}, route-{number}: {{}}}}"
    path.write_text(CONFIG.format(base_url="http://127.0.0.1:9/v1").replace("routes: {auto: {}}", routes))
    return prepare(config=path, environ={}, simulate="never", listen="127.0.0.1:0", ledger=folder / "ledger.db")


@dataclass(eq=False)
class Slow(Exchange):
    """A request whose body comes part by part; `number` is the configuration that it came to."""

    number: int = 0
    generation: Generation | None = None
    task: asyncio.Task | None = None
    more: asyncio.Event | None = None
    waiting: list[dict] = field(default_factory=list)

    async def receive(self) -> dict:
        """Wait for the next part."""
        while not self.messages and not self.leave.is_set():
            self.more.clear()
            await self.more.wait()
        return self.messages.pop(0) if self.messages else {"type": "http.disconnect"}


class Configurations(RuleBasedStateMachine):
    """Reloads, good and bad, between the parts of requests."""

    folder = Path(tempfile.gettempdir())

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.home = Path(tempfile.mkdtemp(dir=self.folder))
        self.turn = itertools.count(1)
        self.under_way: list[Slow] = []
        self.replaced: list[Generation] = []
        self.serves = 0
        self.proxy = Proxy(replace(plan_of(0, self.folder), ledger_path=self.home / "ledger.db"))
        self.loop.run_until_complete(self.proxy.start())

    @property
    def current(self) -> Generation:
        """What is served now."""
        return self.proxy._serving

    def settle(self) -> None:
        """Let everybody run who can, and what is being closed end."""
        self.loop.run_until_complete(asyncio.sleep(0.001))
        closing = [task for task in self.proxy._retired.values() if task is not None]
        if closing:
            _, open_ = self.loop.run_until_complete(asyncio.wait(closing, timeout=60))
            assert not open_
            self.loop.run_until_complete(asyncio.sleep(0))

    @rule()
    def begin(self) -> None:
        """A request comes, with the first part of its body."""
        text = (ASKS % self.serves).encode()
        slow = Slow([], number=self.serves, generation=self.current, more=asyncio.Event())
        size = len(text) // PARTS
        parts = [text[:size], text[size : 2 * size], text[2 * size :]]
        slow.waiting = [
            {"type": "http.request", "body": part, "more_body": place + 1 < PARTS} for place, part in enumerate(parts)
        ]
        slow.task = self.loop.create_task(self.proxy(scope(path=COUNT_PATH), slow.receive, slow.send))
        self.under_way.append(slow)
        self.go_on(len(self.under_way) - 1)

    @precondition(lambda self: self.under_way)
    @rule(which=st.integers(0, 20))
    def go_on(self, which: int) -> None:
        """The next part of a body comes; with the last one there is an answer, of the configuration it came to."""
        slow = self.under_way[which % len(self.under_way)]
        slow.messages.append(slow.waiting.pop(0))
        slow.more.set()
        self.settle()
        if slow.waiting:
            assert not slow.sent
            return
        self.loop.run_until_complete(slow.task)
        self.under_way.remove(slow)
        assert (slow.status, slow.complete) == (200, True), slow.body
        self.settle()

    @precondition(lambda self: self.under_way)
    @rule(which=st.integers(0, 20))
    def leave(self, which: int) -> None:
        """A client leaves in the middle of its body."""
        slow = self.under_way.pop(which % len(self.under_way))
        slow.leave.set()
        slow.more.set()
        self.loop.run_until_complete(slow.task)
        assert not slow.sent
        self.settle()

    @rule(times=st.integers(1, 3))
    def change(self, times: int) -> None:
        """Another configuration is served from now on, or several one after the other."""
        for _ in range(times):
            self.replaced.append(self.current)
            self.serves = next(self.turn) % PLANS
            self.loop.run_until_complete(self.proxy.change(plan_of(self.serves, self.folder)))
        self.settle()

    @rule()
    def change_in_vain(self) -> None:
        """A configuration that cannot be opened changes nothing."""
        before = self.current
        broken = replace(plan_of(self.serves, self.folder), classifier=None)
        with pytest.raises(AttributeError):
            self.loop.run_until_complete(self.proxy.change(broken))
        assert self.current is before

    @invariant()
    def what_nobody_uses_is_closed(self) -> None:
        """A replaced configuration is open exactly as long as a request that came to it is under way."""
        used = {slow.generation for slow in self.under_way}
        assert {one for one in self.replaced if one._closers} == used - {self.current}
        assert set(self.proxy._retired) == used - {self.current}
        assert self.current._closers

    @invariant()
    def each_is_counted(self) -> None:
        """A configuration knows how many requests it serves."""
        for one in {*self.replaced, self.current}:
            assert one.in_flight == sum(slow.generation is one for slow in self.under_way)

    def teardown(self) -> None:
        """The process ends: everything is closed, whoever is still under way."""
        while self.under_way:
            self.leave(0)
        self.loop.run_until_complete(self.proxy.stop())
        assert not [one for one in self.replaced if one._closers]
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()
        shutil.rmtree(self.home)


class TestConfigurations:
    """The machine, in a folder of the test's own."""

    def test_each_request_sees_one_configuration(self, tmp_path: Path) -> None:
        """Whatever is loaded in the middle of it; what is replaced is closed with its last request."""
        machine = type("InFolder", (Configurations,), {"folder": tmp_path})
        case = machine.TestCase
        case.settings = settings(max_examples=max(5, MACHINES // 4), stateful_step_count=20, deadline=None)
        case("runTest").runTest()
