"""Three small plots for the card: reliability, confusion, routing curves; SVG, equal bytes for equal figures."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from classifier.evaluation.benchmarks import Compared
from classifier.evaluation.figures import Figures
from classifier.tier import Tier

FILES = ("reliability.svg", "confusion.svg", "routing.svg")

_STYLE: dict[Any, Any] = {
    "svg.hashsalt": "tierwise",  # ids of SVG elements are drawn from this, not from chance
    "svg.fonttype": "none",  # text stays text: small, and found by a search
    "font.size": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
_NO_DATE = {"Date": None, "Creator": None}
_NAMES = {"routellm_mmlu": "MMLU", "routellm_gsm8k": "GSM8K", "routellm_mtbench": "MT-Bench"}


def draw(figures: Figures, folder: Path) -> None:
    """Write FILES into `folder`, which is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context(_STYLE):
        for name, figure in zip(FILES, (_reliability(figures), _confusion(figures), _routing(figures)), strict=True):
            figure.savefig(folder / name, metadata=_NO_DATE)


def _reliability(figures: Figures) -> Figure:
    figure = Figure(figsize=(3.2, 3.0), layout="constrained")
    axes = figure.subplots()
    bins = figures.held.reliability
    most = max(one.rows for one in bins)
    axes.plot([0.3, 1], [0.3, 1], color="0.7", linewidth=1)
    axes.plot([one.confidence for one in bins], [one.accuracy for one in bins], color="C0", linewidth=1)
    axes.scatter(
        [one.confidence for one in bins], [one.accuracy for one in bins], s=[4 + 60 * one.rows / most for one in bins]
    )
    axes.set(xlabel="probability of the most probable tier", ylabel="share that was right", title="Reliability")
    return figure


def _confusion(figures: Figures) -> Figure:
    figure = Figure(figsize=(3.2, 3.0), layout="constrained")
    axes = figure.subplots()
    counts = figures.held.confusion
    shares = [[count / max(1, sum(row)) for count in row] for row in counts]
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, (numbers, parts) in enumerate(zip(counts, shares, strict=True)):
        for column, (count, part) in enumerate(zip(numbers, parts, strict=True)):
            axes.text(
                column, row, f"{part:.0%}\n{count}", ha="center", va="center", color="white" if part > 0.5 else "black"
            )
    labels = [tier.label for tier in Tier]
    axes.set_xticks(range(3), labels)
    axes.set_yticks(range(3), labels)
    axes.set(xlabel="given", ylabel="labelled", title="Balanced preset, 5 folds")
    return figure


def _routing(figures: Figures) -> Figure:
    figure = Figure(figsize=(8.0, 3.0), layout="constrained")
    panels = figure.subplots(1, len(figures.transfer.curves), squeeze=False)[0]
    for axes, (name, curves) in zip(panels, figures.transfer.curves.items(), strict=True):
        shown = [one for one in curves if "stripped" not in one.score]
        for one in (*shown, figures.in_domain[name].whole):
            _curve(axes, one)
        points = curves[0].curve.points
        axes.plot([0, 1], [points[0][1], points[-1][1]], color="0.7", linewidth=1, label="random")
        axes.set(xlabel="share of calls to the strong model", title=_NAMES.get(name, name))
    panels[0].set_ylabel("quality")
    figure.legend(
        *panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=5, fontsize=7, frameon=False
    )
    return figure


def _curve(axes: Axes, one: Compared) -> None:
    share, quality = zip(*one.curve.points, strict=True)
    axes.plot(share, quality, linewidth=1, linestyle="--" if one.score == "length" else "-", label=one.score)
