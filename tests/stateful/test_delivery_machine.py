"""Requests, upstreams that come and go, and time: what delivery promises, held against a model that knows none of it.

The model is a journal of what each upstream was asked and said, with a few facts that follow from it whatever the
breaker thinks: who surely rests (five failures in a row, the cooldown not over), who is surely well (never failed), who
asked to be left alone.
"""

import asyncio
import itertools
from dataclasses import replace
from functools import partial

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from classifier.prompt import Prompt
from classifier.tier import Tier
from router.catalog.catalog import Catalog
from router.catalog.upstream import Capability, Upstream
from router.errors import NoEligibleUpstream, UpstreamTimeout, UpstreamUnreachable
from router.forward import forward
from router.ledger.watch import WatchedLedger
from router.policy.rules import Policy, Route, Rules
from router.ports import Ports, Refusal
from router.request import Needs
from router.shared_state.memory import LEAST_EXTRA, MemoryState
from router.wire.call import UpstreamCall
from tests.fakes.delivery import COURSES, IN_A_ROW, LIMITS, PAUSE, Seen, Sent
from tests.fakes.machines import MACHINES
from tests.fakes.reply import SSE, FakeReply
from tests.fakes.scene import STREAM, WHOLE, Client, Ledger
from tests.fakes.values import NOW, a_provider, a_request, an_assessment, an_upstream
from tests.fakes.virtual_time import VirtualTime

MODES = ("ok", "slow", "broken", "gone", "late", "limited", "hangs", "cut")
EPSILON = 1e-3
ABLE = (Tier.HARD, 128_000, frozenset({Capability.TOOLS, Capability.VISION}), "eu", "apache-2.0")
"""An upstream that may serve whatever is asked."""


class Delivery(RuleBasedStateMachine):
    """Arrivals, departures, changes of mood and the passing of time, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = VirtualTime()
        self.numbers = itertools.count()
        self.under_way: list[Sent] = []
        self.over: list[Sent] = []
        self.journal: list[str] = []
        self.wrong: list[str] = []

    @initialize(
        shapes=st.lists(
            st.tuples(
                st.sampled_from(Tier),
                st.sampled_from((8_000, 128_000)),
                st.sets(st.sampled_from((Capability.TOOLS, Capability.VISION))),
                st.sampled_from((None, "eu", "us")),
                st.sampled_from((None, "apache-2.0")),
            ),
            min_size=1,
            max_size=5,
        )
        | st.lists(st.just(ABLE), min_size=2, max_size=5),
        limits=st.builds(partial(replace, LIMITS), max_attempts=st.integers(1, 3)),
        regions=st.sampled_from((frozenset(), frozenset({"eu"}))),
        licences=st.sampled_from((frozenset(), frozenset({"apache-2.0"}))),
        course=st.none() | st.sampled_from(sorted(COURSES)),
    )
    def configure(self, shapes, limits, regions, licences, course) -> None:
        """Begin with some upstreams and a policy, and maybe with a course."""
        self.upstreams = {
            f"u{place}": an_upstream(
                f"u{place}",
                tier,
                window=window,
                capabilities=frozenset(able),
                region=region,
                licence=licence,
                provider=a_provider(f"p{place}"),
            )
            for place, (tier, window, able, region, licence) in enumerate(shapes)
        }
        self.seen = {name: Seen() for name in self.upstreams}
        self.modes = dict.fromkeys(self.upstreams, "ok")
        self.limits = limits
        self.policy = Policy(regions=regions, licences=licences)
        self.ledger = Ledger(self.journal)
        self.ports = Ports(
            catalog=Catalog(upstreams=tuple(self.upstreams.values())),
            rules=Rules(routes={"auto": Route(name="auto", policy=self.policy)}),
            limits=limits,
            size=lambda prompt, _cuts: an_assessment(Tier.parse(prompt.turns[0].text)),
            send=self.answer,
            ledger=WatchedLedger(self.ledger, self.loop.time),
            state=MemoryState(limits),
            clock=self.loop.time,
            now=lambda: NOW,
            new_id=lambda: f"dec-{next(self.numbers)}",
        )
        if course is not None:
            self.follow(course, Tier.EASY, (True, 0))

    async def answer(self, call: UpstreamCall) -> FakeReply:
        """Play the upstream that is called, after looking at whether it may be."""
        sent = next(one for one in self.under_way if one.task is asyncio.current_task())
        name, begun = f"u{call.provider.name[1:]}", self.loop.time()
        self.wrong += self.objections(sent, name, begun)
        sent.called.append(name)
        sent.in_call = True
        mode = self.modes[name]
        try:
            return await self.play(mode, stream=sent.stream)
        finally:
            sent.in_call, sent.trying = False, None
            told = mode if self.loop.time() - begun < LIMITS.deadline and not sent.client.left else "hangs"
            if told != "hangs":
                self.seen[name].note("began" if told == "cut" and sent.stream else told, begun, self.loop.time())

    async def play(self, mode: str, *, stream: bool) -> FakeReply:
        """Answer as `mode` says."""
        await asyncio.sleep({"slow": 20.0, "late": 5.0, "hangs": 10_000.0, "ok": 0.1}.get(mode, 0.0))
        if mode == "gone":
            raise UpstreamUnreachable("gone")
        if mode == "late":
            raise UpstreamTimeout("late")
        if mode == "limited":
            return FakeReply(b"{}", status=429, headers={"retry-after": str(int(PAUSE))})
        if mode == "broken":
            return FakeReply(b"{}", status=500)
        if mode == "cut":
            return FakeReply(*STREAM[:2], headers=SSE) if stream else FakeReply(WHOLE[:-9])
        return FakeReply(*STREAM, headers=SSE) if stream else FakeReply(WHOLE)

    def able(self, sent: Sent) -> dict[str, Upstream]:
        """Return who keeps what was promised to a request: tier, window, capabilities, region, licence."""
        wanted = {Capability.TOOLS} if sent.needs.tools else set()
        wanted |= {Capability.VISION} if sent.needs.images else set()
        return {
            name: one
            for name, one in self.upstreams.items()
            if one.tier >= sent.tier
            and one.window >= sent.needs.context_tokens + (sent.needs.max_output_tokens or 0)
            and wanted <= one.capabilities
            and (not self.policy.regions or one.region in self.policy.regions)
            and (not self.policy.licences or one.licence in self.policy.licences)
        }

    def objections(self, sent: Sent, name: str, now: float) -> list[str]:
        """Return what is wrong with calling this upstream for this request now, which is nothing."""
        seen = self.seen[name]
        able = [other for other in self.able(sent) if other not in sent.called]
        well = [other for other in able if not self.seen[other].ever_failed]
        tries = bool(well) and seen.streak >= IN_A_ROW
        also = [other.name for other in self.under_way if tries and other.trying == name]
        sent.trying = name if tries else None
        burden = bool(sent.called and seen.streak)
        sent.burdens += burden
        sent.further += bool(sent.called and seen.ever_failed)
        burdens = sum(other.burdens for other in self.under_way if other.in_call or other is sent)
        faults = {
            f"{name} does not keep what was promised, or was asked before": name not in able,
            "somebody else is asked after the first byte": sent.client.began,
            "too many attempts": len(sent.called) >= max(1, self.limits.max_attempts - sent.retried),
            f"{name} asked to be left alone": now < seen.asked_until - EPSILON,
            f"{name} rests and {well} are well": bool(well) and seen.rests(now),
            f"{also} try already whether {name} is back": bool(also),
            "too many further attempts at who fails": burden and burdens > max(3, 0.2 * len(self.under_way)),
        }
        return [f"{sent.name}: {fault}" for fault, there in faults.items() if there]

    async def serve(self, sent: Sent) -> None:
        """Serve one request, and keep how it ended."""
        body = b'{"model":"auto","messages":[{"role":"user","content":"hi"}]}'
        request = a_request(
            body,
            id=sent.name,
            prompt=Prompt.of([("user", sent.tier.label)]),
            needs=sent.needs,
            stream=sent.stream,
            retried=sent.retried,
        )
        try:
            await forward(request, sent.client, self.ports, sent.arrived)
        except (Refusal, asyncio.CancelledError) as ended:
            sent.error = ended
            if "second attempt" in str(ended) and sum(other.further for other in self.under_way) < LEAST_EXTRA:
                self.wrong.append(f"{sent.name}: denied what the budget has")
        finally:
            self.under_way.remove(sent)
            self.over.append(sent)

    @rule(
        tier=st.sampled_from(Tier),
        tools=st.booleans(),
        images=st.booleans(),
        tokens=st.sampled_from((10, 50_000)),
        kind=st.tuples(st.booleans(), st.sampled_from((0, 0, 0, 1, 5))),
        many=st.sampled_from((1, 1, 4, 8)),
    )
    def arrive(self, tier, tools, images, tokens, kind, many) -> None:
        """Send requests, and let them run until they wait."""
        needs = Needs(tools=tools, tool_count=int(tools), images=images, context_tokens=tokens, max_output_tokens=100)
        for _ in range(many):
            client = Client(self.journal)
            sent = Sent(next(self.numbers), self.loop.time(), tier, needs, *kind, client)
            self.under_way.append(sent)
            may = [name for name in self.able(sent) if self.seen[name].asked_until <= sent.arrived]
            sent.task = self.loop.create_task(self.serve(sent))
            self.loop.run_until_complete(asyncio.sleep(0))
            self.loop.run_until_complete(asyncio.sleep(0))
            assert sent.called or not may, f"{may} could have been asked, and nobody was"

    @rule(
        course=st.sampled_from(sorted(COURSES)),
        tier=st.sampled_from(Tier),
        kind=st.tuples(st.booleans(), st.sampled_from((0, 0, 1))),
    )
    def follow(self, course: str, tier: Tier, kind: tuple[bool, int]) -> None:
        """Let a few things happen one after the other that chance seldom brings together."""
        for what, value in COURSES[course]:
            if what == "arrive":
                self.arrive(tier, tools=False, images=False, tokens=10, kind=kind, many=value)
            elif what == "first":
                self.change(0, value)
            else:
                (self.change_all if what == "all" else self.pass_time)(value)

    @rule(name=st.integers(0, 4), mode=st.sampled_from(MODES))
    def change(self, name: int, mode: str) -> None:
        """Let an upstream behave otherwise from now on."""
        if f"u{name}" in self.modes:
            self.modes[f"u{name}"] = mode

    @rule(mode=st.sampled_from(MODES))
    def change_all(self, mode: str) -> None:
        """Let all upstreams behave alike from now on."""
        self.modes = dict.fromkeys(self.upstreams, mode)

    @rule(seconds=st.sampled_from((0.1, 1.0, 6.0, 31.0, 400.0)))
    def pass_time(self, seconds: float) -> None:
        """Let time pass."""
        self.loop.run_until_complete(asyncio.sleep(seconds))

    @precondition(lambda self: self.under_way)
    @rule(which=st.integers(0, 100))
    def leave(self, which: int) -> None:
        """Let a client leave."""
        sent = self.under_way[which % len(self.under_way)]
        sent.client.left = True
        sent.task.cancel()
        self.loop.run_until_complete(asyncio.wait([sent.task]))

    @invariant()
    def nobody_is_asked_who_may_not_be(self) -> None:
        """Every call that left was one that may leave."""
        assert not self.wrong

    @invariant()
    def deadlines_hold(self) -> None:
        """Nobody waits longer than the deadline, whoever is asked meanwhile."""
        late = [sent.name for sent in self.under_way if self.loop.time() > sent.arrived + LIMITS.deadline + EPSILON]
        assert not late

    @invariant()
    def each_has_one_row(self) -> None:
        """Who has ended has one row, with every call that left and how it ended; nobody else has one."""
        rows = getattr(self, "ledger", Ledger([])).entries
        by_request = {row.request_id: row for row in rows}
        assert len(by_request) == len(rows)
        assert by_request.keys() == {sent.name for sent in self.over}
        for sent in self.over:
            assert [attempt.upstream for attempt in by_request[sent.name].attempts] == sent.called

    @invariant()
    def nobody_is_told_nothing(self) -> None:
        """A client that stayed got an answer or an error; without anybody able it was told so, and nobody was asked."""
        for sent in self.over:
            if not sent.client.left:
                assert sent.client.began or isinstance(sent.error, Refusal)
            if isinstance(sent.error, Refusal) and isinstance(sent.error.error, NoEligibleUpstream):
                assert not sent.called
                assert not self.able(sent)

    def teardown(self) -> None:
        """Let everybody end."""
        self.loop.run_until_complete(asyncio.sleep(LIMITS.deadline + 1))
        assert not self.under_way
        self.loop.close()


TestDelivery = Delivery.TestCase
TestDelivery.settings = settings(max_examples=4 * MACHINES, stateful_step_count=30, deadline=None)
