"""The seam to training: one training run on some rows, and what it says of others.

Nothing else in the evaluation knows how a model is fitted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt

from classifier.artifact import save
from classifier.assess import PRESETS, SCORES, Classifier, load_classifier
from classifier.assessment import DOMAINS
from classifier.features import fingerprint
from classifier.training.fit import Design, Stage, export, fit_heads, fit_stage, out_of_fold, targets_of
from classifier.training.labels import Example
from classifier.training.presets import tiers_at
from classifier.training.run import presets_of, probabilities_of

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Predicted:
    """What a model says of prompts, a row each.

    `probabilities` (n, 3) of the tiers, `missing` (n,) P(ambiguity high), `domain` (n,) places in DOMAINS; `tiers` 0..2
    and `flagged` (missing information) by preset.
    """

    probabilities: Floats
    missing: Floats
    domain: Ints
    tiers: dict[str, Ints]
    flagged: dict[str, Mask]

    @property
    def difficulty(self) -> Floats:
        """The expected tier, 0..2: the one number that orders prompts."""
        return difficulty_of(self.probabilities)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """One finished training run: both stages and the presets it chose."""

    stage: Stage
    heads: tuple[Floats, Floats]
    presets: Mapping[str, Mapping[str, float]]

    def predict(self, design: Design) -> Predicted:
        """Return what the run says of prompts."""
        scores = self.stage.predict(design)
        probabilities, missing = probabilities_of(scores @ self.heads[0] + self.heads[1])
        return Predicted(
            probabilities=probabilities,
            missing=missing,
            domain=scores[:, -len(DOMAINS) :].argmax(axis=1),
            tiers={
                name: tiers_at(probabilities, medium=cuts["medium"], hard=cuts["hard"])
                for name, cuts in self.presets.items()
            },
            flagged={name: missing >= cuts["missing"] for name, cuts in self.presets.items()},
        )

    def parts(self, design: Design) -> tuple[Floats, Floats]:
        """Return what words and what handcrafted numbers say of the difficulty of prompts; their sum orders them."""
        tier = SCORES.index("tier")
        words = np.asarray(self.stage.weigh(design.counts) @ self.stage.words[:, tier]).ravel()
        return words, np.asarray(self.stage.predict(design)[:, tier] - words)

    def classifier(self) -> Classifier:
        """Return the run as it would be served: written as an artifact, with what that loses, and loaded again."""
        presets = {name: dict(self.presets[name]) for name in PRESETS}
        with TemporaryDirectory() as folder:
            facts = {"fingerprint": fingerprint(), "presets": presets}
            save(Path(folder), export(self.stage, self.heads), facts)
            return load_classifier(Path(folder))


def fit(examples: Sequence[Example], design: Design, folds: Sequence[int], *, domains: bool = True) -> Fitted:
    """Train on all of the examples as the command does, with `folds` for the calibration and the presets.

    Without `domains` those are not fitted, which takes half of the time; nothing else depends on them.
    """
    targets = targets_of(examples)
    known = _without_domains(targets)
    scores = out_of_fold(design, known, folds)
    heads = fit_heads(scores, known)
    presets = presets_of(examples, scores @ heads[0] + heads[1])
    stage = fit_stage(design, targets if domains else known)
    return Fitted(stage=stage, heads=heads, presets=presets)


def order(examples: Sequence[Example], design: Design, test: Design) -> tuple[Floats, Floats]:
    """Return difficulty and missing information of `test`, uncalibrated, by a first stage trained on `examples`."""
    return columns(fit_stage(design, _without_domains(targets_of(examples))).predict(test))


def order_of_tiers(examples: Sequence[Example], design: Design, test: Design) -> Floats:
    """Return the difficulty of `test` alone, by a first stage trained on the tiers of `examples`."""
    targets = targets_of(examples)
    targets[:, 1:] = np.nan
    return columns(fit_stage(design, targets).predict(test))[0]


def columns(scores: Floats) -> tuple[Floats, Floats]:
    """Return the scores that order difficulty and missing information."""
    return np.asarray(scores[:, SCORES.index("tier")]), np.asarray(scores[:, SCORES.index("missing")])


def difficulty_of(probabilities: Floats) -> Floats:
    """Return the expected tier of rows of probabilities."""
    return np.asarray(probabilities[:, 1] + 2.0 * probabilities[:, 2])


def joined(parts: Sequence[tuple[Ints, Predicted]], rows: int) -> Predicted:
    """Return predictions of parts of `rows` prompts as one, each at its places; zero where no part speaks."""

    def gather(pick: Any, like: npt.NDArray[Any]) -> npt.NDArray[Any]:
        whole = np.zeros((rows, *like.shape[1:]), dtype=like.dtype)
        for places, part in parts:
            whole[places] = pick(part)
        return whole

    first = parts[0][1]
    return Predicted(
        probabilities=gather(lambda part: part.probabilities, first.probabilities),
        missing=gather(lambda part: part.missing, first.missing),
        domain=gather(lambda part: part.domain, first.domain),
        tiers={name: gather(lambda part, name=name: part.tiers[name], first.tiers[name]) for name in first.tiers},
        flagged={
            name: gather(lambda part, name=name: part.flagged[name], first.flagged[name]) for name in first.flagged
        },
    )


def _without_domains(targets: Floats) -> Floats:
    """Return the targets without those of the domains, which only the last fit needs: they take most of its time."""
    known = targets.copy()
    known[:, -len(DOMAINS) :] = np.nan
    return known
