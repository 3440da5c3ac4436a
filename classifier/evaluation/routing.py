"""Transfer: RouteLLM's benchmarks and other makes of missing information, no item of which is in the training."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from classifier.evaluation.benchmarks import Benchmark, Compared, compared, designed, unlabelled
from classifier.evaluation.recipe import Fitted, Floats, fit
from classifier.evaluation.scores import auc
from classifier.training import sources
from classifier.training.dataset import flagged_examples, overlapping, with_families
from classifier.training.fit import Design
from classifier.training.labels import Example, is_own
from classifier.training.sources import Source

EXAM_WEIGHTS = (0.25, 1.0, 2.0)
"""What words (their grades and topics too), all other handcrafted numbers and log length count in the score for
exam-like traffic, in standard deviations of the training prompts. Words tell subjects apart, which is not which
question of an exam a weaker model misses."""

_RELATED = ("mip", "umwp", "self_instruct_seed", "synth_needs_info")


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """Figures on data of another make, for one training run.

    `curves` holds the scores compared on each benchmark, `missing` for each source its rows, the AUC of P(missing) and
    that of shortness (the fewer characters, the more may be missing). `trained_on` counts prompts.
    """

    curves: Mapping[str, tuple[Compared, ...]]
    missing: Mapping[str, tuple[int, float | None, float | None]]
    trained_on: int


def apart(data_dir: Path, examples: Sequence[Example], benchmarks: Sequence[Benchmark]) -> list[int]:
    """Return the rows that share nothing with a benchmark or a set of missing information.

    Public prompts are known by the marks of their sources, own rows are compared with the benchmarks' items.
    """
    overlaps = overlapping(data_dir)
    own = [example for example in examples if is_own(example)]
    items = {text for found in benchmarks for text in found.texts}
    families = with_families((*own, *map(unlabelled, sorted(items))))
    shared = {example.group for example in families[len(own) :]}
    touched = {example.id for example in families[: len(own)] if example.group in shared}
    return [
        row
        for row, example in enumerate(examples)
        if example.id not in overlaps and example.source not in _RELATED and example.id not in touched
    ]


def transfer(
    data_dir: Path,
    training: tuple[Sequence[Example], Design, Sequence[int]],
    benchmarks: Sequence[Benchmark],
    *,
    draws: int,
) -> Transfer:
    """Train on examples, their design and their folds, all of them apart from what is tested, and score that."""
    examples, design, folds = training
    fitted = fit(examples, design, folds)
    lengths = np.log1p([len(example.prompt.turns[-1].text) for example in examples])
    spreads = [max(float(part.std()), 1e-9) for part in (*fitted.parts(design), lengths)]
    weights = np.array(EXAM_WEIGHTS) / spreads
    return Transfer(
        curves={found.name: _curves(fitted, found, weights, draws) for found in benchmarks},
        missing={source.name: _missing(data_dir, source, fitted) for source in sources.FLAGGED},
        trained_on=len(examples),
    )


def _curves(fitted: Fitted, found: Benchmark, weights: Floats, draws: int) -> tuple[Compared, ...]:
    """Return the curves of what is served, of it for stripped texts, of the form for exams, and of length."""

    def compare(name: str, score: Floats) -> Compared:
        return compared(name, score, found, draws=draws)

    parts = np.stack([*fitted.parts(found.design), found.length])
    return (
        compare("tierwise", fitted.predict(found.design).difficulty),
        compare("tierwise, templates stripped", fitted.predict(found.bare).difficulty),
        compare("tierwise + length", np.asarray(weights @ parts)),
        compare("length", found.length),
    )


def _missing(data_dir: Path, source: Source, fitted: Fitted) -> tuple[int, float | None, float | None]:
    found = flagged_examples(data_dir, source)
    missing = fitted.predict(designed([example.prompt.turns[-1].text for example in found])).missing
    flags = np.array([example.missing for example in found])
    shortness = -np.array([float(len(example.prompt.turns[-1].text)) for example in found])
    return len(found), auc(missing, flags), auc(shortness, flags)
