"""One training run, from the data folder to the artifact's folder."""

import platform
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from classifier.artifact import save
from classifier.assess import HEADS
from classifier.assessment import DOMAINS
from classifier.features import fingerprint
from classifier.training import dataset, sources
from classifier.training.fit import design_of, export, fit_heads, fit_stage, out_of_fold, targets_of
from classifier.training.labels import Example
from classifier.training.presets import choose

Floats = npt.NDArray[np.float64]
Step = Callable[[str], None]


def train(data_dir: Path, out: Path, *, seed: int, step: Step) -> str:
    """Train on the data in `data_dir`, write the artifact into `out` and return its id; DataMissing without data.

    `step` is called with the name of each of the four steps when it is done.
    """
    examples = dataset.annotated(data_dir)
    step("read")
    design, targets = design_of(examples), targets_of(examples)
    step("features")
    calibrated = targets.copy()
    calibrated[:, -len(DOMAINS) :] = np.nan  # no head looks at the domains
    predicted = out_of_fold(design, calibrated, dataset.folds_of(examples, seed=seed))
    heads = fit_heads(predicted, targets)
    step("folds")
    arrays = export(fit_stage(design, targets), heads)
    facts = {
        "fingerprint": fingerprint(),
        "presets": presets_of(examples, predicted @ heads[0] + heads[1]),
        "seed": seed,
        "examples": len(examples),
        "data": dataset.checksums(sources.ANNOTATED),
        "versions": {"python": platform.python_version(), "numpy": np.__version__, "sklearn": version("scikit-learn")},
    }
    identity = save(out, arrays, facts)
    step("saved")
    return identity


def probabilities_of(logits: Floats) -> tuple[Floats, Floats]:
    """Return P(easy), P(medium), P(hard) as rows, and P(missing), from the logits of HEADS, as serving does."""
    medium, hard, missing = (
        1.0 / (1.0 + np.exp(-np.clip(logits[:, HEADS.index(name)], -30, 30))) for name in ("medium", "hard", "missing")
    )
    hard = np.minimum(hard, medium)
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
