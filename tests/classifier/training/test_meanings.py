from pathlib import Path

import numpy as np
import pytest

from classifier.features import DIMENSIONS, ENDS, WORDS, block_bounds, places_of_word
from classifier.training.meanings import WIDTH, checksum, meanings_of
from classifier.training.sources import DataMissing

STRANGERS = ("breakfast", "wedding", "birthday", "chocolate", "christmas", "dinner")


def vector(word: str) -> np.ndarray:
    return meanings_of(np.array(places_of_word(word)[0][:1]))[0]


@pytest.mark.parametrize(
    ("word", "near"),
    [("theorem", "proof"), ("css", "html"), ("patient", "disease"), ("recipe", "cook"), ("sql", "database")],
)
def test_words_of_like_meaning_are_near(word: str, near: str):
    """A word is nearer to one of its own trade than to any word of another."""
    likeness = vector(word) @ vector(near)
    assert likeness > 0.2
    assert likeness > max(vector(word) @ vector(other) for other in STRANGERS)


def test_vectors_are_of_length_one_or_nothing():
    """Each index has a vector of WIDTH numbers; those of other blocks and those of no known word have zeros."""
    start, end = block_bounds()[WORDS : WORDS + 2]
    lengths = np.linalg.norm(meanings_of(np.arange(DIMENSIONS)), axis=1)
    assert meanings_of(np.arange(3)).shape == (3, WIDTH)
    assert not np.delete(lengths, slice(start, end)).any()
    known = lengths[start:end] > 0
    assert 0.1 < known.mean() < 0.9
    assert np.allclose(lengths[start:end][known], 1.0)


def test_words_and_their_ends_are_apart():
    """The ends of a word have no vector, the word itself has."""
    own, ends = places_of_word("algorithm")
    assert np.linalg.norm(meanings_of(np.array(own)), axis=1).tolist() == pytest.approx([1.0] * len(own))
    assert all(block_bounds()[ENDS] <= place < block_bounds()[ENDS + 1] for place in ends)
    assert not meanings_of(np.array(ends)).any()


def test_a_missing_file_is_named(tmp_path: Path):
    """Without the file there is no training that says it did as it should."""
    with pytest.raises(DataMissing, match=r"none\.npz.*checkout"):
        meanings_of(np.array([1]), tmp_path / "none.npz")


def test_the_file_is_known_by_its_checksum(tmp_path: Path):
    """Another octet is another checksum, the same content the same."""
    paths = [tmp_path / name for name in "abc"]
    for path, content in zip(paths, (b"1", b"1", b"2"), strict=True):
        path.write_bytes(content)
    first, same, other = map(checksum, paths)
    assert first == same != other
