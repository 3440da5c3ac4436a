from pathlib import Path

import pytest

from classifier.evaluation.routing import Transfer, transfer
from classifier.training.dataset import annotated, overlapping
from classifier.training.fit import design_of
from classifier.training.sources import CLASSICAL, FLAGGED

EVERY = 9


@pytest.fixture(scope="module")
def found(data_dir: Path) -> Transfer:
    examples = annotated(data_dir)[::EVERY]
    return transfer(data_dir, examples, design_of(examples))


def test_the_items_of_the_published_protocol_are_used(found: Transfer):
    """After contaminated items are dropped, RouteLLM's counts remain."""
    rows = {name: curve.rows for name, (curve, _) in found.curves.items()}
    assert rows == {"routellm_mmlu": 14037, "routellm_gsm8k": 1307, "routellm_mtbench": 72}
    assert set(found.curves) == {source.name for source in CLASSICAL}
    assert set(found.missing) == {source.name for source in FLAGGED}


def test_no_overlapping_prompt_is_trained_on(found: Transfer, data_dir: Path):
    """Items of the benchmarks among the annotated prompts are left out."""
    examples, overlaps = annotated(data_dir)[::EVERY], overlapping(data_dir)
    assert any(example.id in overlaps for example in examples)
    assert found.trained_on <= len([example for example in examples if example.id not in overlaps])


def test_length_reproduces_its_published_figure(found: Transfer):
    """The length baseline has the APGR that the benchmark's notes give for it."""
    assert abs(found.curves["routellm_mmlu"][1].apgr - 0.583) < 0.005
    assert abs(found.curves["routellm_gsm8k"][1].apgr - 0.598) < 0.005
