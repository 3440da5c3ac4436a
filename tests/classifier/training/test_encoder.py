import json
import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from classifier.features import places_of_word
from classifier.training.encoder import HEAD, LEAST_PROMPTS, TAIL, Encoder, arrays_of, compressed, pieces_of, sums_of
from classifier.training.meanings import WIDTH, meanings_of

VOCABULARY = {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "cat": 3, "##s": 4, "##er": 5, "_": 6, "cafe": 7, "t": 8, "猫": 9}
SIZE = 24
RANDOM = np.random.default_rng(5)


def arrays(*, silent: bool) -> Mapping[str, np.ndarray]:
    """Return a model of six layers whose layers say nothing (`silent`) or anything."""

    def some(*shape: int) -> np.ndarray:
        return RANDOM.normal(size=shape).astype(np.float32)

    found = {
        "embeddings.word_embeddings.weight": some(10, SIZE),
        "embeddings.token_type_embeddings.weight": some(2, SIZE),
    }
    found["embeddings.position_embeddings.weight"] = np.zeros((200, SIZE), dtype=np.float32)
    norms = ["embeddings.LayerNorm"]
    for layer in range(6):
        part = f"encoder.layer.{layer}."
        norms += [part + "attention.output.LayerNorm", part + "output.LayerNorm"]
        names = [f"attention.self.{name}" for name in ("query", "key", "value")]
        sizes = {**dict.fromkeys([*names, "attention.output.dense"], (SIZE, SIZE))}
        sizes |= {"intermediate.dense": (2 * SIZE, SIZE), "output.dense": (SIZE, 2 * SIZE)}
        for name, (out, into) in sizes.items():
            found[f"{part}{name}.weight"] = some(out, into) * (0 if silent else 1)
            found[f"{part}{name}.bias"] = np.zeros(out, dtype=np.float32)
    for name in norms:
        found[name + ".weight"], found[name + ".bias"] = np.ones(SIZE, np.float32), np.zeros(SIZE, np.float32)
    return found


@pytest.mark.parametrize(
    ("word", "pieces"),
    [
        ("cats", [3, 4]),
        ("catser", [3, 4, 5]),
        ("café", [7]),
        ("cat_t", [3, 6, 8]),
        ("dog", [0]),
        ("catx", [0]),
        ("猫", [9]),
    ],
)
def test_words_are_cut_into_the_longest_pieces(word: str, pieces: list[int]):
    """A word is its longest known beginning, then the longest that goes on; what is not known has one number."""
    assert pieces_of(word, VOCABULARY) == pieces


def test_silent_layers_leave_the_embeddings():
    """Without weights in its layers the encoder says what it is told, brought to one mean and spread."""
    known = arrays(silent=True)
    told = known["embeddings.word_embeddings.weight"][[3, 8]] + known["embeddings.token_type_embeddings.weight"][0]
    expected = (told - told.mean(axis=1, keepdims=True)) / told.std(axis=1, keepdims=True)
    assert np.allclose(Encoder(known).outputs(np.array([[3, 8]]))[0], expected, atol=1e-4)


def test_what_is_said_of_a_word_depends_on_the_others():
    """The same piece says another thing beside another piece, and the same thing in another row."""
    encoder = Encoder(arrays(silent=False))
    one, other, again = encoder.outputs(np.array([[3, 8, 4], [3, 8, 5], [3, 8, 4]]))
    assert not np.allclose(one[0], other[0], atol=1e-3)
    assert np.allclose(one, again)


def test_sums_count_the_places_of_a_word():
    """A word in two asks has the sum of both and the count 2; pieces of a word are averaged."""
    encoder = Encoder(arrays(silent=True))
    found = sums_of([["cats", "t"], ["t"]], encoder, VOCABULARY)
    said = encoder.outputs(np.array([[1, 3, 4, 8]]))[0]
    assert found["cats"][-1] == 1
    assert found["t"][-1] == 2
    assert np.allclose(found["cats"][:-1], said[1:3].mean(axis=0), atol=1e-5)
    assert np.allclose(found["t"][:-1], 2 * said[3], atol=1e-5)


def test_the_middle_of_a_long_ask_is_not_read():
    """Words between the first and the last have no sum."""
    ask = ["cat"] * HEAD + ["dog"] + ["t"] * TAIL
    found = sums_of([ask], Encoder(arrays(silent=True)), VOCABULARY)
    assert set(found) == {"cat", "t"}


def test_compressed_vectors_keep_likeness(tmp_path: Path):
    """Words alike stay alike, rare ones are dropped, and training reads what was written."""
    base = RANDOM.normal(size=(3, 300))
    names = [f"word{letter}" for letter in "abcdefgh"]
    sums = {name: np.append(base[at % 3] + 0.1 * RANDOM.normal(size=300), 1.0) for at, name in enumerate(names)}
    places, vectors = compressed(sums, dict.fromkeys(names, LEAST_PROMPTS) | {"wordh": 0})
    path = tmp_path / "vectors.npz"
    np.savez(path, places=places, vectors=vectors)
    read = meanings_of(np.array([places_of_word(name)[0][0] for name in names]), path)
    assert vectors.shape == (len(places), WIDTH)
    assert read[0] @ read[3] > 0.9
    assert read[0] @ read[1] < 0.5
    assert not read[7].any()


def test_arrays_are_read_by_name(tmp_path: Path):
    """A safetensors file is a length, a table of contents and the numbers."""
    kept = np.arange(6, dtype=np.float32).reshape(2, 3)
    about = {"__metadata__": {"a": "b"}, "x": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}}
    head = json.dumps(about).encode()
    (tmp_path / "model").write_bytes(struct.pack("<Q", len(head)) + head + kept.tobytes())
    found = arrays_of(tmp_path / "model")
    assert list(found) == ["x"]
    assert np.array_equal(found["x"], kept)
