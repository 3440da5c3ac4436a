from dataclasses import replace

import numpy as np
import pytest

from classifier.evaluation.splits import SESSIONS
from classifier.evaluation.table import LENGTH_BANDS, SMALLEST, Table, band, table_of
from classifier.prompt import Prompt
from classifier.training.labels import OWN, Example


@pytest.fixture
def table(examples: tuple[Example, ...]) -> Table:
    mixed = (
        replace(examples[0], source=f"{OWN}math"),
        replace(examples[1], source=SESSIONS),
        *examples[2:],
    )
    return table_of(mixed, draws=30)


def test_columns_follow_the_examples(table: Table):
    """Own rows are no prompts, session calls are calls, length is that of the last turn."""
    assert (int(table.prompts.sum()), int(table.calls.sum())) == (238, 1)
    assert not table.prompts[:2].any()
    assert table.length[5] == pytest.approx(np.log1p(len(table.examples[5].prompt.turns[-1].text)))
    assert table.lacking.sum() == table.tiers.size / 2


def test_parts_are_a_partition(table: Table):
    """Public and written prompts are all prompts."""
    parts = table.parts()
    assert np.array_equal(parts["public"] | parts["written"], parts["all"])
    assert not (parts["public"] & parts["written"]).any()


def test_a_slice_compares_with_length(table: Table):
    """A score that is the label is above length by all that length lacks."""
    found = table.slice("all", table.prompts, table.tiers.astype(float), table.tiers)
    assert (found.model.auc_easy, found.model.auc_hard, found.macro_f1) == (1.0, 1.0, 1.0)
    assert (found.hard_called_easy, found.easy_called_hard) == (0.0, 0.0)
    assert found.gain_easy is not None
    assert found.length.auc_easy is not None
    assert found.gain_easy[0] <= 1.0 - found.length.auc_easy <= found.gain_easy[1]
    assert table.slice("all", table.prompts, table.length).macro_f1 is None


def test_a_slice_of_one_tier_has_no_areas(table: Table):
    """Where a class is absent there is no area, no interval and no share of it."""
    found = table.slice("easy", table.prompts & (table.tiers == 0), table.length, table.tiers)
    assert (found.model.auc_easy, found.gain_easy, found.gain_hard, found.hard_called_easy) == (None,) * 4
    assert found.easy_called_hard == 0.0


def test_small_groups_are_not_shown(table: Table):
    """Groups of fewer prompts than SMALLEST are left out, the others are in the order of their names."""
    found = table.by_key(lambda example: "few" if example.id < "0-a" else example.source, table.length)
    assert all(one.model.rows >= SMALLEST for one in found)
    assert [one.name for one in found] == sorted(one.name for one in found)
    assert "few" not in {one.name for one in found}


@pytest.mark.parametrize("size", [0, 59, 60, 149, 150, 1499, 1500, 10**6])
def test_each_length_has_one_band(examples: tuple[Example, ...], size: int):
    """Every length falls into a band that holds it, and bands sort as text."""
    found = band(replace(examples[0], prompt=Prompt.of((("user", "x" * size),))))
    low, high = next(bounds for bounds in LENGTH_BANDS if bounds[0] <= size < bounds[1])
    assert found.strip().startswith(f"{low} ")
    assert str(high - 1) in found or "more" in found
