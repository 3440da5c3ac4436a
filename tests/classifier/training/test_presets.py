import numpy as np

from classifier.thresholds import Thresholds
from classifier.tier import Tier
from classifier.training.presets import FALSE_FLAGS, UNDER_COSTS, choose, tiers_at

RANDOM = np.random.default_rng(5)
PROBABILITIES = RANDOM.dirichlet((1.0, 1.0, 1.0), size=3000)
TIERS = np.array([float(RANDOM.choice(3, p=row)) for row in PROBABILITIES])
MISSING = RANDOM.random(3000) * 0.9
CLEAR = RANDOM.random(3000) < 0.7
PRESETS = choose(PROBABILITIES, TIERS, MISSING, CLEAR)


def cost(cuts: dict[str, float], under: float) -> float:
    gap = tiers_at(PROBABILITIES, medium=cuts["medium"], hard=cuts["hard"]) - TIERS
    return float(np.where(gap > 0, gap, -gap * under).mean())


def test_each_preset_is_legal_thresholds():
    """A preset can be used as it stands."""
    assert {Thresholds(**found).medium for found in PRESETS.values()}


def test_a_preset_beats_other_cut_points_at_its_own_cost():
    """For what it holds a wrong tier to cost, a preset is at least as good as any other one."""
    for name, under in UNDER_COSTS.items():
        assert all(cost(PRESETS[name], under) <= cost(other, under) for other in PRESETS.values())


def test_clear_prompts_are_rarely_flagged():
    """At most the allowed share of clear prompts reaches the cut of missing information."""
    for name, share in FALSE_FLAGS.items():
        assert np.mean(MISSING[CLEAR] >= PRESETS[name]["missing"]) <= share + 1e-9


def test_tiers_equal_those_of_serving():
    """Whole columns are cut as serving cuts one prompt."""
    cuts = Thresholds(medium=0.4, hard=0.3)
    found = tiers_at(PROBABILITIES, medium=0.4, hard=0.3)
    assert [Tier(tier) for tier in found[:200]] == [cuts.tier(tuple(row)) for row in PROBABILITIES[:200]]
