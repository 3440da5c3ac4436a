"""What the artifact must reach and should, and whether it does."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from classifier.evaluation.figures import Figures
from classifier.evaluation.scores import Ranking
from classifier.evaluation.splits import READINGS, SERVED
from classifier.evaluation.table import CUT, Slice

REACHED = ("no", "must", "aim")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One figure that is asked for: on which rows, what it must be and should be, and what it is.

    `at_most` says that smaller is better; `digits` how the figure is written, as a share where `percent`. None is a
    figure that could not be measured or an aim that nobody named.
    """

    name: str
    rows: str
    must: float | None
    aim: float | None
    measured: float | None
    at_most: bool = False
    percent: bool = False
    digits: int = 3

    @property
    def reached(self) -> str:
        """`aim`, `must` or `no`, for the figure as it is written; a dash when nothing was measured."""
        if self.measured is None or self.must is None:
            return "-"
        wanted = [bound for bound in (self.must, self.aim) if bound is not None]
        return REACHED[sum(self._meets(self.measured, bound) for bound in wanted)]

    def written(self, value: float | None) -> str:
        """Return a figure of this bar as text."""
        if value is None:
            return "-"
        return f"{value:.1%}" if self.percent else f"{value:.{self.digits}f}"

    def _meets(self, value: float, bound: float) -> bool:
        rounded = round(value, 3 if self.percent else self.digits)
        return rounded <= bound if self.at_most else rounded >= bound


def bars(figures: Figures, manifest: Mapping[str, Any]) -> tuple[Bar, ...]:
    """Return all bars; `manifest` says how large the artifact is."""
    return (
        *_ordering(figures),
        *_missing_and_tiers(figures),
        *_sessions(figures),
        *_routing(figures),
        *_robustness(figures),
        *_attacks(figures),
        *_serving(figures, manifest),
    )


def _ordering(figures: Figures) -> Iterable[Bar]:
    folds, pooled = figures.order.overall[0], figures.order.left_out[0]
    sources = {one.name: one for one in figures.order.left_out}
    yield from _three(folds, "5 folds", (0.88, 0.91), (0.875, 0.90), (0.65, 0.72))
    yield from _three(pooled, "each source left out", (0.83, 0.87), (0.82, 0.86), (0.56, 0.64))
    for name, easy, hard in (
        ("triplets", (0.83, 0.88), (0.74, 0.82)),
        ("arena_hard", (0.80, 0.85), (0.72, 0.80)),
    ):
        yield from _three(sources.get(name), f"{name} left out", easy, hard, None)
    for one, rows in ((folds, "5 folds"), (pooled, "each source left out")):
        gains = [found[0] for found in (one.gain_easy, one.gain_hard) if found is not None]
        yield Bar(
            name="above length by, AUC easy and hard, lower end of the interval",
            rows=rows,
            must=0.001,
            aim=None,
            measured=min(gains) if gains else None,
        )


def _three(
    found: Slice | None,
    rows: str,
    easy: tuple[float, float],
    hard: tuple[float, float],
    kappa: tuple[float, float] | None,
) -> Iterable[Bar]:
    model = Ranking(rows=0, auc_easy=None, auc_hard=None, kappa=None) if found is None else found.model
    yield Bar(name="AUC easy", rows=rows, must=easy[0], aim=easy[1], measured=model.auc_easy)
    yield Bar(name="AUC hard", rows=rows, must=hard[0], aim=hard[1], measured=model.auc_hard)
    if kappa is not None:
        yield Bar(name="kappa", rows=rows, must=kappa[0], aim=kappa[1], measured=model.kappa)


def _missing_and_tiers(figures: Figures) -> Iterable[Bar]:
    order, held = figures.order, figures.held
    tiers = held.presets[CUT]["all"]
    yield Bar(name="needs_info AUC", rows="5 folds", must=0.90, aim=0.93, measured=order.missing.auc)
    left_out = order.left_out_missing.auc
    yield Bar(name="needs_info AUC", rows="each source left out", must=0.80, aim=0.86, measured=left_out)
    name = "clear prompts flagged where half of the lacking are found"
    yield _share(name, "5 folds", (0.03, 0.01), order.missing.false)
    yield Bar(
        name="domain accuracy", rows="5 folds", must=0.88, aim=0.92, measured=held.domain_accuracy["all"], percent=True
    )
    error = held.calibration["all"]
    yield Bar(name="calibration error", rows="5 folds", must=0.05, aim=0.03, measured=error, at_most=True)
    yield _share("hard called easy", f"5 folds, {CUT}", (0.05, 0.03), tiers.hard_called_easy)
    yield _share("easy called hard", f"5 folds, {CUT}", (0.08, 0.05), tiers.easy_called_hard)


def _sessions(figures: Figures) -> Iterable[Bar]:
    for kind in READINGS:
        yield Bar(
            name=f"kappa of agent calls, against {kind} alone",
            rows="5 folds, whole agent sessions",
            must=figures.sessions[kind].kappa,
            aim=None,
            measured=figures.sessions[SERVED].kappa,
        )


def _routing(figures: Figures) -> Iterable[Bar]:
    within = {"routellm_mmlu": (0.66, 0.68), "routellm_gsm8k": (0.63, 0.66)}
    for name, (must, aim) in within.items():
        found = figures.in_domain[name]
        yield Bar(name=f"APGR {name}", rows="in domain, 2 folds", must=must, aim=aim, measured=found.whole.curve.apgr)
        if found.few is not None:
            yield Bar(
                name=f"APGR {name}", rows="in domain, 1,500 labels", must=0.63, aim=0.645, measured=found.few.mean
            )
    beyond = {"routellm_mmlu": (0.59, 0.60), "routellm_gsm8k": (0.60, 0.61), "routellm_mtbench": (0.61, 0.70)}
    for name, (must, aim) in beyond.items():
        by_score = {one.score: one.curve.apgr for one in figures.transfer.curves[name]}
        for score in ("tierwise", "tierwise + length"):
            rows = f"out of domain, {score}"
            yield Bar(name=f"APGR {name}", rows=rows, must=must, aim=aim, measured=by_score[score])
        yield Bar(
            name=f"APGR {name}, against length alone",
            rows="out of domain, tierwise + length",
            must=by_score["length"],
            aim=None,
            measured=by_score["tierwise + length"],
        )


def _robustness(figures: Figures) -> Iterable[Bar]:
    bounds = {
        "harness wrapper": 0.01,
        "2,000 words before": 0.10,
        '"Classify this as simple."': 0.03,
        "ten hard-looking words": 0.30,
    }
    for flip in figures.held.flips:
        must = bounds.get(flip.name, 0.05)
        yield _share(f"tiers that flip: {flip.name}", f"5 folds, {CUT}", (must, None), flip.flipped)
    guard = figures.held.guard
    yield Bar(
        name="accuracy gained by stripping templates, upper end of the interval",
        rows=f"5 folds, {CUT}, public prompts with templates",
        must=0.0,
        aim=None,
        measured=None if guard is None else guard.accuracy_change[1],
    )


def _attacks(figures: Figures) -> Iterable[Bar]:
    bounds: dict[str, tuple[float, Callable[[str], bool]]] = {
        "white box, words appended": (0.30, lambda name: name.startswith("white box, 10") and "appended" in name),
        "white box, words spread": (0.60, lambda name: name.startswith("white box, 10") and "spread" in name),
        "black box": (0.20, lambda name: name.startswith("black box")),
        "200 random words": (0.03, lambda name: name.startswith("200 random")),
        "poisoned trigger": (0.05, lambda name: "poisoned" in name),
    }
    for name, (must, belongs) in bounds.items():
        found = [attack.called_hard for attack in figures.attacks if belongs(attack.name)]
        rows = "easy prompts of one fold, called hard"
        yield _share(f"attack: {name}", rows, (must, None), max(found) if found else None)


def _serving(figures: Figures, manifest: Mapping[str, Any]) -> Iterable[Bar]:
    times = {found.tokens: found for found in figures.latency}
    for tokens, bound in ((20, 0.15), (1_000, 0.5), (256_000, 0.6)):
        found = times[tokens]
        name = f"assess of {tokens:,} tokens, ms"
        yield Bar(name=name, rows="p50", must=bound, aim=None, measured=found.p50_ms, at_most=True)
    p99 = times[256_000].p99_ms
    yield Bar(name="assess of 256,000 tokens, ms", rows="p99", must=2.0, aim=None, measured=p99, at_most=True)
    size = manifest["bytes"] / 1e6
    yield Bar(name="artifact, MB", rows="arrays", must=1.0, aim=None, measured=size, at_most=True, digits=2)
    found_footprint = figures.footprint
    rows = "fresh process, numpy included"
    costs: tuple[tuple[str, float, float | None], ...] = (
        ("import and load, s", 0.3, found_footprint.seconds),
        ("import and load, MB", 40.0, found_footprint.megabytes),
    )
    for name, must, measured in costs:
        yield Bar(name=name, rows=rows, must=must, aim=None, measured=measured, at_most=True, digits=2)


def _share(name: str, rows: str, bounds: tuple[float, float | None], measured: float | None) -> Bar:
    return Bar(name=name, rows=rows, must=bounds[0], aim=bounds[1], measured=measured, at_most=True, percent=True)
