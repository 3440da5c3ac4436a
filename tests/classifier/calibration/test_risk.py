"""P-values and bounds against sums by hand, and the coverage that they promise."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.calibration.risk import binomial_tail, p_value, rows_needed, upper_bound

LEVEL = 0.05


def whole(total: int, rows: int) -> np.ndarray:
    """Return so many losses of 1 among rows without loss."""
    return np.repeat((1.0, 0.0), (total, rows - total))


def halves(total: int, rows: int) -> np.ndarray:
    """Return so many losses of a half among rows without loss."""
    return whole(total, rows) / 2


def exact_tail(successes: int, trials: int, probability: Fraction) -> float:
    """Return P(X <= successes) in exact arithmetic."""
    terms = (
        math.comb(trials, count) * probability**count * (1 - probability) ** (trials - count)
        for count in range(successes + 1)
    )
    return float(sum(terms))


@pytest.mark.parametrize(
    ("successes", "trials", "probability"),
    [(0, 149, "1/50"), (3, 300, "1/50"), (10, 40, "1/4"), (39, 40, "9/10"), (0, 1, "1/2"), (200, 700, "1/3")],
)
def test_the_binomial_tail_is_exact(successes, trials, probability):
    """It equals the sum of fractions."""
    chance = Fraction(probability)
    assert binomial_tail(successes, trials, float(chance)) == pytest.approx(
        exact_tail(successes, trials, chance), rel=1e-9
    )


def test_the_binomial_tail_at_its_ends_and_far_out():
    """All successes are certain, fewer than none impossible, and many trials neither overflow nor vanish."""
    assert binomial_tail(5, 5, 0.3) == 1.0
    assert binomial_tail(-1, 5, 0.3) == 0.0
    assert binomial_tail(20_000, 1_000_000, 0.02) == pytest.approx(0.5, abs=0.01)
    assert binomial_tail(10_000, 1_000_000, 0.02) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(
    ("total", "rows", "bound", "expected"),
    [(0, 149, 0.02, 0.98**149), (1, 100, 0.05, 0.95**100 + 100 * 0.05 * 0.95**99), (30, 30, 0.1, 1.0)],
)
def test_losses_of_0_and_1_have_the_exact_p_value(total, rows, bound, expected):
    """It is the chance of so few losses, by hand."""
    assert p_value(whole(total, rows), bound, LEVEL, graded=False) == pytest.approx(expected, rel=1e-9)


def test_a_bet_by_hand():
    """Three rows without loss: the stakes follow from the rows before, and the p-value is 1 / wealth."""
    first = math.sqrt(2 * math.log(20) / (3 * 0.25))
    means = (0.5 / 2, 0.5 / 3)
    second = math.sqrt(2 * math.log(20) / (3 * (0.25 + means[0] ** 2) / 2))
    third = math.sqrt(2 * math.log(20) / (3 * (0.25 + means[0] ** 2 + means[1] ** 2) / 3))
    boldest = 0.999
    wealth = math.prod(1 + min(stake, boldest) * 0.3 for stake in (first, second, third))
    assert p_value(np.zeros(3), 0.3, 0.05, graded=True) == pytest.approx(1 / wealth, rel=1e-12)


@given(
    rows=st.integers(1, 600),
    share=st.floats(0.0, 1.0),
    bound=st.floats(0.001, 0.99),
    more=st.floats(0.0, 0.5),
    graded=st.booleans(),
)
def test_a_p_value_is_a_probability_that_falls_with_the_bound(rows, share, bound, more, graded):
    """A laxer bound is never harder to prove."""
    losses = (halves if graded else whole)(int(share * rows), rows)
    p = p_value(losses, bound, LEVEL, graded=graded)
    assert 0.0 <= p <= 1.0
    assert p_value(losses, bound + more * (0.995 - bound), LEVEL, graded=graded) <= p + 1e-9


@pytest.mark.parametrize("graded", [False, True])
@given(rows=st.integers(2, 600), share=st.floats(0.0, 0.6))
def test_the_upper_bound_inverts_the_p_value(graded, rows, share):
    """At the bound the p-value is just small enough, a little below it is not."""
    losses = (halves if graded else whole)(int(share * rows), rows)
    bound = upper_bound(losses, 0.95, graded=graded)
    assert losses.mean() <= bound <= 1.0
    if losses.mean() + 2e-6 < bound < 1.0:
        assert p_value(losses, bound, LEVEL, graded=graded) <= LEVEL + 1e-9
        assert p_value(losses, bound - 1e-6, LEVEL, graded=graded) > LEVEL - 1e-9


def test_the_upper_bound_of_nothing_lost_is_the_rule_of_three():
    """Without a loss in n rows it is 1 - 0.05 ** (1/n), about 3/n."""
    assert upper_bound(np.zeros(300), 0.95, graded=False) == pytest.approx(1 - 0.05 ** (1 / 300), abs=1e-9)
    assert upper_bound(np.ones(7), 0.95, graded=False) == 1.0
    assert upper_bound(np.zeros(300), 0.95, graded=True) < 0.02


@pytest.mark.parametrize("sort", [False, True])
@pytest.mark.parametrize(
    ("graded", "mean", "loss"), [(False, 0.06, 1.0), (True, 0.06, 1.0), (True, 0.06, 0.4), (True, 0.3, 0.5)]
)
def test_what_is_not_so_is_seldom_proved(graded, mean, loss, sort):
    """Of 3,000 samples whose true mean is just the bound, at most 5 % (and noise) prove it, sorted ones too."""
    random = np.random.default_rng(11)
    rows, draws, proved = 150, 3000, 0
    for _ in range(draws):
        losses = (random.random(rows) < mean / loss) * loss
        losses = np.sort(losses)[::-1] if sort else losses
        proved += p_value(losses, mean, LEVEL, graded=graded) <= LEVEL
    assert proved / draws <= LEVEL + 3 * math.sqrt(LEVEL * (1 - LEVEL) / draws)


def test_bets_see_that_graded_losses_spread_little():
    """Many small losses prove a bound far more surely than a few whole ones of the same sum."""
    small = np.tile((0.0, 0.02), 300)
    large = whole(6, 600)
    assert small.sum() == pytest.approx(large.sum())
    assert p_value(small, 0.02, LEVEL, graded=True) < p_value(large, 0.02, LEVEL, graded=True) / 10


def test_rows_needed_without_a_loss_are_those_of_the_formula():
    """2 % at 95 % takes ln 0.05 / ln 0.98 rows, rounded up, if nothing is lost."""
    assert rows_needed(np.zeros(10), 0.02, 0.95, graded=False) == math.ceil(math.log(0.05) / math.log(0.98)) == 149


@pytest.mark.parametrize(("total", "seen"), [(1, 100), (2, 125), (1, 60)])
def test_rows_needed_are_enough_and_little_more(total, seen):
    """So many rows with the same mean loss prove the bound; a quarter fewer do not."""
    needed = rows_needed(whole(total, seen), 0.02, 0.95, graded=False)
    proved = [
        p_value(whole(math.ceil(rows * total / seen), rows), 0.02, LEVEL, graded=False) <= LEVEL
        for rows in (needed, int(needed * 0.75))
    ]
    assert proved == [True, False]


def test_rows_needed_of_graded_losses_are_enough():
    """Fresh rows like those seen prove the bound more often than not when there are as many as were named."""
    random = np.random.default_rng(5)

    seen = np.repeat((0.0, 0.1, 0.5), (160, 7, 3))

    def draw(rows: int) -> np.ndarray:
        return random.choice(seen, rows)

    needed = rows_needed(seen, 0.02, 0.95, graded=True)
    often, seldom = (
        np.mean([p_value(draw(rows), 0.02, LEVEL, graded=True) <= LEVEL for _ in range(200)])
        for rows in (needed, needed // 3)
    )
    assert seldom < 0.35
    assert often > 0.5


@pytest.mark.parametrize("graded", [False, True])
def test_rows_needed_are_always_more_than_there_are(graded):
    """An estimate never says that fewer rows than those that failed would do."""
    assert rows_needed(np.zeros(1000), 0.02, 0.95, graded=graded) == 1001


def test_no_number_of_rows_proves_what_is_not_so():
    """A mean loss at the bound stays unproved, and one that takes absurdly many rows counts as such."""
    assert rows_needed(whole(20, 1000), 0.02, 0.95, graded=False) is None
    assert rows_needed(whole(1999, 100_000), 0.02, 0.95, graded=False) is None
    assert rows_needed(halves(40, 1000), 0.02, 0.95, graded=True) is None
