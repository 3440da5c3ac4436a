import json
from pathlib import Path

import pytest

from classifier.artifact import MANIFEST
from classifier.assess import DEFAULT_FOLDER
from classifier.evaluation.alterations import ALTERATIONS
from classifier.evaluation.figures import FULL, QUICK, evaluate
from classifier.evaluation.plots import FILES, draw
from classifier.evaluation.report import card
from classifier.training.sources import CLASSICAL, DataMissing


def test_missing_data_is_named(tmp_path: Path):
    """Without data there are no figures, and the message says what to do."""
    with pytest.raises(DataMissing, match="--data-dir"):
        evaluate(tmp_path, DEFAULT_FOLDER, seed=7, depth=FULL, plan=print, watch=print)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_quick_evaluation_has_every_part(data_dir: Path, tmp_path: Path):
    """An eighth of the rows surely beats length on its own sources, likely on a new one; the card has every part."""
    heard: list[str] = []
    planned: list[int] = []
    figures = evaluate(data_dir, DEFAULT_FOLDER, seed=7, depth=QUICK, plan=planned.append, watch=heard.append)
    overall, left_out = figures.order.overall[0], figures.order.left_out[0]
    assert overall.gain_easy is not None
    assert overall.gain_hard is not None
    assert left_out.gain_easy is not None
    assert left_out.gain_hard is not None
    assert min(overall.gain_easy[0], overall.gain_hard[0]) > 0
    assert min(sum(left_out.gain_easy), sum(left_out.gain_hard)) > 0  # the middle: its interval is wide with few rows
    assert set(figures.in_domain) == set(figures.transfer.curves) == {source.name for source in CLASSICAL}
    assert {flip.name for flip in figures.held.flips} == set(ALTERATIONS)
    assert figures.held.guard is not None
    assert len(figures.attacks) == 9
    assert (figures.order_plain is None) == (figures.own_rows == 0)
    assert heard[0] == "features"
    assert planned == [len(heard)]
    manifest = json.loads((DEFAULT_FOLDER / MANIFEST).read_text(encoding="utf-8"))
    assert "## Attacks" in card(figures, manifest)
    draw(figures, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(FILES)
