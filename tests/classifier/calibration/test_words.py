"""A choice as sentences, YAML and JSON values."""

from dataclasses import dataclass, replace

import pytest
import yaml

from classifier.calibration.choose import Choice, Measured, Wish
from classifier.calibration.path import ALL_HARD
from classifier.calibration.sample import Cuts
from classifier.calibration.words import cells, document, percent, snippet, usd, verdict

MEASURED = Measured(
    cuts=Cuts(0.3272, 0.4911),
    rows=1300,
    shares=(0.45, 0.46, 0.09),
    loss=0.0033,
    loss_at_most=0.0157,
    cost=0.000348,
    cost_all_hard=0.001,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A choice for a wish, what is said of it and what is not."""

    id: str
    choice: Choice
    wish: tuple[Wish, float]
    said: tuple[str, ...]


NOT_KEPT = Choice(measured=replace(MEASURED, cuts=ALL_HARD), kept=False)
CASES = (
    Case(
        id="promised",
        choice=Choice(measured=MEASURED, kept=True, rows_needed=9000),
        wish=(Wish.MAX_QUALITY_LOSS, 0.02),
        said=("Promised with 95 % confidence", "like these 1,300", "at most 2 %."),
    ),
    Case(
        id="too few rows",
        choice=replace(NOT_KEPT, rows_needed=14900),
        wish=(Wish.MAX_QUALITY_LOSS, 0.02),
        said=("cannot be promised with 95 % confidence", "About 14,900 rows", "unless everything goes to hard"),
    ),
    Case(
        id="a few rows too few",
        choice=replace(NOT_KEPT, rows_needed=1301),
        wish=(Wish.MAX_QUALITY_LOSS, 0.02),
        said=("cannot be promised with 95 % confidence", "Somewhat more rows"),
    ),
    Case(
        id="too much loss",
        choice=NOT_KEPT,
        wish=(Wish.MAX_QUALITY_LOSS, 0.02),
        said=("cannot be promised", "More rows would not help", "unless everything goes to hard"),
    ),
    Case(
        id="share kept",
        choice=Choice(measured=MEASURED, kept=True),
        wish=(Wish.HARD_SHARE, 0.1),
        said=("9 % go to hard: at most 10 %",),
    ),
    Case(id="share not kept", choice=NOT_KEPT, wish=(Wish.HARD_SHARE, 0.05), said=("Even the cheapest", "9 %")),
    Case(
        id="budget kept",
        choice=Choice(measured=MEASURED, kept=True),
        wish=(Wish.BUDGET, 0.002),
        said=("0.000348 USD each", "at most 0.002000 USD"),
    ),
    Case(
        id="budget not kept",
        choice=NOT_KEPT,
        wish=(Wish.BUDGET, 0.0001),
        said=("Even the cheapest", "more than 0.000100 USD", "cheaper upstream"),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_verdicts(case):
    """They say what is promised or why not, with the numbers."""
    told = "\n".join(verdict(case.choice, case.wish, 0.95))
    assert [words for words in case.said if words not in told] == []
    assert ("Promised" in told) == (case.id == "promised")


def test_the_snippet_is_the_yaml_of_a_route():
    """It can be pasted as it is."""
    found = yaml.safe_load(snippet(Choice(measured=MEASURED, kept=True), "auto", "quality"))
    assert found == {"routes": {"auto": {"thresholds": {"dial": "quality", "medium": 0.3272, "hard": 0.4911}}}}


def test_all_hard_is_said_so():
    """Nobody has to know what 0 / 0 means."""
    assert cells(MEASURED)[0] == "0.3272 / 0.4911"
    assert cells(NOT_KEPT.measured)[0] == "all hard"


def test_what_is_unknown_is_no_zero():
    """A dash on paper, null in JSON."""
    bare = replace(MEASURED, loss=None, loss_at_most=None, cost=None, cost_all_hard=None)
    assert cells(bare)[1:3] == ("-", "-")
    assert cells(bare)[-2:] == ("-", "-")
    found = document(bare)
    assert [found[name] for name in ("loss", "loss_at_most", "cost_usd", "cost_all_hard_usd", "saving")] == [None] * 5
    assert document(MEASURED)["saving"] == pytest.approx(0.652)


@pytest.mark.parametrize(
    ("share", "text"), [(0.02, "2 %"), (0.98765, "98.77 %"), (0.1, "10 %"), (0.0, "0 %"), (1.0, "100 %"), (None, "-")]
)
def test_percentages(share, text):
    """At most two decimals, no trailing zeros."""
    assert percent(share) == text


@pytest.mark.parametrize(
    ("amount", "text"), [(0.002, "0.002000 USD"), (0.0, "0.000000 USD"), (3e-9, "3.00e-09 USD"), (None, "-")]
)
def test_small_amounts_are_not_zero(amount, text):
    """What would be printed as nothing gets an exponent."""
    assert usd(amount) == text
