from pathlib import Path

from classifier.evaluation.routing import transfer
from classifier.training.dataset import annotated, overlapping
from classifier.training.fit import design_of
from classifier.training.sources import CLASSICAL, FLAGGED


def test_transfer_uses_the_items_of_the_published_protocol(data_dir: Path):
    """After contaminated items are dropped, RouteLLM's counts remain, and no overlapping prompt is trained on."""
    examples = annotated(data_dir)[::9]
    found = transfer(data_dir, examples, design_of(examples))
    rows = {name: curve.rows for name, (curve, _) in found.curves.items()}
    assert rows == {"routellm_mmlu": 14037, "routellm_gsm8k": 1307, "routellm_mtbench": 72}
    assert set(found.curves) == {source.name for source in CLASSICAL}
    assert set(found.missing) == {source.name for source in FLAGGED}
    overlaps = overlapping(data_dir)
    assert found.trained_on < len([example for example in examples if example.id not in overlaps])


def test_length_reproduces_its_published_figure(data_dir: Path):
    """The length baseline has the APGR that the benchmark's notes give for it."""
    examples = annotated(data_dir)[::40]
    curves = transfer(data_dir, examples, design_of(examples)).curves
    assert abs(curves["routellm_mmlu"][1].apgr - 0.583) < 0.005
    assert abs(curves["routellm_gsm8k"][1].apgr - 0.598) < 0.005
