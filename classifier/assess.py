"""A prompt to an assessment: the trained weights, looked up and added; numpy only, inline, in bounded time."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from classifier.artifact import Artifact, ArtifactInvalid, load
from classifier.assessment import AMBIGUITIES, DOMAINS, Assessment
from classifier.features import BLOCKS, DIMENSIONS, Features, Parts, fingerprint, parts_of
from classifier.numbers import NUMBERS
from classifier.prompt import Prompt, harness
from classifier.thresholds import Thresholds
from classifier.word_sums import WordSums

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
        self._table = np.ascontiguousarray(arrays["table"][:, 1:], dtype=np.float32)
        self._numbers, self._bias = arrays["numbers"], arrays["bias"]
        choice = np.concatenate((self._mix, np.eye(len(SCORES), dtype=np.float32)[:, -len(DOMAINS) :]), axis=1)
        constant = np.concatenate((self._mix_bias, np.zeros(len(DOMAINS), dtype=np.float32)))
        self._sums = WordSums(self._rows, self._idf, self._table @ choice, self._blocks)
        self._both_numbers = np.ascontiguousarray(self._numbers @ choice)
        self._both_bias = self._bias @ choice + constant

    def scores(self, features: Features) -> Floats:
        """Return the first stage: each block of the bag by its idf and length, plus numbers, plus bias."""
        found: Floats = self._scaled(features.numbers).dot(self._numbers)
        found += self._bias
        if features.indices.size:
            rows = self._rows.take(features.indices)
            idf, counts = self._idf.take(rows), features.counts.astype(np.float32)
            factors = self._factors(counts * idf * idf, features.bounds)
            found += (counts * idf * factors).dot(self._table.take(rows, axis=0))
        return found

    def logits(self, scores: Floats) -> Floats:
        """Return the second stage."""
        logits: Floats = scores.dot(self._mix)
        logits += self._mix_bias
        return logits

    def verdict(self, parts: Parts) -> list[float]:
        """Return the logit of each of HEADS, then the score of each of DOMAINS: two linear stages in one."""
        found = self._sums.of(parts.ask, parts.context)
        found += self._scaled(parts.numbers).dot(self._both_numbers)
        found += self._both_bias
        outputs: list[float] = found.tolist()
        return outputs

    def _scaled(self, numbers: Floats) -> Floats:
        scaled: Floats = numbers * self._scale
        scaled -= self._centre
        np.maximum(scaled, _LOW, out=scaled)
        np.minimum(scaled, _HIGH, out=scaled)
        return scaled

    def _factors(self, squares: Floats, bounds: npt.NDArray[np.int64]) -> Floats:
        """Return a factor for each index that gives the blocks of the bag the lengths they were fitted with."""
        if bounds[-2] == len(squares):  # the last block is empty and begins at the end, where there must be something
            squares = np.append(squares, np.float32(0.0))
        lengths: Floats = np.add.reduceat(squares, bounds[:-1])
        np.maximum(lengths, _TINY, out=lengths)
        np.sqrt(lengths, out=lengths)
        factors: Floats = self._blocks / lengths
        return factors.repeat(bounds[1:] - bounds[:-1])


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

    def __init__(self, artifact: Artifact, tags: Sequence[str] = ()) -> None:
        """Take a loaded artifact and the operator's own harness tags; ArtifactInvalid when it does not fit."""
        self._elements = harness(tags)
        self.artifact_id = artifact.id
        self.presets: Mapping[str, Thresholds] = _presets(artifact.facts.get("presets"))
        self._scorer = Scorer(artifact.arrays)

    def assess(self, prompt: Prompt, thresholds: Thresholds) -> Assessment:
        """Return the assessment of `prompt` with its tier cut at `thresholds`."""
        first, second, third, fourth, *domains = self._scorer.verdict(parts_of(prompt, self._elements))
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


def load_classifier(folder: Path, tags: Sequence[str] = ()) -> Classifier:
    """Load the artifact in `folder`, to read past these harness tags as well; ArtifactInvalid when it does not fit."""
    return Classifier(load(folder, fingerprint=fingerprint()), tags)


def load_default(tags: Sequence[str] = ()) -> Classifier:
    """Load the artifact that is shipped with this package."""
    return load_classifier(DEFAULT_FOLDER, tags)


def _sigmoid(logit: float) -> float:
    return 0.5 + 0.5 * math.tanh(0.5 * logit)  # the logistic function; it cannot overflow


def _presets(found: Any) -> Mapping[str, Thresholds]:
    """Return the thresholds of each preset; ArtifactInvalid when one is missing or is not legal."""
    try:
        return {name: Thresholds(**found[name]) for name in PRESETS}
    except (KeyError, TypeError, ValueError) as error:
        raise ArtifactInvalid(f"the artifact's presets do not fit: {error!r}", _FIX) from error
