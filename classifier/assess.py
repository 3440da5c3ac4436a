"""A prompt to an assessment: the trained weights, looked up and added; numpy only, inline, in bounded time."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from classifier.artifact import Artifact, ArtifactInvalid, load
from classifier.assessment import AMBIGUITIES, DOMAINS, Assessment
from classifier.features import BLOCKS, DIMENSIONS, NUMBERS, Features, extract, fingerprint
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


class Scorer:
    """The weights of an artifact: features to one score for each of SCORES and one logit for each of HEADS."""

    def __init__(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take the arrays of an artifact; ArtifactInvalid when one is missing or has the wrong shape."""
        _check_shapes(arrays)
        self._rows = arrays["rows"]
        self._table = arrays["table"].astype(np.float32)
        self._centre, self._scale = arrays["centre"], 1.0 / arrays["spread"]
        self._numbers, self._bias = arrays["numbers"], arrays["bias"]
        self._blocks = arrays["blocks"]
        self._mix, self._mix_bias = arrays["mix"], arrays["mix_bias"]

    def scores(self, features: Features) -> Floats:
        """Return the first stage: each block of the bag as TF-IDF of its length, plus numbers, plus bias."""
        numbers = np.minimum(np.maximum((features.numbers - self._centre) * self._scale, -CLIP), CLIP)
        scores: Floats = numbers @ self._numbers + self._bias
        if features.indices.size:
            table = self._table.take(self._rows.take(features.indices), axis=0)
            weights = (1.0 + np.log(features.counts)) * table[:, 0]
            bounds = features.bounds
            sums = np.zeros(len(weights) + 1)
            (weights * weights).cumsum(out=sums[1:])
            sums = sums[bounds]
            lengths = np.sqrt(np.maximum(sums[1:] - sums[:-1], 1e-12))
            weights *= (self._blocks / lengths).astype(np.float32).repeat(bounds[1:] - bounds[:-1])
            scores += weights @ table[:, 1:]
        return scores

    def logits(self, scores: Floats) -> Floats:
        """Return the second stage."""
        logits: Floats = scores @ self._mix + self._mix_bias
        return logits


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
        scores = self._scorer.scores(extract(prompt))
        at_least_medium, hard, missing, unclear = map(_sigmoid, self._scorer.logits(scores).tolist())
        hard = min(hard, at_least_medium)
        probabilities = (1.0 - at_least_medium, at_least_medium - hard, hard)
        tier = thresholds.tier(probabilities)
        domains = scores[-len(DOMAINS) :].tolist()
        ambiguity = 2 if missing >= thresholds.missing else int(max(unclear, missing) >= _UNCLEAR)
        return Assessment(
            tier=tier,
            probabilities=probabilities,
            confidence=min(1.0, sum(probabilities[: tier + 1])),
            missing=missing,
            ambiguity=AMBIGUITIES[ambiguity],
            domain=DOMAINS[domains.index(max(domains))],
            doubt=thresholds.doubt(probabilities, missing),
            artifact=self.artifact_id,
        )


def load_classifier(folder: Path) -> Classifier:
    """Load the artifact in `folder`; ArtifactInvalid when it cannot be trusted or does not fit."""
    return Classifier(load(folder, fingerprint=fingerprint()))


def load_default() -> Classifier:
    """Load the artifact that is shipped with this package."""
    return load_classifier(DEFAULT_FOLDER)


def _sigmoid(logit: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, logit))))


def _presets(found: Any) -> Mapping[str, Thresholds]:
    """Return the thresholds of each preset; ArtifactInvalid when one is missing or is not legal."""
    try:
        return {name: Thresholds(**found[name]) for name in PRESETS}
    except (KeyError, TypeError, ValueError) as error:
        raise ArtifactInvalid(f"the artifact's presets do not fit: {error!r}", _FIX) from error
