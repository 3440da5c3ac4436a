"""Shared state of one process, in memory: gone with it, which costs a few calls and nothing else."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from classifier.tier import Tier
from router.policy.breaker import FAILURES_IN_A_ROW, RATE_SECONDS, Health, Stay, after, stay, totals, tried, untried
from router.policy.estimate import MIN_REPLIES, Observed
from router.policy.outcome import Ending, Outcome
from router.policy.rules import Limits
from router.quick import quick
from router.usage import Usage

_log = logging.getLogger("tierwise.upstreams")

LEAST_EXTRA = 3
EXTRA_SHARE = 0.2
"""How many further attempts at upstreams that failed of late there may be at once: this share of the requests that are
at their first, and so many at least. In an outage of everybody this keeps the calls to 1.2 a request."""

_NONE: Mapping[str, Observed] = MappingProxyType({})
_NOBODY: Mapping[str, float] = MappingProxyType({})

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


@quick
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
        self._healths: dict[str, Health] = {}
        self._averages: dict[str, _Averages] = {}
        self._observed: Mapping[str, Observed] = _NONE
        self._active = 0
        self._extra = 0

    def adopt(self, limits: Limits, forget: Iterable[str]) -> None:
        """Go on with other limits, and without what is known of the upstreams named `forget`: they are others now."""
        self._limits = limits
        forgotten = frozenset(forget)
        for name in forgotten:
            self._healths.pop(name, None)
            self._averages.pop(name, None)
        self._observed = MappingProxyType(
            {name: seen for name, seen in self._observed.items() if name not in forgotten}
        )

    @property
    def observed(self) -> Mapping[str, Observed]:
        """What replies have shown, by the name of an upstream that was seen often enough: a snapshot."""
        return self._observed

    def resting(self, now: float) -> Mapping[str, float]:
        """Return the seconds that each upstream in cooldown still has left at `now`."""
        if not self._healths:
            return _NOBODY
        stays = [(name, stay(health, now)) for name, health in self._healths.items()]
        return {name: found.seconds for name, found in stays if found is not None}

    def begin(self) -> None:
        """Count a request that begins to be tried."""
        self._active += 1

    def end(self, extra: int) -> None:
        """Count a request that is over, which took `extra` of what `again` had to grant."""
        self._active -= 1
        self._extra -= extra

    def admit(self, upstream: str, now: float) -> Stay | None:
        """Let a call of `upstream` through: None, or why it should stay away. Half open, one at a time may pass."""
        health = self._healths.get(upstream)
        if health is None:
            return None
        reason = stay(health, now)
        if reason is None and health.open:
            self._healths[upstream] = tried(health, now, self._limits)
        return reason

    def again(self, upstream: str) -> int | None:
        """Grant a further attempt, at `upstream`: what it takes of the budget, None when nothing is left of it.

        Whoever is well is no burden to ask: only what goes to an upstream that failed of late itself is counted.
        """
        health = self._healths.get(upstream)
        if health is None or not health.ails:
            return 0
        if self._extra + 1 > max(LEAST_EXTRA, EXTRA_SHARE * (self._active - self._extra - 1)):
            return None
        self._extra += 1
        return 1

    def answers(self, upstream: str, begun: float, now: float) -> None:
        """Take in that the answer to a call that was `begun` then has begun to come."""
        health = self._healths.get(upstream)
        if health is not None and health.open:
            self.note(upstream, _BEGAN, begun, now)

    def release(self, upstream: str) -> None:
        """Take in that a call ended without telling anything: somebody else may try whether the upstream is back."""
        health = self._healths.get(upstream)
        if health is not None:
            self._healths[upstream] = untried(health)

    def note(self, upstream: str, outcome: Outcome, begun: float, now: float) -> None:
        """Take in how a call that was `begun` then ended at `now`; who comes to rest and who is back is logged."""
        before = self._healths.pop(upstream, None)
        if before is None:
            if outcome.ending is Ending.ANSWERED:
                return
            before = _FRESH
        health = after(before, outcome, begun, now, self._limits)
        _tell(upstream, before, health, outcome, now)
        if not health.is_well(now):  # who is well needs no memory, and costs `resting` nothing
            self._healths[upstream] = health
            _forget_oldest(self._healths, self._capacity)

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


_FRESH = Health()
_BEGAN = Outcome(ending=Ending.ANSWERED)
_UNKNOWN = _Averages()
_NOTHING = Observed()


def _tell(upstream: str, before: Health, health: Health, outcome: Outcome, now: float) -> None:
    """Log who comes to rest, why and for how long, and who is back."""
    if health.asked_until > now >= before.asked_until:
        status = "" if outcome.status is None else f" (status {outcome.status})"
        _log.warning("upstream %s asks to be left alone for %.0f s%s", upstream, health.asked_until - now, status)
    if outcome.lacks is not None:
        return  # the operator is told what to do, which says more
    if health.open and not before.open:
        why = _reason(before, outcome)
        _log.warning("upstream %s is left alone for %.0f s: %s", upstream, health.rests_until - now, why)
    elif before.open and not health.open:
        _log.warning("upstream %s is back: it answers again after %.0f s", upstream, now - before.opened_at)
    elif health.opened_at > before.opened_at:
        _log.debug(
            "upstream %s is not back yet, another %.0f s: %s", upstream, health.rests_until - now, outcome.ending
        )


def _reason(before: Health, outcome: Outcome) -> str:
    """Say what brought an upstream to rest."""
    failures = before.failures + 1
    if outcome.ending in (Ending.RATE_LIMITED, Ending.REFUSED):
        return f"{outcome.ending} (status {outcome.status})"
    if failures >= FAILURES_IN_A_ROW:
        return f"{failures} failures in a row, the last: {outcome.ending}"
    calls, failed = totals(before)
    return f"{failed + 1} of {calls + 1} calls failed within {RATE_SECONDS} s, the last: {outcome.ending}"


def _forget_oldest(kept: dict[str, Health] | dict[str, _Averages], capacity: int) -> str | None:
    """Drop the entry that was written longest ago if there is one too many, and return its name."""
    if len(kept) <= capacity:
        return None
    oldest = next(iter(kept))
    del kept[oldest]
    return oldest
