from dataclasses import replace

from classifier.evaluation.alterations import ALTERATIONS
from classifier.evaluation.figures import Figures
from classifier.evaluation.latency import Footprint
from classifier.evaluation.report_stress import attacks, guard, latency, robustness


def test_every_change_has_its_row(figures: Figures):
    """All changes are reported, with the direction of the moves."""
    found = robustness(figures)
    assert all(f"| {name} | 42 | 3.0% | 2.0% | 1.0% |" in found for name in ALTERATIONS)


def test_the_guard_shows_both_readings(figures: Figures):
    """Accuracy with and without templates and the interval of the change; a sentence when nothing carries one."""
    assert "| accuracy | 0.660 | 0.650 | -0.030 to +0.010 |" in guard(figures)
    assert "| AUC hard | 0.700 | - | - |" in guard(figures)
    assert "No tested prompt" in guard(replace(figures, held=replace(figures.held, guard=None)))


def test_attacks_name_their_cost(figures: Figures):
    """Each attack has its success in both senses and its number of assessments."""
    assert "| 200 random words before | 300 | 40.0% | 25.0% | 10,000 |" in attacks(figures)


def test_times_are_in_milliseconds(figures: Figures):
    """Each length has its row; memory that is not known is a dash."""
    assert "| 256,000 | 0.140 | 0.900 |" in latency(figures)
    assert "0.20 s with 35 MB" in latency(figures)
    assert "with - MB" in latency(replace(figures, footprint=Footprint(seconds=0.2, megabytes=None)))
