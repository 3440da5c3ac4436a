"""The order in which cut points are tried."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from classifier.calibration.path import ALL_EASY, ALL_HARD, LEG, path_through
from classifier.calibration.sample import Cuts

SHARES = st.floats(0.0, 1.0)


def test_the_path_leads_through_the_presets_whatever_their_order():
    """From just above all hard to all easy, each preset on the way."""
    presets = (Cuts(0.61, 0.79), Cuts(0.23, 0.24), Cuts(0.35, 0.55))
    path = path_through(presets)
    assert [path.index(preset) for preset in sorted(presets)] == [LEG - 1, 2 * LEG - 1, 3 * LEG - 1]
    assert path[:2] == (Cuts(0.00002, 0.00002), Cuts(0.00009, 0.0001))
    assert path[LEG] == Cuts(0.2312, 0.2431)
    assert path[-1] == ALL_EASY
    assert ALL_HARD not in path
    assert path == path_through(reversed(presets))


@given(presets=st.lists(st.builds(Cuts, SHARES, SHARES), max_size=4))
def test_no_cut_ever_falls_and_no_point_comes_twice(presets):
    """Each point is at least as cheap as the one before, and legal."""
    path = path_through(presets)
    for before, after in pairwise(path):
        assert before.medium <= after.medium
        assert before.hard <= after.hard
        assert before != after
    assert all(0.0 <= cut <= 1.0 for point in path for cut in point)
