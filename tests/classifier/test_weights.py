"""The arrays of the shipped artifact fit each other, and what does not fit is refused before it is used."""

import numpy as np
import pytest

from classifier.artifact import ArtifactInvalid, load
from classifier.assess import DEFAULT_FOLDER
from classifier.features import AROUND, DIMENSIONS, LEARNT, WORDS, block_bounds, fingerprint, places_of_word
from classifier.weights import SCORES, VECTORS, weights_of

ARRAYS = load(DEFAULT_FOLDER, fingerprint=fingerprint()).arrays


def test_every_place_has_a_row():
    """Known places have the rows of the table in their order, all others have row 0, which weighs nothing."""
    found = weights_of(ARRAYS)
    assert found.rows.shape == (DIMENSIONS,)
    learnt = found.rows[:LEARNT]
    assert learnt[learnt > 0].tolist() == list(range(1, len(found.idf)))
    assert found.scores.shape == (len(found.idf), len(SCORES))
    assert not found.scores[0].any()


def test_words_around_the_ask_weigh_what_they_weigh_in_it():
    """The last block has the rows of words, place by place."""
    found, edges = weights_of(ARRAYS), block_bounds()
    around = found.rows[edges[AROUND] : edges[AROUND + 1]]
    assert around.tolist() == found.rows[edges[WORDS] : edges[WORDS + 1]].tolist()


def test_words_of_the_ask_have_vectors():
    """The rows of the words' block, and no others, have a vector each."""
    found, edges = weights_of(ARRAYS), block_bounds()
    words = found.rows[edges[WORDS] : edges[WORDS + 1]]
    assert words[words > 0].tolist() == list(range(found.first, found.first + len(found.vectors) - 1))
    assert found.vectors.shape[1] == VECTORS
    assert not found.vectors[0].any()
    row = found.rows[places_of_word("python")[0][0]]
    assert found.vectors[row - found.first + 1].any()


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("known", None),
        ("known", np.zeros(3, dtype=np.uint8)),
        ("known", np.full(LEARNT // 8, 255, dtype=np.uint8)),
        ("vectors", ARRAYS["vectors"][:-1]),
        ("table", ARRAYS["table"][:5]),
        ("hidden", ARRAYS["hidden"][:-1]),
        ("hidden_bias", ARRAYS["hidden_bias"][:-1]),
        ("out", ARRAYS["out"][:-1]),
        ("direct", None),
        ("spread", np.zeros_like(ARRAYS["spread"])),
        ("spread", np.full_like(ARRAYS["spread"], 1e-30)),
        ("hidden", np.float32(1)),
        ("out", np.full_like(ARRAYS["out"], 3e6, dtype=np.float32)),
        ("table", np.full_like(ARRAYS["table"], np.inf, dtype=np.float32)),
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused(name: str, array: np.ndarray | None):
    """A missing array, another shape and an index past its table are told at loading."""
    changed = {**ARRAYS, name: array}
    with pytest.raises(ArtifactInvalid, match=r"shape|fit"):
        weights_of({key: one for key, one in changed.items() if one is not None})
