"""Fixtures: hand-made figures with every part filled, as the card and the plots need them."""

import json
from typing import Any

import pytest

from classifier.artifact import MANIFEST
from classifier.assess import DEFAULT_FOLDER, PRESETS
from classifier.evaluation.alterations import ALTERATIONS
from classifier.evaluation.attacks import Attack
from classifier.evaluation.benchmarks import Compared
from classifier.evaluation.curves import Curve
from classifier.evaluation.figures import Figures
from classifier.evaluation.held_out import Flags, Flip, Guard, HeldOut
from classifier.evaluation.in_domain import FewLabels, InDomain
from classifier.evaluation.latency import LENGTHS, Footprint, Latency
from classifier.evaluation.routing import Transfer
from classifier.evaluation.scores import Bin, Finding, Ranking, Tiering
from classifier.evaluation.table import Slice
from classifier.evaluation.world import Order

PARTS = ("all", "public", "written")
BENCHMARKS = ("routellm_mmlu", "routellm_gsm8k", "routellm_mtbench")
SCORES = ("tierwise", "tierwise, templates stripped", "tierwise + length", "length")


def _slice(name: str, easy: float) -> Slice:
    return Slice(
        name=name,
        model=Ranking(rows=42, auc_easy=easy, auc_hard=0.876, kappa=0.5),
        length=Ranking(rows=42, auc_easy=0.726, auc_hard=None, kappa=0.3),
        gain_easy=(0.123, 0.145),
        gain_hard=None,
        macro_f1=0.625,
        hard_called_easy=0.0321,
        easy_called_hard=None,
    )


def _order(easy: float) -> Order:
    return Order(
        overall=tuple(_slice(part, easy) for part in PARTS),
        left_out=tuple(_slice(name, easy - 0.05) for name in ("all, pooled", "triplets", "arena_hard")),
        missing=Finding(rows=42, auc=0.901, precision=0.7, false=0.031),
        left_out_missing=Finding(rows=42, auc=0.79, precision=0.5, false=0.08),
    )


def _compared(score: str, apgr: float) -> Compared:
    points = tuple((share / 10, 0.6 + share / 40) for share in range(11))
    curve = Curve(rows=7, cpt50=36.7, cpt80=69.3, apgr=apgr, saved95=0.43, saved98=0.21, points=points)
    return Compared(score=score, curve=curve, apgr=(apgr - 0.02, apgr + 0.02), above_length=(-0.01, 0.03))


def _transfer(apgr: float) -> Transfer:
    return Transfer(
        curves={name: tuple(_compared(score, apgr) for score in SCORES) for name in BENCHMARKS},
        missing={"mip": (9, 0.61, None)},
        trained_on=5306,
    )


def _held() -> HeldOut:
    tiers = Tiering(
        macro_f1=0.5, accuracy=0.5, kappa=0.5, under=0.1234, over=0.1, hard_called_easy=0.04, easy_called_hard=0.01
    )
    flags = Flags(precision=0.7, recall=0.3, false=0.016)
    return HeldOut(
        presets={name: dict.fromkeys(PARTS, tiers) for name in PRESETS},
        flags={name: dict.fromkeys(PARTS, flags) for name in PRESETS},
        missing=dict.fromkeys(PARTS, Finding(rows=42, auc=0.9, precision=0.7, false=0.03)),
        shortness=dict.fromkeys(PARTS, 0.69),
        calibration=dict.fromkeys(PARTS, 0.011),
        reliability=(Bin(confidence=0.5, accuracy=0.45, rows=10), Bin(confidence=0.9, accuracy=0.92, rows=30)),
        confusion=((20, 5, 1), (4, 10, 2), (0, 3, 9)),
        domain_accuracy=dict.fromkeys(PARTS, 0.885),
        flips=tuple(Flip(name=name, prompts=42, flipped=0.03, raised=0.02, lowered=0.01) for name in ALTERATIONS),
        guard=Guard(
            prompts=21,
            accuracy=(0.66, 0.65),
            accuracy_change=(-0.03, 0.01),
            auc_easy=(0.8, 0.79),
            auc_hard=(0.7, None),
        ),
    )


@pytest.fixture
def figures() -> Figures:
    """Figures in which each part is present."""
    ranks = Ranking(rows=264, auc_easy=0.7, auc_hard=0.7, kappa=0.3)
    behind = Ranking(rows=264, auc_easy=0.6, auc_hard=0.6, kappa=0.2)
    whole = _compared("tierwise, fitted to half of the labels", 0.665)
    few = FewLabels(draws=(0.63, 0.65), mean=0.64, span=(0.63, 0.65))
    names = ("200 random words before", "white box, 10 strongest words appended", "black box, 10 words appended")
    return Figures(
        own_rows=17,
        order=_order(0.885),
        order_plain=_order(0.871),
        slices={"language": (_slice("de", 0.83),)},
        held=_held(),
        sessions={"as served": ranks, "last turn": behind, "whole history": behind},
        transfer=_transfer(0.583),
        transfer_plain=_transfer(0.571),
        in_domain={name: InDomain(whole=whole, few=few if "mmlu" in name else None) for name in BENCHMARKS},
        attacks=tuple(Attack(name=name, prompts=300, raised=0.4, called_hard=0.25, queries=10_000) for name in names),
        latency=tuple(Latency(tokens=tokens, p50_ms=0.14, p99_ms=0.9) for tokens in LENGTHS),
        footprint=Footprint(seconds=0.2, megabytes=35.0),
    )


@pytest.fixture
def manifest() -> dict[str, Any]:
    """What the shipped artifact says of itself."""
    found: dict[str, Any] = json.loads((DEFAULT_FOLDER / MANIFEST).read_text(encoding="utf-8"))
    return found
