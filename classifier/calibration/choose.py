"""A wish to cut points: a bound on the loss, a share of hard prompts, or a budget. And what given points measure.

The bound is found by Learn-then-Test: points are tested in a fixed order and the last one before the first failure is
taken. Every test is at the full level, and the chance that any point which breaks the bound is taken stays below it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from classifier.calibration.path import ALL_EASY, ALL_HARD
from classifier.calibration.risk import p_value, rows_needed, upper_bound
from classifier.calibration.sample import Cuts, Sample, of_thresholds
from classifier.thresholds import Thresholds
from classifier.tier import Tier


class Wish(StrEnum):
    """What cut points are chosen for: each comes with a number."""

    MAX_QUALITY_LOSS = "max_quality_loss"
    """The mean loss, above 0 and below 1, that is not to be passed."""

    HARD_SHARE = "hard_share"
    """The share of prompts, in 0..1, that may go to the hard tier."""

    BUDGET = "budget"
    """The mean cost of a prompt, in the currency of the sample's costs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What one pair of cut points does to a sample of `rows` prompts.

    `shares` are those of the tiers, easy first. `loss` is the mean loss and `loss_at_most` its bound by these rows
    alone, valid with the confidence asked for where the cut points were not chosen by looking at their labels; None
    without labels. `cost` is the mean cost of a prompt, `cost_all_hard` that of serving all in the hard tier, `saving`
    the part of it that is saved; None where a price is not known.
    """

    cuts: Cuts
    rows: int
    shares: tuple[float, float, float]
    loss: float | None
    loss_at_most: float | None
    cost: float | None
    cost_all_hard: float | None

    @property
    def saving(self) -> float | None:
        """The part of the cost of all hard that is saved, negative where it costs more; None where unknown."""
        if self.cost is None or not self.cost_all_hard:
            return None
        return 1.0 - self.cost / self.cost_all_hard


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The cut points for a wish, and whether it is `kept`; if not, they are the nearest to it that there are.

    `rows_needed` is about how many rows would prove a bound that is not kept, None where no sensible number would.
    """

    measured: Measured
    kept: bool
    rows_needed: int | None = None


def choose(sample: Sample, path: Sequence[Cuts], wish: tuple[Wish, float], confidence: float) -> Choice:
    """Return the cut points for a wish and its number; ValueError where the sample lacks the labels or costs for it."""
    by = {Wish.MAX_QUALITY_LOSS: by_loss, Wish.HARD_SHARE: by_hard_share, Wish.BUDGET: by_budget}[wish[0]]
    return by(sample, path, wish[1], confidence)


def measure(sample: Sample, cuts: Cuts, confidence: float) -> Measured:
    """Return what `cuts` do to the sample."""
    tiers = sample.tiers(cuts)
    loss = at_most = None
    if sample.losses is not None:
        losses = sample.losses_at(cuts)
        loss, at_most = float(losses.mean()), upper_bound(losses, confidence, graded=sample.graded)
    easy, medium, hard = (float(np.mean(tiers == tier)) for tier in Tier)
    return Measured(
        cuts=cuts,
        rows=len(sample),
        shares=(easy, medium, hard),
        loss=loss,
        loss_at_most=at_most,
        cost=_mean_cost(sample, cuts),
        cost_all_hard=_mean_cost(sample, ALL_HARD),
    )


def measure_presets(sample: Sample, presets: Mapping[str, Thresholds], confidence: float) -> dict[str, Measured]:
    """Return what the cut points of each preset do to the sample."""
    return {name: measure(sample, of_thresholds(found), confidence) for name, found in presets.items()}


def by_loss(sample: Sample, path: Sequence[Cuts], max_loss: float, confidence: float) -> Choice:
    """Return the cheapest point of the path of which a mean loss of at most `max_loss` can be promised.

    With `confidence` the promise holds on the prompts that the rows are drawn from. All hard, which loses nothing, is
    returned where no point passes that serves any prompt below it, and the wish is then not `kept`.
    """
    chosen, failed = ALL_HARD, None
    for cuts in path:
        losses = sample.losses_at(cuts)
        if p_value(losses, max_loss, 1.0 - confidence, graded=sample.graded) > 1.0 - confidence:
            failed = losses
            break
        chosen = cuts
    kept = sample.share(Tier.HARD, chosen) < 1.0
    return Choice(
        measured=measure(sample, chosen if kept else ALL_HARD, confidence),
        kept=kept,
        rows_needed=None if kept or failed is None else rows_needed(failed, max_loss, confidence, graded=sample.graded),
    )


def by_hard_share(sample: Sample, path: Sequence[Cuts], share: float, confidence: float) -> Choice:
    """Return the safest point of the path that sends at most `share` of the prompts to the hard tier."""
    return _first(sample, path, [sample.share(Tier.HARD, cuts) <= share for cuts in (ALL_HARD, *path)], confidence)


def by_budget(sample: Sample, path: Sequence[Cuts], budget: float, confidence: float) -> Choice:
    """Return the safest point of the path whose mean cost is at most `budget`; ValueError where costs are unknown."""
    costs = [_mean_cost(sample, cuts) for cuts in (ALL_HARD, *path)]
    if any(cost is None for cost in costs):
        raise ValueError("the cost of a prompt is not known in every tier")
    return _first(sample, path, [cost is not None and cost <= budget for cost in costs], confidence)


def _first(sample: Sample, path: Sequence[Cuts], keeps: Sequence[bool], confidence: float) -> Choice:
    """Return the first point that keeps the wish; the last of all, not kept, where none does."""
    for cuts, kept in zip((ALL_HARD, *path), keeps, strict=True):
        if kept:
            return Choice(measured=measure(sample, cuts, confidence), kept=True)
    return Choice(measured=measure(sample, path[-1] if path else ALL_EASY, confidence), kept=False)


def _mean_cost(sample: Sample, cuts: Cuts) -> float | None:
    """Return the mean cost of a prompt; None where that of any prompt is not known."""
    if sample.costs is None:
        return None
    mean = float(sample.costs_at(cuts).mean())
    return None if np.isnan(mean) else mean
