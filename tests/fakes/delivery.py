"""What a model of delivery knows: of each upstream what it was seen to do, of each request how far it came."""

import asyncio
from dataclasses import dataclass, field

from classifier.tier import Tier
from router.policy.rules import Limits
from router.request import Needs
from tests.fakes.scene import Client

LIMITS = Limits(deadline=60.0, cooldown=30.0)
"""Those that all runs share; how many attempts there may be differs."""

PAUSE = 7.0
"""Seconds that a limited upstream asks for."""

IN_A_ROW = 5

COURSES = {
    "everybody fails, then slowly": (
        ("all", "broken"),
        ("arrive", 4),
        ("all", "late"),
        ("arrive", 12),
        ("pass", 6.0),
    ),
    "everybody asks for a pause": (
        ("all", "limited"),
        ("arrive", 1),
        ("pass", 1.0),
        ("arrive", 1),
        ("pass", 4.0),
        ("arrive", 1),
    ),
    "late, then silent": (("all", "late"), ("arrive", 1), ("all", "hangs"), ("pass", 6.0), ("pass", 55.0)),
    "the first fails, and is tried again": (
        ("all", "ok"),
        ("first", "broken"),
        ("arrive", 8),
        ("pass", 31.0),
        ("first", "late"),
        ("arrive", 4),
    ),
    "answers break off": (("all", "cut"), ("arrive", 2)),
}
"""What may happen in a row: how all or the first behave from now on, how many requests come, seconds that pass."""


@dataclass
class Seen:
    """What one upstream was seen to do: failures in a row that surely counted, when it last said anything but ok.

    An answer that `began` and broke off ended a rest, and is the first failure after it at least.
    """

    streak: int = 0
    blamed_at: float = float("-inf")
    asked_until: float = float("-inf")
    ever_failed: bool = False

    def note(self, mode: str, begun: float, now: float) -> None:
        """Take in how a call ended."""
        if mode in ("ok", "slow"):
            self.streak = 0
            return
        counted = begun >= self.blamed_at
        self.ever_failed, self.blamed_at = True, now
        if mode == "began":
            self.streak = 1
        elif mode == "limited":
            self.streak, self.asked_until = 0, max(self.asked_until, now + PAUSE)
        elif counted:
            self.streak += 1

    def rests(self, now: float) -> bool:
        """Whether it surely rests."""
        return self.streak >= IN_A_ROW and now < self.blamed_at + LIMITS.cooldown


@dataclass
class Sent:
    """One request on its way. `trying` is the upstream of which it surely tries whether it is back.

    `burdens` are further attempts that surely took of the budget, `further` those that may have.
    """

    number: int
    arrived: float
    tier: Tier
    needs: Needs
    stream: bool
    retried: int
    client: Client
    task: asyncio.Task | None = None
    called: list[str] = field(default_factory=list)
    in_call: bool = False
    trying: str | None = None
    burdens: int = 0
    further: int = 0
    error: BaseException | None = None

    @property
    def name(self) -> str:
        """Its id."""
        return f"req-{self.number}"
