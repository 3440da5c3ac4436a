from pathlib import Path
from xml.etree import ElementTree as ET

from classifier.evaluation.figures import Figures
from classifier.evaluation.plots import FILES, draw


def test_the_plots_are_small_images(figures: Figures, tmp_path: Path):
    """Each plot is an SVG of less than 100 kB that names its axes."""
    draw(figures, tmp_path / "plots")
    for name in FILES:
        content = (tmp_path / "plots" / name).read_text(encoding="utf-8")
        assert ET.fromstring(content).tag.endswith("svg")
        assert len(content) < 100_000
    assert "MT-Bench" in (tmp_path / "plots" / "routing.svg").read_text(encoding="utf-8")
    assert "probability of the most" in (tmp_path / "plots" / "reliability.svg").read_text(encoding="utf-8")


def test_equal_figures_give_equal_files(figures: Figures, tmp_path: Path):
    """Drawing twice gives the same bytes."""
    draw(figures, tmp_path / "one")
    draw(figures, tmp_path / "two")
    for name in FILES:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
