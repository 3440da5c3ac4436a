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
from classifier.assess import PRESETS, Classifier, load_classifier
from classifier.assessment import DOMAINS
from classifier.features import fingerprint
from classifier.numbers import NUMBERS, OF_WORDS
from classifier.training.fit import Design, Stage, export, fit_in_folds, targets_of
from classifier.training.labels import Example
from classifier.training.network import Network, fit_networks
from classifier.training.presets import tiers_at
from classifier.training.run import presets_of, probabilities_of
from classifier.weights import SCORES

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_OF_WORDS = [place for place, name in enumerate(NUMBERS) if name in OF_WORDS]


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
    network: Network
    presets: Mapping[str, Mapping[str, float]]

    def predict(self, design: Design) -> Predicted:
        """Return what the run says of prompts."""
        logits = self.network.predict(self.stage.inputs(design))
        probabilities, missing = probabilities_of(logits)
        return Predicted(
            probabilities=probabilities,
            missing=missing,
            domain=logits[:, -len(DOMAINS) :].argmax(axis=1),
            tiers={
                name: tiers_at(probabilities, medium=cuts["medium"], hard=cuts["hard"])
                for name, cuts in self.presets.items()
            },
            flagged={name: missing >= cuts["missing"] for name, cuts in self.presets.items()},
        )

    def parts(self, design: Design) -> tuple[Floats, Floats]:
        """Return what words and what handcrafted numbers say of the difficulty of prompts; their sum orders them.

        Numbers that count words by their grades or topics are part of what words say.
        """
        tier = SCORES.index("tier")
        scaled = self.stage.scale(design)[:, _OF_WORDS] @ self.stage.numbers[_OF_WORDS, tier]
        words = np.asarray(self.stage.weigh(design.counts) @ self.stage.words[:, tier] + scaled).ravel()
        return words, np.asarray(self.stage.predict(design)[:, tier] - words)

    def classifier(self) -> Classifier:
        """Return the run as it would be served: written as an artifact, with what that loses, and loaded again."""
        presets = {name: dict(self.presets[name]) for name in PRESETS}
        with TemporaryDirectory() as folder:
            facts = {"fingerprint": fingerprint(), "presets": presets}
            save(Path(folder), export(self.stage, self.network), facts)
            return load_classifier(Path(folder))


def fit(examples: Sequence[Example], design: Design, folds: Sequence[int]) -> Fitted:
    """Train on all of the examples as the command does, with `folds` for the second stage and the presets."""
    targets = targets_of(examples)
    stage, inputs = fit_in_folds(design, targets, folds)
    network, logits = fit_networks(inputs, targets, design.worth, folds)
    return Fitted(stage=stage, network=network, presets=presets_of(examples, logits))


def order(
    examples: Sequence[Example], design: Design, folds: Sequence[int], test: Design, *, tiers_only: bool = False
) -> tuple[Floats, Floats]:
    """Return the expected tier and P(missing) of `test` by a training run on `examples`, without presets.

    With `tiers_only` nothing else is fitted, which takes half of the time, and P(missing) means nothing.
    """
    targets = targets_of(examples)
    if tiers_only:
        targets[:, SCORES.index("missing") :] = np.nan
    stage, inputs = fit_in_folds(design, targets, folds)
    network, _ = fit_networks(inputs, targets, design.worth, folds)
    probabilities, missing = probabilities_of(network.predict(stage.inputs(test)))
    return difficulty_of(probabilities), missing


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
