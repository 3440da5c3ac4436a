from dataclasses import replace
from pathlib import Path

import pytest

from classifier.evaluation.benchmarks import benchmark
from classifier.evaluation.routing import apart, transfer
from classifier.evaluation.world import World, world_of
from classifier.prompt import Prompt
from classifier.training.dataset import overlapping
from classifier.training.labels import OWN
from classifier.training.sources import FLAGGED, ROUTELLM_GSM8K


@pytest.fixture(scope="module")
def world(data_dir: Path) -> World:
    return world_of(data_dir, seed=7, every=12)


def test_nothing_of_a_benchmark_is_trained_on(world: World, data_dir: Path):
    """Marked items, sets of missing information and own rows that are nearly an item are left out; others stay."""
    items = benchmark(data_dir, ROUTELLM_GSM8K, every=20)
    copied = replace(
        world.examples[0],
        id="copied",
        group="copied",
        source=f"{OWN}math",
        prompt=Prompt.of((("user", items.texts[0] + " Thanks."),)),
    )
    new = replace(copied, id="new", group="new", prompt=Prompt.of((("user", "Write a poem about a new bridge."),)))
    examples, overlaps = (*world.examples, copied, new), overlapping(data_dir)
    kept = {examples[row].id for row in apart(data_dir, examples, [items])}
    assert "copied" not in kept
    assert "new" in kept
    assert not kept & overlaps
    assert any(example.id in overlaps for example in world.examples)
    assert not {example.source for example in examples if example.id in kept} & {"mip", "umwp"}


def test_transfer_compares_with_length(world: World, data_dir: Path):
    """Each benchmark has the served score, its reading without templates, the one with length, and length."""
    items = [benchmark(data_dir, ROUTELLM_GSM8K, every=10)]
    kept = world.only(apart(data_dir, world.examples, items))
    found = transfer(data_dir, (kept.examples, kept.design, kept.folds), items, draws=10)
    scores = [one.score for one in found.curves["routellm_gsm8k"]]
    assert scores == ["tierwise", "tierwise, templates stripped", "tierwise + length", "length"]
    assert {one.curve.rows for one in found.curves["routellm_gsm8k"]} == {131}
    assert set(found.missing) == {source.name for source in FLAGGED}
    assert found.trained_on == len(kept.examples)
