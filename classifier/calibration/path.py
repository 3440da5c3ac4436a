"""The cut points that are tried, in a fixed order from the safest to the cheapest; no label has a say in it.

A promise that holds for the first of several points whose losses look small needs an order that was fixed before the
losses were seen. This one leads through the artifact's presets, which were chosen on other prompts.
"""

from collections.abc import Iterable
from itertools import pairwise

from classifier.calibration.sample import Cuts

ALL_HARD = Cuts(0.0, 0.0)
ALL_EASY = Cuts(1.0, 1.0)
LEG = 100
"""Points on the way from one preset to the next."""

_DIGITS = 5


def path_through(presets: Iterable[Cuts], leg: int = LEG) -> tuple[Cuts, ...]:
    """Return the points after ALL_HARD up to ALL_EASY, neither cut ever falling; `presets` in any order.

    The first steps are the smallest: a strict bound is decided where hardly any prompt has left the hard tier yet.
    """
    stops = [ALL_HARD]
    for preset in sorted(presets):
        stops.append(Cuts(*(max(now, then) for now, then in zip(preset, stops[-1], strict=True))))
    stops.append(ALL_EASY)
    even = [step / leg for step in range(1, leg + 1)]
    slow = [part * part for part in even]
    points = [
        Cuts(*(round(a + (b - a) * part, _DIGITS) for a, b in zip(start, end, strict=True)))
        for start, end in pairwise(stops)
        for part in (slow if start == ALL_HARD else even)
    ]
    return tuple(dict.fromkeys(point for point in points if point != ALL_HARD))
