"""The port through which requests learn from each other."""

from collections.abc import Mapping
from typing import Protocol

from classifier.tier import Tier
from router.policy.estimate import Observed
from router.policy.fallback import Doors
from router.policy.outcome import Outcome
from router.usage import Usage


class SharedState(Doors, Protocol):
    """Who rests and what replies have shown. Reads are on the hot path: they answer at once, from memory.

    Times are monotonic seconds of one clock, passed in. Upstreams are told apart by name.
    """

    @property
    def observed(self) -> Mapping[str, Observed]:
        """What replies have shown, by the name of an upstream that was seen often enough.

        A snapshot: it does not change any more.
        """

    def resting(self, now: float) -> Mapping[str, float]:
        """Return the seconds that each upstream in cooldown still has left; one that is not in it is available."""

    def answers(self, upstream: str, begun: float, now: float) -> None:
        """Take in that the answer to a call that was `begun` then has begun to come."""

    def note(self, upstream: str, outcome: Outcome, begun: float, now: float) -> None:
        """Take in how a call that was `begun` then ended at `now`."""

    def observe(self, upstream: str, tier: Tier | None, usage: Usage, *, conversation: bool = False) -> None:
        """Take in what an answer consumed; `tier` is what was required of the upstream, None if nobody said.

        `conversation` says that the user spoke more than once: only such replies teach the share of cached input.
        """
