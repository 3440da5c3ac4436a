"""One training run, from the data folder to the artifact's folder."""

import platform
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from classifier.artifact import save
from classifier.features import fingerprint
from classifier.training import dataset, meanings, sources, words
from classifier.training.fit import design_of, export, fit_in_folds, targets_of
from classifier.training.labels import Example
from classifier.training.network import fit_networks
from classifier.training.presets import choose
from classifier.weights import HEADS, LEAST_GAP

Floats = npt.NDArray[np.float64]
Step = Callable[[str], None]


def train(data_dir: Path, out: Path, *, seed: int, step: Step) -> str:
    """Train on the data in `data_dir`, write the artifact into `out` and return its id; DataMissing without data.

    `step` is called with the name of each of the four steps when it is done.
    """
    graded = words.checksum()
    examples = dataset.annotated(data_dir)
    step("read")
    design, targets = design_of(examples), targets_of(examples)
    step("features")
    folds = dataset.folds_of(examples, seed=seed)
    stage, inputs = fit_in_folds(design, targets, folds)
    network, logits = fit_networks(inputs, targets, design.worth, folds)
    step("fitted")
    arrays = export(stage, network)
    facts = {
        "fingerprint": fingerprint(),
        "presets": presets_of(examples, logits),
        "seed": seed,
        "examples": len(examples),
        "data": {
            **dataset.checksums(sources.ANNOTATED),
            "word_vectors": meanings.checksum(),
            "graded_words": graded,
        },
        "versions": {"python": platform.python_version(), "numpy": np.__version__, "sklearn": version("scikit-learn")},
    }
    identity = save(out, arrays, facts)
    step("saved")
    return identity


def probabilities_of(logits: Floats) -> tuple[Floats, Floats]:
    """Return P(easy), P(medium), P(hard) as rows, and P(missing), of logits that begin with HEADS, as serving does."""
    first, second, lacking = (logits[:, HEADS.index(name)] for name in ("medium", "hard", "missing"))
    middle, half = (first + second) / 2, np.maximum(first - second, LEAST_GAP) / 2
    medium, hard, missing = (
        1.0 / (1.0 + np.exp(-np.clip(one, -30, 30))) for one in (middle + half, middle - half, lacking)
    )
    return np.stack([1.0 - medium, medium - hard, hard], axis=1), missing


def chosen_rows(examples: Sequence[Example]) -> npt.NDArray[np.bool_]:
    """Return which examples the presets are chosen on: annotated public prompts, the mix that users send."""
    return np.array([example.public and example.tier is not None for example in examples])


def presets_of(examples: Sequence[Example], logits: Floats) -> dict[str, Any]:
    """Return the presets, chosen on the out-of-fold logits of the public prompts."""
    chosen = chosen_rows(examples)
    public = [example for example, taken in zip(examples, chosen, strict=True) if taken]
    probabilities, missing = probabilities_of(logits[chosen])
    tiers = np.array([float(example.tier or 0) for example in public])
    return choose(probabilities, tiers, missing, np.array([example.ambiguity == 0 for example in public]))
