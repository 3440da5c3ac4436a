"""Shared state of one process, in memory: gone with it, which costs a few calls and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from classifier.tier import Tier
from router.policy.cooldown import State, after
from router.policy.estimate import MIN_REPLIES, Observed
from router.policy.outcome import Outcome
from router.policy.rules import Limits
from router.usage import Usage

SMOOTHING = 0.05
"""Weight of the newest reply once the average is settled: it follows the last twenty or so."""


@dataclass(frozen=True, slots=True)
class Average:
    """A mean that follows: arithmetic over the first replies, exponential from then on."""

    count: int = 0
    mean: float = 0.0

    def with_value(self, value: float) -> "Average":
        """Return the average once `value` has been seen too."""
        count = self.count + 1
        return Average(count, self.mean + (value - self.mean) * max(1 / count, SMOOTHING))

    @property
    def settled(self) -> float | None:
        """The mean, or None while fewer than MIN_REPLIES were seen."""
        return self.mean if self.count >= MIN_REPLIES else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Averages:
    """The averages of one upstream: cached share of the input, output tokens by tier."""

    cached_share: Average = Average()
    output: tuple[Average, Average, Average] = (Average(), Average(), Average())

    def with_reply(self, tier: Tier | None, usage: Usage, *, conversation: bool) -> "_Averages":
        """Return the averages once a reply has been seen too."""
        share, (easy, medium, hard) = self.cached_share, self.output
        if tier is Tier.EASY:
            easy = easy.with_value(usage.output)
        elif tier is Tier.MEDIUM:
            medium = medium.with_value(usage.output)
        elif tier is Tier.HARD:
            hard = hard.with_value(usage.output)
        if conversation and usage.cached_input is not None and usage.input > 0:
            share = share.with_value(usage.cached_input / usage.input)
        return _Averages(cached_share=share, output=(easy, medium, hard))

    def seen(self) -> Observed:
        """Return what may be relied on."""
        easy, medium, hard = self.output
        return Observed(
            cached_share=self.cached_share.settled, output_tokens=(easy.settled, medium.settled, hard.settled)
        )


class MemoryState:
    """A SharedState for one process. It remembers the `capacity` upstreams that were used last."""

    def __init__(self, limits: Limits, *, capacity: int = 1024) -> None:
        """Begin with nobody resting and nothing observed; ValueError if there is room for none."""
        if capacity < 1:
            raise ValueError("capacity must be at least 1")
        self._limits = limits
        self._capacity = capacity
        self._states: dict[str, State] = {}
        self._averages: dict[str, _Averages] = {}
        self._observed: Mapping[str, Observed] = MappingProxyType({})

    @property
    def observed(self) -> Mapping[str, Observed]:
        """What replies have shown, by the name of an upstream that was seen often enough: a snapshot."""
        return self._observed

    def resting(self, now: float) -> Mapping[str, float]:
        """Return the seconds that each upstream in cooldown still has left at `now`."""
        return {name: state.until - now for name, state in self._states.items() if state.until > now}

    def note(self, upstream: str, outcome: Outcome, now: float) -> None:
        """Take in how an attempt ended at `now`."""
        before = self._states.pop(upstream, _FRESH)
        state = after(before, outcome, now, self._limits)
        if state.failures or state.until > now:  # who is well needs no memory, and costs `resting` nothing
            self._states[upstream] = state
            _forget_oldest(self._states, self._capacity)

    def observe(self, upstream: str, tier: Tier | None, usage: Usage, *, conversation: bool = False) -> None:
        """Take in what an answer consumed. Our own estimates of tokens teach nothing."""
        if usage.estimated:
            return
        known = self._averages.pop(upstream, _UNKNOWN)
        averages = known.with_reply(tier, usage, conversation=conversation)
        self._averages[upstream] = averages
        forgotten = _forget_oldest(self._averages, self._capacity)
        seen = averages.seen()
        if forgotten in self._observed or seen != self._observed.get(upstream, _NOTHING):
            rest = {name: kept for name, kept in self._observed.items() if name != forgotten}
            self._observed = MappingProxyType({**rest, upstream: seen})


_FRESH = State()
_UNKNOWN = _Averages()
_NOTHING = Observed()


def _forget_oldest(kept: dict[str, State] | dict[str, _Averages], capacity: int) -> str | None:
    """Drop the entry that was written longest ago if there is one too many, and return its name."""
    if len(kept) <= capacity:
        return None
    oldest = next(iter(kept))
    del kept[oldest]
    return oldest
