from dataclasses import dataclass, replace
from typing import Any

import pytest

from classifier.evaluation.bars import Bar, bars
from classifier.evaluation.figures import Figures


@dataclass(frozen=True)
class Case:
    id: str
    measured: float | None
    at_most: bool
    percent: bool
    reached: str
    written: str


CASES = (
    Case("above the aim", 0.93, False, False, "aim", "0.930"),
    Case("between", 0.89, False, False, "must", "0.890"),
    Case("below", 0.8794, False, False, "no", "0.879"),
    Case("as written it is enough", 0.8796, False, False, "must", "0.880"),
    Case("nothing", None, False, False, "-", "-"),
    Case("share", 0.9104, False, True, "aim", "91.0%"),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_what_is_reached(case: Case):
    """A bar is judged by the figure as it is written."""
    bar = Bar(
        name="x", rows="y", must=0.88, aim=0.91, measured=case.measured, at_most=case.at_most, percent=case.percent
    )
    assert (bar.reached, bar.written(bar.measured)) == (case.reached, case.written)


@pytest.mark.parametrize(("measured", "reached"), [(0.009, "aim"), (0.03, "must"), (0.031, "no")])
def test_smaller_may_be_better(measured: float, reached: str):
    """Of a bar with an upper bound less is more."""
    bar = Bar(name="x", rows="y", must=0.03, aim=0.01, measured=measured, at_most=True, percent=True)
    assert bar.reached == reached


def test_without_an_aim_the_must_is_all(figures: Figures, manifest: dict[str, Any]):
    """A bar without an aim can be reached as a must at best."""
    assert Bar(name="x", rows="y", must=0.5, aim=None, measured=1.0).reached == "must"
    assert {bar.reached for bar in bars(figures, manifest) if bar.aim is None} <= {"must", "no", "-"}


def test_bars_take_their_figures_from_their_tables(figures: Figures, manifest: dict[str, Any]):
    """Each bar shows the figure that its name and rows say."""
    found = {(bar.name, bar.rows): bar for bar in bars(figures, manifest)}
    assert len(found) == len(bars(figures, manifest))
    expected = {
        ("AUC easy", "5 folds"): 0.885,
        ("AUC easy", "triplets left out"): 0.835,
        ("needs_info AUC", "each source left out"): 0.79,
        ("domain accuracy", "5 folds"): 0.885,
        ("kappa of agent calls, against last turn alone", "5 folds, whole agent sessions"): 0.3,
        ("APGR routellm_mmlu", "in domain, 2 folds"): 0.665,
        ("APGR routellm_mmlu", "in domain, 1,500 labels"): 0.64,
        ("APGR routellm_gsm8k", "out of domain, tierwise"): 0.583,
        ("tiers that flip: typos", "5 folds, balanced"): 0.03,
        (
            "accuracy gained by stripping templates, upper end of the interval",
            "5 folds, balanced, public prompts with templates",
        ): 0.01,
        ("attack: black box", "easy prompts of one fold, called hard"): 0.25,
        ("assess of 20 tokens, ms", "p50"): 0.14,
        ("import and load, MB", "fresh process, numpy included"): 35.0,
    }
    assert {key: found[key].measured for key in expected} == expected


def test_a_source_that_is_not_there_is_not_measured(figures: Figures, manifest: dict[str, Any]):
    """A bar on a source without rows has no figure."""
    order = replace(figures.order, left_out=figures.order.left_out[:1])
    found = {(bar.name, bar.rows): bar for bar in bars(replace(figures, order=order), manifest)}
    assert found["AUC easy", "triplets left out"].reached == "-"
