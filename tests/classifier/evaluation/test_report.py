from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from classifier.assess import DEFAULT_FOLDER
from classifier.evaluation.bars import bars
from classifier.evaluation.figures import Figures
from classifier.evaluation.report import card


@pytest.fixture
def text(figures: Figures, manifest: dict[str, Any]) -> str:
    return card(figures, manifest)


def test_the_card_names_its_artifact(text: str, manifest: dict[str, Any]):
    """A reader can tell which artifact a card is about, and how many of its rows are the project's own."""
    assert f"`{manifest['id']}`" in text
    assert "17 of them the project's own rows" in text


@pytest.mark.parametrize(
    "found",
    [
        "| all | 42 | 0.885 | 0.726 | +0.123 to +0.145 | 0.876 | - | - | 0.500 | 0.300 | 0.625 | 3.2% | - |",
        "| all | 0.885 | 0.871 | 0.876 | 0.876 | 0.500 | 0.500 |",
        "12.3%",
        "| all, each source left out | 42 | 0.790 | 0.790 |",
        "5306",
        "| mip | 9 | 0.610 | - |",
    ],
)
def test_each_figure_stands_in_the_card(text: str, found: str):
    """Figures are printed as measured, what does not exist as a dash, length and the plain training in the same row."""
    assert found in text


def test_bars_come_first(text: str, figures: Figures, manifest: dict[str, Any]):
    """What must be reached stands before all other tables, one row a bar."""
    first = text.split("\n## ")[1]
    assert first.startswith("What it must reach")
    assert first.count("\n| ") == len(bars(figures, manifest)) + 2
    assert "| AUC easy | 5 folds | >= 0.880 | >= 0.910 | 0.885 | must |" in first
    assert "| AUC easy | each source left out | >= 0.830 | >= 0.870 | 0.835 | must |" in first


def test_every_table_row_has_the_width_of_its_header(text: str):
    """Each row of a table has as many cells as its header."""
    for block in text.split("\n\n"):
        if block.startswith("|"):
            assert len({line.count("|") for line in block.splitlines()}) == 1


def test_without_own_rows_nothing_is_compared(figures: Figures, manifest: dict[str, Any]):
    """A project without own rows has a card without the comparison."""
    found = card(replace(figures, own_rows=0, order_plain=None, transfer_plain=None), manifest)
    assert "own rows in the training change" not in found


def test_every_plot_of_the_card_is_there(text: str):
    """The links of the card lead to the plots in docs."""
    for name in ("reliability", "confusion", "routing"):
        assert f"(../../../docs/plots/{name}.svg)" in text
        assert (DEFAULT_FOLDER / f"../../../docs/plots/{name}.svg").resolve().is_file()
    assert (DEFAULT_FOLDER / "../../../docs/classifier.md").resolve().is_file()


def test_the_shipped_card_is_about_the_shipped_artifact(manifest: dict[str, Any]):
    """The card beside the artifact was written for it."""
    assert f"`{manifest['id']}`" in Path(DEFAULT_FOLDER / "CARD.md").read_text(encoding="utf-8")
