"""What words mean, as a sentence encoder of others knows it: a vector for each place of a word; read in training only.

Labelled prompts are few, and most of their words are rare: what one of them weighs is hardly learnt from five prompts.
The first stage therefore expects words of like meaning to weigh alike. What it learns that way is part of each word's
weight: nothing of the vectors is shipped or looked up when serving. They know no label.
"""

from functools import cache
from hashlib import sha256
from pathlib import Path

import numpy as np
import numpy.typing as npt

from classifier.features import WORDS, block_bounds
from classifier.training.sources import OWN_DIR, DataMissing

WORD_VECTORS = OWN_DIR / "word_vectors.npz"
"""`places` (n,), where in the block of words; `vectors` (n, WIDTH), octets of any length; annotated/README.md."""

WIDTH = 64

Floats = npt.NDArray[np.float64]


def meanings_of(indices: npt.NDArray[np.int64], path: Path = WORD_VECTORS) -> Floats:
    """Return a vector of length 1 (n, WIDTH) for each index of the bag; zero outside of words and where none is known.

    DataMissing when the file is not there.
    """
    start, end = block_bounds()[WORDS : WORDS + 2]
    found = np.zeros((len(indices), WIDTH))
    inside = (indices >= start) & (indices < end)
    found[inside] = _table(path)[indices[inside] - start]
    return found


def checksum(path: Path = WORD_VECTORS) -> str:
    """Return the SHA-256 of the file; OSError when it is not there."""
    return sha256(path.read_bytes()).hexdigest()


@cache
def _table(path: Path) -> Floats:
    """Return the vector of each place of the block of words."""
    start, end = block_bounds()[WORDS : WORDS + 2]
    try:
        with np.load(path, allow_pickle=False) as kept:
            places, vectors = kept["places"], kept["vectors"].astype(np.float64)
    except OSError as error:
        raise DataMissing(f"The word vectors '{path}' cannot be read", "Train in a checkout of the project") from error
    found = np.zeros((end - start, WIDTH))
    found[places] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return found
