from dataclasses import replace

import numpy as np
import pytest

from classifier.evaluation.alterations import ALTERATIONS
from classifier.evaluation.held_out import TEMPLATES
from classifier.evaluation.splits import SERVED
from classifier.evaluation.world import World, order_of, ordered
from classifier.training.dataset import folds_of
from classifier.training.fit import design_of
from classifier.training.labels import OWN, Example


@pytest.fixture(scope="module")
def world(examples: tuple[Example, ...]) -> World:
    mixed = tuple(
        replace(example, source=f"{OWN}math", group=example.id) if place % 6 == 0 else example
        for place, example in enumerate(examples)
    )
    return World(examples=mixed, design=design_of(mixed), folds=tuple(folds_of(mixed, seed=1)))


def test_a_world_without_own_rows(world: World):
    """Own rows go with their features and folds, the others keep theirs."""
    bare = world.without_own()
    assert len(bare.examples) == len(bare.folds) == bare.design.numbers.shape[0] == 200
    kept = [row for row in range(240) if row % 6]
    assert np.array_equal(bare.design.numbers, world.design.numbers[kept])
    assert bare.examples[3] == world.examples[kept[3]]


def test_all_readings_are_held_out(world: World):
    """Each change of the prompts is a reading, and sources are left out one after the other, never own ones."""
    heard: list[str] = []
    found = ordered(world, draws=20, changed=True, watch=heard.append)
    assert set(found.readings) == {SERVED, TEMPLATES, *ALTERATIONS}
    assert "source 1" in heard
    assert f"{OWN}math" not in heard
    assert np.isnan(found.left_out[0][::6]).all()
    figures = order_of(found)
    assert [one.name for one in figures.overall] == ["all", "public", "written"]
    assert figures.overall[0].model.rows == 200
    assert figures.left_out[0].name == "all, pooled"
    assert {one.name for one in figures.left_out[1:]} == {f"source {place}" for place in range(4)}
    assert figures.missing.auc is not None
    assert figures.missing.auc > 0.9


def test_changes_are_read_only_when_asked_for(world: World):
    """Without changes only what is served is predicted."""
    assert set(ordered(world.without_own(), draws=5, changed=False, watch=lambda _: None).readings) == {SERVED}
