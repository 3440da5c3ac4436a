"""RouteLLM's benchmarks out of domain: no item of them, nor a near-duplicate, is in the training."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from classifier.assess import SCORES
from classifier.evaluation.scores import Curve, auc, routing_curve
from classifier.prompt import Prompt
from classifier.training import sources
from classifier.training.dataset import flagged_examples, overlapping
from classifier.training.fit import Design, Stage, design_of, fit_stage, targets_of
from classifier.training.labels import Example
from classifier.training.sources import Source

Floats = npt.NDArray[np.float64]

_WEAK, _STRONG = "mixtral-8x7b", "gpt-4-1106"
_TRANSFER_SOURCES = ("mip", "umwp", "self_instruct_seed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """Figures on data of another make: each benchmark's curve for the model and for length, and missing information.

    `missing` holds, for each source, its rows, the AUC of P(missing) and that of shortness (the fewer characters, the
    more may be missing).
    """

    curves: dict[str, tuple[Curve, Curve]]
    missing: dict[str, tuple[int, float | None, float | None]]
    trained_on: int


def transfer(data_dir: Path, examples: Sequence[Example], design: Design) -> Transfer:
    """Fit without overlapping items and without the missing-information sets, and score both."""
    overlaps = overlapping(data_dir)
    kept = np.array(
        [
            place
            for place, example in enumerate(examples)
            if example.id not in overlaps and example.source not in _TRANSFER_SOURCES
        ]
    )
    targets = targets_of(examples)[kept]
    targets[:, SCORES.index("unclear") + 1 :] = np.nan
    stage = fit_stage(design.at(kept), targets)
    return Transfer(
        curves={source.name: _curves(data_dir, source, stage) for source in sources.CLASSICAL},
        missing={source.name: _missing(data_dir, source, stage) for source in sources.FLAGGED},
        trained_on=len(kept),
    )


def _curves(data_dir: Path, source: Source, stage: Stage) -> tuple[Curve, Curve]:
    """Return the curves of the model and of length on a benchmark without its contaminated items."""
    rows = [row for row in source.rows(data_dir) if not row.get("contaminated")]
    weak, strong = (np.array([np.mean(row["scores"][name]) for row in rows]) for name in (_WEAK, _STRONG))
    prompts = [_example(source.name, row["prompt"]) for row in rows]
    scores = stage.predict(design_of(prompts))
    difficulty = np.asarray(scores[:, SCORES.index("tier")])
    length = np.log1p([len(row["prompt"]) for row in rows])
    return routing_curve(difficulty, weak, strong), routing_curve(length, weak, strong)


def _missing(data_dir: Path, source: Source, stage: Stage) -> tuple[int, float | None, float | None]:
    found = flagged_examples(data_dir, source)
    scores = stage.predict(design_of(found))[:, SCORES.index("missing")]
    flags = np.array([example.missing for example in found])
    shortness = -np.array([float(len(example.prompt.turns[-1].text)) for example in found])
    return len(found), auc(np.asarray(scores), flags), auc(shortness, flags)


def _example(source: str, text: str) -> Example:
    return Example(
        id="", source=source, group="", prompt=Prompt.of((("user", text),)), language="en", public=True, missing=False
    )
