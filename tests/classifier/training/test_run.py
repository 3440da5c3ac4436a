from dataclasses import replace

import numpy as np
import pytest

from classifier.assess import PRESETS
from classifier.training.labels import Example
from classifier.training.run import chosen_rows, presets_of, probabilities_of, train
from classifier.training.sources import DataMissing
from classifier.weights import HEADS


def test_probabilities_sum_to_one_and_are_ordered():
    """P(hard) never exceeds P(medium or hard), whatever the heads say."""
    logits = np.random.default_rng(1).normal(size=(500, len(HEADS))) * 9
    probabilities, missing = probabilities_of(logits)
    assert np.allclose(probabilities.sum(axis=1), 1.0)
    assert (probabilities >= 0).all()
    assert ((missing >= 0) & (missing <= 1)).all()


def test_presets_are_chosen_on_public_prompts(examples: tuple[Example, ...]):
    """Rows that are not public, or have no tier, do not move the cut points."""
    assert chosen_rows((examples[0], replace(examples[0], public=False), replace(examples[0], tier=None))).tolist() == [
        True,
        False,
        False,
    ]
    logits = np.random.default_rng(2).normal(size=(len(examples), len(HEADS)))
    moved = logits.copy()
    moved[~chosen_rows(examples)] += 5
    assert presets_of(examples, logits) == presets_of(examples, moved)
    assert set(presets_of(examples, logits)) == set(PRESETS)


def test_without_data_nothing_is_written(tmp_path):
    """A missing data folder is named and no artifact appears."""
    with pytest.raises(DataMissing, match="--data-dir"):
        train(tmp_path / "none", tmp_path / "out", seed=1, step=print)
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_training_twice_gives_the_same_files(data_dir, tmp_path):
    """Two whole training runs give one id and equal bytes."""
    steps: list[str] = []
    first, second = (train(data_dir, tmp_path / name, seed=7, step=steps.append) for name in ("1", "2"))
    assert first == second
    assert (tmp_path / "1" / "arrays.bin").read_bytes() == (tmp_path / "2" / "arrays.bin").read_bytes()
    assert steps[:4] == ["read", "features", "fitted", "saved"]
