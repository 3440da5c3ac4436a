"""Admission: whatever comes and goes in whatever order, places and turns are as a plain list of who waits has them."""

import asyncio
import itertools
from dataclasses import dataclass

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from router.api.admission import Admission
from router.errors import Overloaded
from tests.fakes.machines import MACHINES
from tests.fakes.virtual_time import VirtualTime

CALLERS = ("ann", "bob", None)
WAIT = 0.5


@dataclass(eq=False)
class Visit:
    """One request: `inside` once it was let in, `refused` once it was not."""

    number: int
    caller: str | None
    came: float
    inside: bool = False
    refused: bool = False
    entered_at: int | None = None
    task: asyncio.Task | None = None


class Door(RuleBasedStateMachine):
    """Who comes, who goes, who gives up, and how time passes."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = VirtualTime()
        self.numbers = itertools.count()
        self.entries = itertools.count()
        self.visits: list[Visit] = []

    @initialize(most=st.integers(1, 4), queue=st.integers(0, 4), per_caller=st.one_of(st.none(), st.integers(1, 3)))
    def open(self, most: int, queue: int, per_caller: int | None) -> None:
        """Begin with some room."""
        self.most, self.queue, self.per_caller = most, queue, per_caller
        self.door = Admission(most=most, queue=queue, wait=WAIT, per_caller=per_caller)

    @property
    def inside(self) -> list[Visit]:
        """Who is in."""
        return [visit for visit in self.visits if visit.inside]

    @property
    def waiting(self) -> list[Visit]:
        """Who waits, the longest first."""
        return [visit for visit in self.visits if not visit.inside and not visit.refused]

    def bounded(self, visit: Visit) -> bool:
        """Whether a caller's own bound counts for it."""
        return self.per_caller is not None and visit.caller is not None

    def fits(self, visit: Visit) -> bool:
        """Whether there is room for it now, as two counts have it."""
        theirs = [one for one in self.inside if one.caller == visit.caller]
        return len(self.inside) < self.most and (not self.bounded(visit) or len(theirs) < self.per_caller)

    async def visit(self, visit: Visit) -> None:
        """Come in, at once or after a wait."""
        try:
            if not self.door.enter(visit.caller):
                await self.door.wait(visit.caller)
        except (Overloaded, asyncio.CancelledError):
            visit.refused = True
            return
        visit.inside, visit.entered_at = True, next(self.entries)

    def settle(self) -> None:
        """Let everybody run who can, without time passing."""
        for _ in range(6):
            self.loop.run_until_complete(asyncio.sleep(0))

    @rule(caller=st.sampled_from(CALLERS))
    def come(self, caller: str | None) -> None:
        """Somebody comes: in at once exactly where there is room and nobody waits for it."""
        visit = Visit(next(self.numbers), caller, self.loop.time())
        fits = self.fits(visit)
        self.visits.append(visit)
        visit.task = self.loop.create_task(self.visit(visit))
        self.settle()
        assert visit.inside or not fits
        assert fits or not visit.inside
        if not self.queue:
            assert visit.inside or visit.refused

    @precondition(lambda self: self.inside)
    @rule(which=st.integers(0, 20))
    def go(self, which: int) -> None:
        """Somebody goes."""
        visit = self.inside[which % len(self.inside)]
        self.visits.remove(visit)
        self.door.leave(visit.caller)
        self.settle()

    @precondition(lambda self: self.waiting)
    @rule(which=st.integers(0, 20), at_once=st.booleans())
    def give_up(self, which: int, at_once: bool) -> None:
        """Somebody who waits leaves; it may be that a place is given back at the very same moment."""
        visit = self.waiting[which % len(self.waiting)]
        if at_once and self.inside:
            gone = self.inside[0]
            self.visits.remove(gone)
            self.door.leave(gone.caller)
        visit.task.cancel()
        self.settle()
        assert visit.refused

    @rule(seconds=st.sampled_from((0.01, 0.3, 0.6)))
    def pass_time(self, seconds: float) -> None:
        """Let time pass."""
        self.loop.run_until_complete(asyncio.sleep(seconds))
        self.settle()

    @invariant()
    def places_are_counted(self) -> None:
        """As many as are inside, never more than there are, nor more of one caller than it may have."""
        if not hasattr(self, "door"):
            return
        assert len(self.inside) <= self.most
        for caller in CALLERS[:-1]:
            if self.per_caller is not None:
                assert len([one for one in self.inside if one.caller == caller]) <= self.per_caller
        held = [one for one in self.waiting if self.bounded(one)]
        assert self.door.taken == len(self.inside)
        assert len(self.waiting) <= self.queue * (1 + len(CALLERS)) or not held

    @invariant()
    def nobody_waits_too_long_or_for_nothing(self) -> None:
        """Who waits has not waited long, and nobody waits for room that is there."""
        for visit in self.waiting:
            assert self.loop.time() <= visit.came + WAIT + 1e-3
            assert not self.fits(visit), "there is room, and it is not let in"

    @invariant()
    def first_come_first_served(self) -> None:
        """Of two that waited for the same places, the one that came first is in first."""
        entered = [visit for visit in self.visits if visit.inside]
        for visit in self.waiting:
            for other in entered:
                same = other.caller == visit.caller or not (self.bounded(other) or self.bounded(visit))
                if same and other.number > visit.number:
                    raise AssertionError(f"{other.number} is in and {visit.number} came first")

    def teardown(self) -> None:
        """All go: nothing is left taken, and as many as there are places come in at once."""
        for visit in self.waiting:
            visit.task.cancel()
        self.settle()
        while self.inside:
            self.go(0)
        if hasattr(self, "door"):
            assert self.door.taken == 0
            assert [self.door.enter(None) for _ in range(self.most + 1)] == [True] * self.most + [False]
        self.loop.close()


TestDoor = Door.TestCase
TestDoor.settings = settings(max_examples=MACHINES * 4, stateful_step_count=40, deadline=None)
