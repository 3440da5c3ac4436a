"""RouteLLM's three benchmarks as columns: prompts and what both models made of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from classifier.evaluation.curves import Curve, apgr, routing_curve
from classifier.evaluation.resampling import Interval, resampled
from classifier.evaluation.templates import stripped
from classifier.prompt import Prompt
from classifier.training.fit import Design, design_of
from classifier.training.labels import Example
from classifier.training.sources import Source

Floats = npt.NDArray[np.float64]

WEAK, STRONG = "mixtral-8x7b", "gpt-4-1106"


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """One benchmark without its contaminated items, a row each.

    `bare` are the features of the texts without templates, `weak` and `strong` the models' results, `length` the
    logarithm of the prompt's characters, `halves` (True for fold A) the two folds of the in-domain protocol.
    """

    name: str
    texts: tuple[str, ...]
    design: Design
    bare: Design
    weak: Floats
    strong: Floats
    length: Floats
    halves: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """The curve of one score, the interval of its APGR, and that of the APGR it is better than length by."""

    score: str
    curve: Curve
    apgr: Interval
    above_length: Interval


def benchmark(data_dir: Path, source: Source, *, every: int = 1) -> Benchmark:
    """Read a benchmark; `every` keeps each so-manieth item only. DataMissing when it is not there."""
    rows = [row for row in source.rows(data_dir) if not row.get("contaminated")][::every]
    texts = tuple(str(row["prompt"]) for row in rows)
    return Benchmark(
        name=source.name,
        texts=texts,
        design=designed(texts),
        bare=designed([stripped(text) for text in texts]),
        weak=np.array([np.mean(row["scores"][WEAK]) for row in rows]),
        strong=np.array([np.mean(row["scores"][STRONG]) for row in rows]),
        length=np.log1p([len(text) for text in texts]),
        halves=np.array([row["fold"] == "A" for row in rows]),
    )


def designed(texts: Sequence[str]) -> Design:
    """Return the features of texts, each a user's only turn."""
    return design_of(map(unlabelled, texts))


def unlabelled(text: str) -> Example:
    """Return an example that says nothing but its text, which is also its id and its group."""
    prompt = Prompt.of((("user", text),))
    return Example(id=text, source="", group=text, prompt=prompt, language="en", public=True, missing=False)


def compared(name: str, score: Floats, found: Benchmark, *, draws: int) -> Compared:
    """Return how a score routes a benchmark, beside length, with intervals of `draws` samples of items."""

    def own(rows: npt.NDArray[np.int64]) -> float:
        return apgr(score[rows], found.weak[rows], found.strong[rows])

    def above(rows: npt.NDArray[np.int64]) -> float:
        return own(rows) - apgr(found.length[rows], found.weak[rows], found.strong[rows])

    rows = len(score)
    return Compared(
        score=name,
        curve=routing_curve(score, found.weak, found.strong),
        apgr=resampled(own, rows, draws=draws, seed=0),
        above_length=resampled(above, rows, draws=draws, seed=0),
    )
