"""What a model of delivery knows: of each upstream what it was seen to do, of each request how far it came."""

import asyncio
from dataclasses import dataclass, field

from classifier.tier import Tier
from router.policy.rules import Limits
from router.request import Needs
from tests.fakes.scene import Client

LIMITS = Limits(max_attempts=3, deadline=60.0, cooldown=30.0)
PAUSE = 7.0
"""Seconds that a limited upstream asks for."""

IN_A_ROW = 5


@dataclass
class Seen:
    """What one upstream was seen to do: failures in a row that surely counted, when it last said anything but ok."""

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
        if mode == "limited":
            self.streak, self.asked_until = 0, max(self.asked_until, now + PAUSE)
        elif counted:
            self.streak += 1

    def rests(self, now: float) -> bool:
        """Whether it surely rests."""
        return self.streak >= IN_A_ROW and now < self.blamed_at + LIMITS.cooldown


@dataclass
class Sent:
    """One request on its way."""

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
    burdens: int = 0
    error: BaseException | None = None

    @property
    def name(self) -> str:
        """Its id."""
        return f"req-{self.number}"
