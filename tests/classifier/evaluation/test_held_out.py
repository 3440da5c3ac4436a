from dataclasses import replace

import numpy as np
import pytest

from classifier.assess import PRESETS
from classifier.assessment import DOMAINS
from classifier.evaluation.held_out import TEMPLATES, held_out, missing_found
from classifier.evaluation.recipe import Predicted
from classifier.evaluation.table import Table, table_of
from classifier.training.labels import Example


@pytest.fixture
def table(examples: tuple[Example, ...]) -> Table:
    return table_of(examples, draws=30)


def _told(table: Table) -> Predicted:
    """Return predictions that are all right and a little unsure."""
    tiers = table.tiers
    return Predicted(
        probabilities=0.05 + 0.85 * np.eye(3)[tiers],
        missing=np.where(table.lacking, 0.9, 0.1),
        domain=np.array([DOMAINS.index(str(example.domain)) for example in table.examples]),
        tiers=dict.fromkeys(PRESETS, tiers),
        flagged=dict.fromkeys(PRESETS, table.lacking),
    )


def test_right_predictions_have_perfect_figures(table: Table):
    """Nothing is wrong, flags are exact, and being right more often than said is the only error of calibration."""
    found = held_out(table, {}, _told(table))
    assert found.presets["cheap"]["public"].macro_f1 == 1.0
    flags = found.flags["balanced"]["all"]
    assert (flags.precision, flags.recall, flags.false) == (1.0, 1.0, 0.0)
    assert found.domain_accuracy["written"] == 1.0
    assert found.calibration["all"] == pytest.approx(0.1)
    assert found.confusion == ((80, 0, 0), (0, 80, 0), (0, 0, 80))
    assert (found.flips, found.guard) == ((), None)
    assert found.missing["all"].auc == 1.0


def test_moves_have_a_direction(table: Table):
    """A reading in which every easy prompt is medium moves a third of the tiers up."""
    served = _told(table)
    raised = replace(served, tiers=dict.fromkeys(PRESETS, np.maximum(table.tiers, 1)))
    (flip,) = held_out(table, {"shouted": raised}, served).flips
    assert (flip.name, flip.prompts) == ("shouted", 240)
    assert (flip.flipped, flip.raised, flip.lowered) == (pytest.approx(1 / 3), pytest.approx(1 / 3), 0.0)


def test_the_guard_looks_at_public_prompts_that_changed(table: Table):
    """Only public prompts whose reading differs count, and a tier lost there is a fall of accuracy."""
    served = _told(table)
    public = np.flatnonzero(table.parts()["public"])
    written = np.flatnonzero(table.parts()["written"])
    probabilities, tiers = served.probabilities.copy(), table.tiers.copy()
    for row in (*public[:30], *written[:30]):
        probabilities[row] = [0.3, 0.4, 0.3]
    tiers[public[:15]] = 2 - tiers[public[:15]] // 2 * 2 if tiers[public[0]] else 1
    bare = replace(served, probabilities=probabilities, tiers=dict.fromkeys(PRESETS, tiers))
    guard = held_out(table, {TEMPLATES: bare}, served).guard
    assert guard is not None
    assert guard.prompts == 30
    assert guard.accuracy[0] == 1.0
    assert guard.accuracy[1] == pytest.approx(1.0 - np.mean(tiers[public[:30]] != table.tiers[public[:30]]))
    assert guard.accuracy_change[0] <= guard.accuracy[1] - 1.0 <= guard.accuracy_change[1]


def test_an_unchanged_reading_needs_no_guard(table: Table):
    """Where no prompt carries a template there is nothing to guard."""
    served = _told(table)
    assert held_out(table, {TEMPLATES: served}, served).guard is None


def test_missing_information_of_some_rows(table: Table):
    """Only the asked rows count."""
    rows = table.parts()["public"]
    assert missing_found(table, np.where(table.lacking, 0.9, 0.1), rows).rows == rows.sum()
