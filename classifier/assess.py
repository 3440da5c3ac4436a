"""A prompt to an assessment: the trained weights, looked up and added; numpy only, inline, in bounded time."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from classifier.artifact import Artifact, ArtifactInvalid, load
from classifier.assessment import AMBIGUITIES, DOMAINS, Assessment
from classifier.features import BLOCKS, DIMENSIONS, Features, extract, fingerprint
from classifier.numbers import NUMBERS
from classifier.prompt import Prompt
from classifier.thresholds import Thresholds

SCORES = ("tier", "medium", "hard", "missing", "unclear", *(f"domain_{name}" for name in DOMAINS))
"""The first stage: the tier as a number, medium or hard, hard, ambiguity high, ambiguity med or high, the domains."""

HEADS = ("medium", "hard", "missing", "unclear")
"""The second stage, calibrated logits: P(medium or hard), P(hard), P(ambiguity high), P(ambiguity med or high)."""

PRESETS = ("cheap", "balanced", "quality")
DEFAULT_FOLDER = Path(__file__).parent / "models" / "default"
CLIP = 4.0
"""Handcrafted numbers are cut at this many standard deviations."""

_UNCLEAR = 0.5
_FIX = "train it again with `python -m classifier.training`"

Floats = npt.NDArray[np.float32]

_LOW, _HIGH, _TINY = (np.array(number, dtype=np.float32) for number in (-CLIP, CLIP, 1e-12))


_MOST_COUNTED = 8192
_WEIGHTS: Floats = np.log(np.arange(1, _MOST_COUNTED + 1, dtype=np.float32)) + np.float32(1.0)
_COUNT_WEIGHTS: Floats = np.concatenate((np.zeros(1, dtype=np.float32), _WEIGHTS))
"""1 + log of counts. No bounded text of a prompt has as many tokens."""


class Scorer:
    """The weights of an artifact: features to one score for each of SCORES and one logit for each of HEADS.

    Both stages are linear, so serving needs neither the scores nor two steps: `verdict` looks up their product.
    """

    def __init__(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take the arrays of an artifact; ArtifactInvalid when one is missing or has the wrong shape."""
        _check_shapes(arrays)
        self._rows = arrays["rows"]
        self._idf = np.ascontiguousarray(arrays["table"][:, 0], dtype=np.float32)
        self._scale = np.asarray(1.0 / arrays["spread"], dtype=np.float32)
        self._centre = np.asarray(arrays["centre"] * self._scale, dtype=np.float32)
        self._blocks = np.asarray(arrays["blocks"], dtype=np.float32)
        self._mix, self._mix_bias = arrays["mix"], arrays["mix_bias"]
        table, numbers, bias = arrays["table"][:, 1:], arrays["numbers"], arrays["bias"]
        self._first = _Linear(table, numbers, bias)
        choice = np.concatenate((self._mix, np.eye(len(SCORES), dtype=np.float32)[:, -len(DOMAINS) :]), axis=1)
        constant = np.concatenate((self._mix_bias, np.zeros(len(DOMAINS), dtype=np.float32)))
        self._both = _Linear(table @ choice, numbers @ choice, bias @ choice + constant)

    def scores(self, features: Features) -> Floats:
        """Return the first stage: each block of the bag as TF-IDF of its length, plus numbers, plus bias."""
        return self._sum(features, self._first)

    def logits(self, scores: Floats) -> Floats:
        """Return the second stage."""
        logits: Floats = scores.dot(self._mix)
        logits += self._mix_bias
        return logits

    def verdict(self, features: Features) -> list[float]:
        """Return the logit of each of HEADS, then the score of each of DOMAINS."""
        found: list[float] = self._sum(features, self._both).tolist()
        return found

    def _sum(self, features: Features, weights: "_Linear") -> Floats:
        numbers = features.numbers * self._scale
        numbers -= self._centre
        np.maximum(numbers, _LOW, out=numbers)
        np.minimum(numbers, _HIGH, out=numbers)
        found: Floats = numbers.dot(weights.numbers)
        found += weights.bias
        if features.indices.size:
            rows = self._rows.take(features.indices)
            shares = _COUNT_WEIGHTS.take(features.counts)
            shares *= self._idf.take(rows)
            shares *= self._of_length_one(shares, features.bounds)
            found += shares.dot(weights.table.take(rows, axis=0))
        return found

    def _of_length_one(self, weights: Floats, bounds: npt.NDArray[np.int64]) -> Floats:
        """Return a factor for each weight that gives the blocks of the bag the lengths they were fitted with."""
        squares = weights * weights
        if bounds[-2] == len(weights):  # the last block is empty and begins at the end, where there must be something
            squares = np.append(squares, np.float32(0.0))
        lengths: Floats = np.add.reduceat(squares, bounds[:-1])
        np.maximum(lengths, _TINY, out=lengths)
        np.sqrt(lengths, out=lengths)
        factors: Floats = self._blocks / lengths
        return factors.repeat(bounds[1:] - bounds[:-1])


class _Linear:
    """Weights of the table's rows and of the numbers, and a constant: a column for each sum."""

    __slots__ = ("bias", "numbers", "table")

    def __init__(self, table: npt.NDArray[Any], numbers: npt.NDArray[Any], bias: npt.NDArray[Any]) -> None:
        self.table = np.ascontiguousarray(table, dtype=np.float32)
        self.numbers = np.ascontiguousarray(numbers, dtype=np.float32)
        self.bias = np.asarray(bias, dtype=np.float32)


def _check_shapes(arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Raise ArtifactInvalid when an array is missing, has the wrong shape or points outside of another."""
    rows = arrays["table"].shape[0] if "table" in arrays else 0
    expected = {
        "rows": (DIMENSIONS,),
        "table": (rows, 1 + len(SCORES)),
        "centre": (len(NUMBERS),),
        "spread": (len(NUMBERS),),
        "numbers": (len(NUMBERS), len(SCORES)),
        "bias": (len(SCORES),),
        "blocks": (len(BLOCKS),),
        "mix": (len(SCORES), len(HEADS)),
        "mix_bias": (len(HEADS),),
    }
    for name, shape in expected.items():
        if name not in arrays or arrays[name].shape != shape:
            found = arrays[name].shape if name in arrays else "nothing"
            raise ArtifactInvalid(f"the artifact's '{name}' should have the shape {shape}, not {found}", _FIX)
    if rows == 0 or int(arrays["rows"].max()) >= rows or not (arrays["spread"] > 0).all():
        raise ArtifactInvalid("the artifact's table does not fit its index", _FIX)


class Classifier:
    """A loaded artifact; `assess` is pure, bounded in time and safe on any text."""

    def __init__(self, artifact: Artifact) -> None:
        """Take a loaded artifact; ArtifactInvalid when its shapes or presets do not fit."""
        self.artifact_id = artifact.id
        self.presets: Mapping[str, Thresholds] = _presets(artifact.facts.get("presets"))
        self._scorer = Scorer(artifact.arrays)

    def assess(self, prompt: Prompt, thresholds: Thresholds) -> Assessment:
        """Return the assessment of `prompt` with its tier cut at `thresholds`."""
        first, second, third, fourth, *domains = self._scorer.verdict(extract(prompt))
        at_least_medium = _sigmoid(first)
        hard = min(_sigmoid(second), at_least_medium)
        missing = _sigmoid(third)
        probabilities = (1.0 - at_least_medium, at_least_medium - hard, hard)
        tier = thresholds.tier(probabilities)
        unclear = max(_sigmoid(fourth), missing)
        ambiguity = 2 if missing >= thresholds.missing else int(unclear >= _UNCLEAR)
        return Assessment(
            tier=tier,
            probabilities=probabilities,
            confidence=min(1.0, sum(probabilities[: tier + 1])),
            missing=missing,
            ambiguity=AMBIGUITIES[ambiguity],
            domain=DOMAINS[domains.index(max(domains))],
            doubt=thresholds.doubt(probabilities, missing),
            artifact=self.artifact_id,
            unclear=unclear,
            domain_logits=tuple(domains),
        )


def load_classifier(folder: Path) -> Classifier:
    """Load the artifact in `folder`; ArtifactInvalid when it cannot be trusted or does not fit."""
    return Classifier(load(folder, fingerprint=fingerprint()))


def load_default() -> Classifier:
    """Load the artifact that is shipped with this package."""
    return load_classifier(DEFAULT_FOLDER)


def _sigmoid(logit: float) -> float:
    return 0.5 + 0.5 * math.tanh(0.5 * logit)  # the logistic function; it cannot overflow


def _presets(found: Any) -> Mapping[str, Thresholds]:
    """Return the thresholds of each preset; ArtifactInvalid when one is missing or is not legal."""
    try:
        return {name: Thresholds(**found[name]) for name in PRESETS}
    except (KeyError, TypeError, ValueError) as error:
        raise ArtifactInvalid(f"the artifact's presets do not fit: {error!r}", _FIX) from error
