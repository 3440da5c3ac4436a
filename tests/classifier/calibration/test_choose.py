"""Cut points by wish, and by resampling that a promised bound holds as often as it says."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest

from classifier.calibration.choose import (
    Choice,
    Wish,
    by_budget,
    by_hard_share,
    by_loss,
    choose,
    measure,
    measure_presets,
)
from classifier.calibration.path import ALL_EASY, ALL_HARD, path_through
from classifier.calibration.sample import Cuts, Sample, quality_losses, under_tier_losses
from classifier.thresholds import Thresholds
from classifier.tier import Tier

PATH = path_through((Cuts(0.2, 0.2), Cuts(0.4, 0.5), Cuts(0.6, 0.8)), leg=25)
COSTS = (1.0, 2.0, 4.0)
MAX_LOSS, CONFIDENCE = 0.05, 0.9
DRAWS, ROWS = 300, 400


def assessed_prompts(random: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return probabilities (count, 3) and the tiers that come true by them: a calibrated classifier."""
    probabilities = random.dirichlet((0.5, 0.4, 0.3), count)
    tiers = (random.random((count, 1)) > probabilities.cumsum(axis=1)).sum(axis=1).clip(0, 2)
    return probabilities, tiers


def labelled(random: np.random.Generator, count: int) -> Sample:
    """Return prompts whose loss is 1 where they are served below their tier."""
    probabilities, tiers = assessed_prompts(random, count)
    return sample_of(probabilities, under_tier_losses(tiers), graded=False)


def graded(random: np.random.Generator, count: int) -> Sample:
    """Return prompts whose loss is how much better the strong model's answer is: often nothing, seldom much."""
    probabilities, tiers = assessed_prompts(random, count)
    strong = random.uniform(0.8, 1.0, count)
    gap = np.maximum(tiers[:, None] - np.arange(3), 0) * random.choice([0.1, 0.5], (count, 1), p=[0.7, 0.3])
    return sample_of(probabilities, quality_losses((strong[:, None] * (1 - gap)).tolist()), graded=True)


def sample_of(probabilities: np.ndarray, losses: np.ndarray, *, graded: bool) -> Sample:
    count = len(probabilities)
    return Sample(
        probabilities=probabilities,
        served=np.tile(np.arange(3), (count, 1)),
        losses=losses,
        graded=graded,
        costs=np.tile(COSTS, (count, 1)),
    )


@dataclass(frozen=True, slots=True)
class Drawn:
    """The losses of a big population at every point of PATH, from which small samples are drawn quickly."""

    losses: np.ndarray
    risks: np.ndarray
    population: Sample

    def sample(self, rows: np.ndarray) -> Sample:
        """Return some rows of the population."""
        whole = self.population
        return replace(
            whole,
            probabilities=whole.probabilities[rows],
            served=whole.served[rows],
            losses=None if whole.losses is None else whole.losses[rows],
            costs=None if whole.costs is None else whole.costs[rows],
        )


def population_of(make: Callable[[np.random.Generator, int], Sample]) -> Drawn:
    """Return a population of 40,000 prompts, which stands for all traffic."""
    whole = make(np.random.default_rng(3), 40_000)
    losses = np.stack([whole.losses_at(cuts) for cuts in PATH], axis=1)
    return Drawn(losses=losses, risks=losses.mean(axis=0), population=whole)


@pytest.mark.parametrize("make", [labelled, graded])
def test_the_promise_holds_as_often_as_it_says_and_naive_choices_do_not(make):
    """Of 300 samples of 400 prompts at 90 %, at most 10 % (and noise) break 5 % in truth; the naive choice, half."""
    drawn = population_of(make)
    random = np.random.default_rng(17)
    broken, naive, promised, gaps = 0, 0, 0, []
    for _ in range(DRAWS):
        rows = random.integers(0, len(drawn.losses), ROWS)
        choice = by_loss(drawn.sample(rows), PATH, MAX_LOSS, CONFIDENCE)
        risk = 0.0 if choice.measured.cuts == ALL_HARD else drawn.risks[PATH.index(choice.measured.cuts)]
        broken += risk > MAX_LOSS
        promised += choice.kept
        gaps.append(MAX_LOSS - risk)
        means = drawn.losses[rows].mean(axis=0)
        naive += drawn.risks[np.flatnonzero(means <= MAX_LOSS).max()] > MAX_LOSS
    noise = 3 * np.sqrt(0.1 * 0.9 / DRAWS)
    assert broken / DRAWS <= 1 - CONFIDENCE + noise
    assert naive / DRAWS > 1 - CONFIDENCE + noise
    assert promised == DRAWS
    assert np.median(gaps) < MAX_LOSS * 0.6  # the bound is used, not avoided by sending everything to hard


def test_the_level_is_used_where_the_losses_are_whole():
    """With 0/1 losses the promise is broken now and then: a test that never breaks could not tell a wrong level."""
    drawn = population_of(labelled)
    random = np.random.default_rng(29)
    broken = 0
    for _ in range(200):
        rows = random.integers(0, len(drawn.losses), ROWS)
        choice = by_loss(drawn.sample(rows), PATH, MAX_LOSS, 0.6)
        broken += choice.kept and drawn.risks[PATH.index(choice.measured.cuts)] > MAX_LOSS
    assert 0.1 < broken / 200 <= 0.4 + 3 * np.sqrt(0.4 * 0.6 / 200)


def test_the_order_ends_at_the_first_failure():
    """A point after one that failed is not taken, however good it looks: only then is the whole order one test."""
    probabilities = np.repeat(((0.5, 0.0, 0.5), (0.85, 0.0, 0.15)), 200, axis=0)
    losses = np.zeros((400, 3))
    losses[:200, Tier.MEDIUM] = 1.0
    sample = sample_of(probabilities, losses, graded=False)
    path = (Cuts(0.1, 0.2), Cuts(0.3, 0.6), Cuts(0.9, 0.9))
    assert [sample.losses_at(cuts).mean() for cuts in path] == [0.0, 0.5, 0.0]
    choice = by_loss(sample, path, MAX_LOSS, CONFIDENCE)
    assert (choice.measured.cuts, choice.kept) == (path[0], True)


def test_too_few_rows_promise_nothing_and_say_how_many_would():
    """40 rows without one loss do not prove 2 % at 95 %; 149 do."""
    sample = sample_of(np.tile((0.9, 0.08, 0.02), (40, 1)), np.zeros((40, 3)), graded=False)
    choice = by_loss(sample, PATH, 0.02, 0.95)
    assert (choice.kept, choice.measured.cuts, choice.rows_needed) == (False, ALL_HARD, 149)
    assert choice.measured.shares == (0.0, 0.0, 1.0)
    enough = by_loss(
        sample_of(np.tile((0.9, 0.08, 0.02), (149, 1)), np.zeros((149, 3)), graded=False), PATH, 0.02, 0.95
    )
    assert (enough.kept, enough.measured.cuts, enough.rows_needed) == (True, ALL_EASY, None)


def test_what_serves_everything_hard_is_no_wish_kept():
    """Cut points that no prompt of the file reaches are all hard by another name."""
    sample = sample_of(np.tile((0.0, 0.0, 1.0), (500, 1)), under_tier_losses([2] * 500), graded=False)
    choice = by_loss(sample, (*PATH[:3], ALL_EASY), 0.02, 0.95)
    assert sample.tiers(PATH[2]).tolist() == [2] * 500
    assert (choice.kept, choice.measured.cuts) == (False, ALL_HARD)
    stricter = replace(sample, probabilities=np.tile((0.9, 0.0, 0.1), (500, 1)))
    refused = by_loss(stricter, (Cuts(0.05, 0.05), Cuts(0.2, 0.2)), 0.02, 0.95)
    assert (refused.kept, refused.measured.cuts) == (False, ALL_HARD)


def test_what_loses_too_much_at_once_is_not_cured_by_rows():
    """Where the first step already loses more than is allowed, no number of rows is named."""
    sample = sample_of(np.tile((1.0, 0.0, 0.0), (500, 1)), under_tier_losses([2] * 500), graded=False)
    choice = by_loss(sample, PATH, 0.02, 0.95)
    assert (choice.kept, choice.rows_needed, choice.measured.loss) == (False, None, 0.0)


def test_a_share_of_hard_is_kept_and_not_undercut_for_nothing():
    """The safest point that keeps it: the one before would send more."""
    sample = labelled(np.random.default_rng(5), 900)
    choice = by_hard_share(sample, PATH, 0.2, 0.95)
    before = PATH[PATH.index(choice.measured.cuts) - 1]
    assert choice.kept
    assert choice.measured.shares[Tier.HARD] <= 0.2 < sample.share(Tier.HARD, before)


def test_a_budget_is_kept_and_used():
    """The safest point below it; all hard where that is cheap enough; told where nothing is."""
    sample = labelled(np.random.default_rng(5), 900)
    choice = by_budget(sample, PATH, 2.0, 0.95)
    before = PATH[PATH.index(choice.measured.cuts) - 1]
    assert choice.kept
    assert choice.measured.cost <= 2.0 < sample.costs_at(before).mean()
    assert choice.measured.saving == pytest.approx(1 - choice.measured.cost / 4.0)
    assert by_budget(sample, PATH, 4.0, 0.95).measured.cuts == ALL_HARD
    impossible = by_budget(sample, PATH, 0.5, 0.95)
    assert (impossible.kept, impossible.measured.cuts, impossible.measured.cost) == (False, ALL_EASY, 1.0)


def test_a_budget_needs_every_price():
    """A prompt without a price leaves the mean unknown; saving and cost are then unknown, not zero."""
    sample = labelled(np.random.default_rng(5), 50)
    sample.costs[7, 2] = np.nan
    with pytest.raises(ValueError, match="cost"):
        by_budget(sample, PATH, 2.0, 0.95)
    measured = measure(sample, Cuts(0.2, 0.2), 0.95)
    assert (measured.cost_all_hard, measured.saving) == (None, None)
    assert measure(replace(sample, costs=None), Cuts(0.2, 0.2), 0.95).cost is None


def test_without_labels_shares_are_measured_all_the_same():
    """Loss and its bound are unknown then."""
    sample = replace(labelled(np.random.default_rng(5), 50), losses=None)
    measured = by_hard_share(sample, PATH, 0.5, 0.95).measured
    assert (measured.loss, measured.loss_at_most) == (None, None)
    assert sum(measured.shares) == pytest.approx(1.0)


def test_presets_are_measured_at_their_own_cut_points():
    """Each by its name, the loss within its bound, the cheaper one the cheaper."""
    sample = labelled(np.random.default_rng(5), 900)
    presets = {"cheap": Thresholds(medium=0.6, hard=0.8), "quality": Thresholds(medium=0.2, hard=0.2)}
    found = measure_presets(sample, presets, 0.95)
    assert [measured.cuts for measured in found.values()] == [Cuts(0.6, 0.8), Cuts(0.2, 0.2)]
    assert found["cheap"].cost < found["quality"].cost
    assert found["cheap"].loss > found["quality"].loss
    assert all(measured.loss < measured.loss_at_most < 1 for measured in found.values())
    assert {measured.rows for measured in found.values()} == {900}


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ((Wish.MAX_QUALITY_LOSS, 0.1), by_loss),
        ((Wish.HARD_SHARE, 0.1), by_hard_share),
        ((Wish.BUDGET, 2.5), by_budget),
    ],
)
def test_each_wish_has_its_way(wish, expected: Callable[..., Choice]):
    """A wish and its number lead to what chooses by it."""
    sample = labelled(np.random.default_rng(5), 300)
    assert choose(sample, PATH, wish, 0.95) == expected(sample, PATH, wish[1], 0.95)
