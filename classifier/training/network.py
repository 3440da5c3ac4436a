"""The second stage: small networks on what the first stage says of prompts that it was not trained on; numpy only.

One hidden layer sees the scores, the sum of the words' vectors and the handcrafted numbers together, and all heads
share it. There is one network for each fold, trained without it: their mean is the second stage, and what each says of
its own fold is what the second stage says of prompts that it was not trained on. A straight way past the hidden layer,
from the scores alone, has a share in each head: it knows less and errs less on prompts of another make.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from classifier import model
from classifier.assessment import DOMAINS
from classifier.weights import HEADS, SCORES

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Parameters = tuple[Singles, Singles, Singles, Singles]
"""Weights into the hidden layer and its bias, weights out of it and their bias."""

HIDDEN = 64
EPOCHS = 45
_BATCH = 128
_RATE, _DECAY = 3e-3, 0.1
_DROPPED, _NOISE = 0.2, 0.2
_FIRST, _SECOND, _TINY = 0.9, 0.999, 1e-8
_CONSTANT = 1e-6
"""An input that varies less than this in training says nothing, then or later."""

STRAIGHT = {"medium": 0.6, "hard": 0.6, "missing": 0.45, "unclear": 0.45}
"""The share of the straight way in the logits of HEADS."""
STRAIGHT_DOMAIN = 0.55
"""The same in those of DOMAINS, which are hardly more than what words say."""

STRAIGHT_INPUTS = {
    "medium": ("tier", "medium", "hard"),
    "hard": ("tier", "medium", "hard"),
    "missing": ("missing", "unclear"),
    "unclear": ("missing", "unclear"),
}
"""Which scores the straight way of each head looks at."""

_COLUMNS = [*(SCORES.index(name) for name in HEADS), *(SCORES.index(f"domain_{name}") for name in DOMAINS)]
"""Which target each output has."""

_TIERS = [HEADS.index(name) for name in ("medium", "hard")]
_OTHER_HEADS = 1.0
"""What missing information and domains count in the sum that is made small, where a tier counts 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """One hidden layer of rectified sums: inputs (n, inputs) to a logit for each of HEADS, then for each of DOMAINS.

    `direct` (SCORES, outputs) is what the scores, which are the first inputs, add past the hidden layer.
    """

    hidden: Floats
    hidden_bias: Floats
    out: Floats
    out_bias: Floats
    direct: Floats

    def predict(self, inputs: Floats) -> Floats:
        """Return the logits (n, outputs)."""
        hidden = np.maximum(inputs @ self.hidden + self.hidden_bias, 0.0)
        return np.asarray(hidden @ self.out + inputs[:, : len(SCORES)] @ self.direct + self.out_bias)


def fit_networks(inputs: Floats, targets: Floats, worth: Floats, folds: Sequence[int]) -> tuple[Network, Floats]:
    """Return the second stage and what it says of each row without having seen its fold (rows, outputs).

    `inputs` hold scores that were held out, `targets` are those of SCORES, NaN where there is no label. `worth` is what
    the tier of each row counts; for the rest all count the same. Logits of HEADS are calibrated on rows worth 1.
    """
    place, wanted, weights = np.asarray(folds), _wanted(targets), _weights(targets, worth)
    centre, spread = inputs.mean(axis=0), inputs.std(axis=0)
    spread = np.where(spread > _CONSTANT, spread, np.inf)
    scaled = ((inputs - centre) / spread).astype(np.float32)
    found, logits = [], np.zeros(wanted.shape)
    for seed, fold in enumerate(np.unique(place).tolist()):
        others, inside = place != fold, place == fold
        one = _network(_train(scaled[others], wanted[others], weights[others], seed), centre, spread)
        logits[inside] = one.predict(inputs[inside])
        found.append(one)
    known = (weights > 0) & (worth >= 1.0)[:, None]
    network, logits = _with_straight_way(_mean(found), inputs, logits, (wanted, known))
    return _calibrated(network, logits, (wanted, known))


def _wanted(targets: Floats) -> Singles:
    """Return what the outputs should be: 0 or 1, 0 where it is not known."""
    return (np.nan_to_num(targets[:, _COLUMNS]) > 0).astype(np.float32)


def _weights(targets: Floats, worth: Floats) -> Singles:
    """Return how much each output of each row counts."""
    found = np.where(np.isfinite(targets[:, _COLUMNS]), _OTHER_HEADS, 0.0)
    found[:, _TIERS] *= worth[:, None] / _OTHER_HEADS
    return found.astype(np.float32)


def _train(inputs: Singles, wanted: Singles, weights: Singles, seed: int) -> Parameters:
    """Return parameters by Adam with decay of the weights, its rate falling as half a cosine; the same in every run."""
    random = np.random.default_rng(seed)
    size, outputs = inputs.shape[1], wanted.shape[1]
    parameters = [
        (random.standard_normal((size, HIDDEN)) / np.sqrt(size)).astype(np.float32),
        np.zeros(HIDDEN, dtype=np.float32),
        (random.standard_normal((HIDDEN, outputs)) * 0.1 / np.sqrt(HIDDEN)).astype(np.float32),
        np.zeros(outputs, dtype=np.float32),
    ]
    means, squares = ([np.zeros_like(one) for one in parameters] for _ in range(2))
    starts = range(0, len(inputs), _BATCH)
    steps = EPOCHS * len(starts)
    for step in range(1, steps + 1):
        if step % len(starts) == 1 or len(starts) == 1:
            order = random.permutation(len(inputs))
        taken = order[starts[(step - 1) % len(starts)] :][:_BATCH]
        seen = inputs[taken] + np.float32(_NOISE) * random.standard_normal((len(taken), size), dtype=np.float32)
        kept = (random.random((len(taken), HIDDEN)) > _DROPPED).astype(np.float32) / np.float32(1 - _DROPPED)
        slopes = _slopes(parameters, seen, kept, wanted[taken], weights[taken])
        rate = _RATE * 0.5 * (1 + np.cos(np.pi * step / steps))
        for place, slope in enumerate(slopes):
            means[place] += (1 - _FIRST) * (slope - means[place])
            squares[place] += (1 - _SECOND) * (slope * slope - squares[place])
            size_of_step = np.sqrt(squares[place] / (1 - _SECOND**step)) + _TINY
            change = means[place] / (1 - _FIRST**step) / size_of_step
            decay = _DECAY if slope.ndim > 1 else 0.0
            parameters[place] -= np.float32(rate) * (change + np.float32(decay) * parameters[place])
    return parameters[0], parameters[1], parameters[2], parameters[3]


def _slopes(
    parameters: Sequence[Singles], seen: Singles, kept: Singles, wanted: Singles, weights: Singles
) -> Parameters:
    """Return the gradient of the mean loss: cross entropy of each head, and of the choice among domains."""
    hidden, hidden_bias, out, out_bias = parameters
    sums = seen @ hidden + hidden_bias
    active = np.maximum(sums, 0) * kept
    logits, tail = active @ out + out_bias, len(HEADS)
    errors = np.empty_like(logits)
    errors[:, :tail] = 1 / (1 + np.exp(-logits[:, :tail]))
    powers = np.exp(logits[:, tail:] - logits[:, tail:].max(axis=1, keepdims=True))
    errors[:, tail:] = powers / powers.sum(axis=1, keepdims=True)
    errors = (errors - wanted) * weights / np.float32(len(seen))
    back = (errors @ out.T) * kept * (sums > 0)
    return seen.T @ back, back.sum(axis=0), active.T @ errors, errors.sum(axis=0)


def _network(parameters: Parameters, centre: Floats, spread: Floats) -> Network:
    """Return a network that takes inputs as they are from one that takes them scaled."""
    hidden, hidden_bias, out, out_bias = (one.astype(np.float64) for one in parameters)
    scaled = hidden / spread[:, None]
    direct = np.zeros((len(SCORES), len(out_bias)))
    return Network(hidden=scaled, hidden_bias=hidden_bias - centre @ scaled, out=out, out_bias=out_bias, direct=direct)


def _mean(found: Sequence[Network]) -> Network:
    """Return the mean of networks as one network."""
    return Network(
        hidden=np.hstack([one.hidden for one in found]),
        hidden_bias=np.concatenate([one.hidden_bias for one in found]),
        out=np.vstack([one.out for one in found]) / len(found),
        out_bias=np.mean([one.out_bias for one in found], axis=0),
        direct=np.mean([one.direct for one in found], axis=0),
    )


def _with_straight_way(
    network: Network, inputs: Floats, logits: Floats, labels: tuple[Singles, Mask]
) -> tuple[Network, Floats]:
    """Return the network and the held-out logits with the straight way's share, fitted to the held-out scores.

    `labels` are what each output should be and where that is known.
    """
    wanted, known = labels
    kept, direct, shift = np.ones(wanted.shape[1]), np.zeros_like(network.direct), np.zeros(wanted.shape[1])
    for column, name in enumerate(HEADS):
        seen, rows = [SCORES.index(score) for score in STRAIGHT_INPUTS[name]], known[:, column]
        if len(np.unique(wanted[rows, column])) > 1:
            fitted = model.head().fit(inputs[rows][:, seen], wanted[rows, column])
            share = STRAIGHT[name]
            kept[column] = 1 - share
            direct[seen, column], shift[column] = share * fitted.coef_[0], share * fitted.intercept_[0]
    rows, tail = known[:, -1], slice(len(HEADS), None)
    places = wanted[rows, tail].argmax(axis=1)
    if len(np.unique(places)) == len(DOMAINS):
        seen = _COLUMNS[tail]
        fitted = model.head().fit(inputs[rows][:, seen], places)
        kept[tail], shift[tail] = 1 - STRAIGHT_DOMAIN, STRAIGHT_DOMAIN * fitted.intercept_
        direct[np.ix_(seen, range(len(HEADS), len(shift)))] = STRAIGHT_DOMAIN * fitted.coef_.T
    changed = replace(network, out=network.out * kept, out_bias=network.out_bias * kept + shift, direct=direct)
    return changed, logits * kept + inputs[:, : len(SCORES)] @ direct + shift


def _calibrated(network: Network, logits: Floats, labels: tuple[Singles, Mask]) -> tuple[Network, Floats]:
    """Return the network and the held-out logits with those of HEADS stretched and shifted to fit the labels."""
    wanted, known = labels
    stretch, shift = np.ones(wanted.shape[1]), np.zeros(wanted.shape[1])
    for column in range(len(HEADS)):
        rows = known[:, column]
        if len(np.unique(wanted[rows, column])) > 1:
            fitted = model.head().fit(logits[rows, column : column + 1], wanted[rows, column])
            stretch[column], shift[column] = fitted.coef_[0, 0], fitted.intercept_[0]
    changed = replace(
        network,
        out=network.out * stretch,
        out_bias=network.out_bias * stretch + shift,
        direct=network.direct * stretch,
    )
    return changed, logits * stretch + shift
