"""A prompt to an assessment: the trained weights, looked up and added; numpy only, inline, in bounded time."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from classifier.artifact import Artifact, ArtifactInvalid, load
from classifier.assessment import AMBIGUITIES, DOMAINS, Assessment
from classifier.features import Parts, fingerprint, parts_of
from classifier.prompt import Prompt, harness
from classifier.thresholds import Thresholds
from classifier.weights import CLIP, FIX, LEAST_GAP, SCORES, VECTORS, weights_of
from classifier.word_sums import WordSums

PRESETS = ("cheap", "balanced", "quality")
DEFAULT_FOLDER = Path(__file__).parent / "models" / "default"
_UNCLEAR = 0.5

Floats = npt.NDArray[np.float32]

_ONE = np.ones(1, dtype=np.float32)


class Scorer:
    """The weights of an artifact: the parts of a prompt to a logit for each of HEADS and of DOMAINS.

    The hidden layer sees scores that are sums themselves, so what numbers add to the scores is folded into it; what the
    scores add past it are columns beside its own. Centre and spread of the numbers are folded in too. So a verdict is
    two products: of all that goes in, 1 for the bias among it, and of what the layer lets through.
    """

    def __init__(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take the arrays of an artifact; ArtifactInvalid when one is missing or has the wrong shape."""
        weights = weights_of(arrays)
        self._sums = WordSums(weights)
        first, words = len(SCORES), len(SCORES) + VECTORS
        units, outputs = len(weights.hidden_bias), len(weights.out_bias)
        into = np.zeros((len(weights.hidden), units + outputs), dtype=np.float64)
        into[:, :units], into[:first, units:] = weights.hidden, weights.direct
        bias = weights.bias @ into[:first] + np.concatenate((weights.hidden_bias, weights.out_bias))
        numbers = (weights.numbers @ into[:first] + into[words:]) / weights.spread[:, None]
        meaningless = np.zeros((1, units + outputs))  # see WordSums.of
        rows = (into[:first], meaningless, into[first:words], numbers, [bias - weights.centre @ numbers])
        self._into = np.concatenate(rows).astype(np.float32)
        self._low, self._high = (
            np.asarray(weights.centre + sign * CLIP * weights.spread, dtype=np.float32) for sign in (-1, 1)
        )
        self._least = np.array([0.0] * units + [-np.inf] * outputs, dtype=np.float32)
        self._out = np.concatenate((weights.out, np.eye(outputs, dtype=np.float32)))

    def verdict(self, parts: Parts) -> list[float]:
        """Return the logit of each of HEADS, then of each of DOMAINS."""
        scores, vector = self._sums.of(parts.ask, parts.context, parts.around)
        numbers = np.minimum(np.maximum(parts.numbers, self._low), self._high)
        found = np.concatenate((scores, vector, numbers, _ONE)).dot(self._into)
        outputs: list[float] = np.maximum(found, self._least).dot(self._out).tolist()
        return outputs


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
        middle, half = 0.5 * (first + second), 0.5 * max(first - second, LEAST_GAP)
        at_least_medium, hard = _sigmoid(middle + half), _sigmoid(middle - half)
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
        raise ArtifactInvalid(f"the artifact's presets do not fit: {error!r}", FIX) from error
