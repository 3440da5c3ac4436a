"""The ridge regressions of the first stage, all scores of one design at once, solved by inner products of prompts.

With some nine thousand prompts and five times as many features, a prompt by prompt matrix is solved in seconds, where
a gradient method takes as long for each score. The solution is the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from classifier import model
from classifier.weights import SCORES

_CHUNK = 1024
_FREQUENT = 64
"""A word that more than one in so many prompts hold is multiplied as a dense column, which is quicker."""

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Weights = tuple[Floats, Floats, Floats]
"""Weights of words, of scaled numbers, and the constant: a column (an entry) for each score."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Prompts as the first stage sees them, a row each: weighted words, scaled numbers, whether it is own.

    `meanings` has a row for each column of `words`: words whose rows are alike are expected to weigh alike.
    """

    words: csr_matrix
    meanings: Floats
    numbers: Floats
    own: npt.NDArray[np.bool_]

    def products(self) -> Singles:
        """Return the inner products of all rows."""
        found = np.empty((len(self.own), len(self.own)), dtype=np.float32)
        words = self.words.astype(np.float32).tocsc()
        frequent = np.diff(words.indptr) * _FREQUENT > len(self.own)
        rare = words[:, np.flatnonzero(~frequent)].tocsr()
        other = rare.T.tocsr()
        for start in range(0, len(self.own), _CHUNK):
            (rare[start : start + _CHUNK] @ other).toarray(out=found[start : start + _CHUNK])
        dense = np.hstack([words[:, np.flatnonzero(frequent)].toarray(), self.about(), self._numbers()])
        found += dense @ dense.T
        found += np.float32(model.CONSTANT_SCALE**2)
        return found

    def apart(self, products: Singles) -> Singles:
        """Return inner products in which own rows have a constant and numbers to themselves, too."""
        places = np.flatnonzero(self.own)
        if not places.size:
            return products
        found, numbers = products.copy(), self._numbers()[places]
        found[np.ix_(places, places)] += numbers @ numbers.T + np.float32(model.OWN_SCALE**2)
        return found

    def about(self) -> Singles:
        """Return what the words of each row mean together, scaled as it counts."""
        return np.asarray(self.words @ self.meanings * model.MEANINGS_SCALE, dtype=np.float32)

    def weights(self, dual: Floats) -> Floats:
        """Return the weights of words, of which a part is due to what they mean, from those of the rows."""
        shared = model.MEANINGS_SCALE * (self.about().T.astype(np.float64) @ dual)
        return np.asarray(self.words.T @ dual + self.meanings @ shared)

    def _numbers(self) -> Singles:
        return (self.numbers * model.NUMBERS_SCALE).astype(np.float32)


def alike(targets: Floats) -> Iterator[list[int]]:
    """Yield the columns of SCORES that are fitted together: one design, the same rows known; none without any."""
    groups: dict[tuple[bool, bytes], list[int]] = {}
    for column, name in enumerate(SCORES):
        known = np.isfinite(targets[:, column])
        if known.any():
            groups.setdefault((name in model.APART, known.tobytes()), []).append(column)
    yield from groups.values()


def regress(inputs: Inputs, products: Singles, targets: Floats) -> Weights:
    """Return the weights that fit `targets` (rows, columns), those that own rows have to themselves left out.

    Rows whose targets are not known (NaN) count for nothing.
    """
    known = np.flatnonzero(np.isfinite(targets).all(axis=1))
    dual = np.zeros_like(targets)
    dual[known], mean = _solve(products, targets, known)
    return (
        inputs.weights(dual),
        model.NUMBERS_SCALE**2 * (inputs.numbers.T @ dual),
        mean + model.CONSTANT_SCALE**2 * dual.sum(axis=0),
    )


def _solve(products: Singles, targets: Floats, rows: Ints) -> tuple[Floats, Floats]:
    """Return the weight of each of `rows` in their solution (rows, columns) and the means of their targets."""
    mean = targets[rows].mean(axis=0)
    taken = products if len(rows) == len(products) else products[np.ix_(rows, rows)]
    fitted = model.scores().fit(taken, (targets[rows] - mean).astype(np.float32))
    return np.asarray(fitted.dual_coef_, dtype=np.float64), mean


def held_out(products: tuple[Singles, Singles], targets: Floats, folds: Ints) -> Floats:
    """Return what each row is told by a fit without its fold (rows, columns).

    `products` are those of the design that is fitted, and those in which nobody is apart. Rows whose targets are not
    known (NaN) are told something and count for nothing.
    """
    fitted, plain = products
    known, found = np.isfinite(targets).all(axis=1), np.empty_like(targets)
    for fold in np.unique(folds):
        inside, outside = np.flatnonzero(folds == fold), np.flatnonzero((folds != fold) & known)
        dual, mean = _solve(fitted, targets, outside)
        found[inside] = plain[np.ix_(inside, outside)] @ dual + mean
    return found
