"""`python -m classifier.training.encoder --model FOLDER`: write annotated/word_vectors.npz, what words mean.

FOLDER holds all-MiniLM-L6-v2 (Apache-2.0, sentence-transformers) as it is published: `model.safetensors` and
`tokenizer.json`. It is run with numpy over the asks of the labelled prompts, whose labels are not looked at. The vector
of a word is the mean of what the encoder says at each place where the word stands. About ten minutes; a training run
reads the file alone.
"""

import argparse
import json
import re
import struct
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from unicodedata import category, normalize

import numpy as np
import numpy.typing as npt
from scipy.special import erf
from tqdm import tqdm

from classifier.features import WORDS, block_bounds, places_of_word
from classifier.lexicon import plain, tokens_of
from classifier.prompt import SHIPPED
from classifier.training.dataset import annotated
from classifier.training.meanings import WIDTH, WORD_VECTORS
from classifier.training.sources import DEFAULT_DATA_DIR

HEAD, TAIL, PIECES = 70, 30, 112
"""The words of an ask that are read, first and last, and how many pieces of them with the marks around."""

LEAST_PROMPTS = 4
"""A word that fewer prompts hold has no vector."""

_LAYERS, _HEADS, _EPSILON = 6, 12, np.float32(1e-12)
_LONGEST_PART = 100
_PARTS = re.compile("_|[^_]+")
_UNKNOWN, _BEGIN, _END, _INSIDE = "[UNK]", "[CLS]", "[SEP]", "##"

Singles = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


def arrays_of(path: Path) -> dict[str, Singles]:
    """Return the 32-bit arrays of a safetensors file by name; OSError when it cannot be read."""
    content = path.read_bytes()
    (size,) = struct.unpack("<Q", content[:8])
    start, found = 8 + size, {}
    for name, about in json.loads(content[8:start]).items():
        if about.get("dtype") == "F32":
            begin, end = about["data_offsets"]
            flat = np.frombuffer(content, np.float32, (end - begin) // 4, start + begin)
            found[name] = flat.reshape(about["shape"])
    return found


def pieces_of(word: str, vocabulary: Mapping[str, int]) -> list[int]:
    """Return the numbers of the pieces of a token, without its accents: the longest that fits, then the next."""
    bare = "".join(letter for letter in normalize("NFD", word) if category(letter) != "Mn")
    return [piece for part in _PARTS.findall(bare) for piece in _pieces_of_part(part, vocabulary)]


def _pieces_of_part(part: str, vocabulary: Mapping[str, int]) -> list[int]:
    found: list[int] = []
    at = 0
    while at < len(part):
        prefix = _INSIDE if at else ""
        ends = (end for end in range(len(part), at, -1) if prefix + part[at:end] in vocabulary)
        end = next(ends, None)
        if end is None or len(part) > _LONGEST_PART:
            return [vocabulary[_UNKNOWN]]
        found.append(vocabulary[prefix + part[at:end]])
        at = end
    return found


class Encoder:
    """A BERT of six layers: numbers of pieces to what it says at each of them; without randomness."""

    def __init__(self, arrays: Mapping[str, Singles]) -> None:
        """Take the arrays of `arrays_of`."""
        self._arrays = arrays

    def outputs(self, pieces: Ints) -> Singles:
        """Return what is said (rows, pieces, width) at the pieces (rows, pieces) of texts of one length."""
        count, part = pieces.shape[1], "embeddings."
        seen = self._arrays[part + "word_embeddings.weight"][pieces]
        seen = seen + self._arrays[part + "position_embeddings.weight"][:count]
        seen = self._normed(seen + self._arrays[part + "token_type_embeddings.weight"][0], part + "LayerNorm")
        for layer in range(_LAYERS):
            part = f"encoder.layer.{layer}."
            heard = self._linear(self._attended(seen, part + "attention.self."), part + "attention.output.dense")
            seen = self._normed(seen + heard, part + "attention.output.LayerNorm")
            inner = self._linear(seen, part + "intermediate.dense")
            inner = inner * (1 + erf(inner * np.float32(0.5**0.5))) / 2
            seen = self._normed(seen + self._linear(inner, part + "output.dense"), part + "output.LayerNorm")
        return seen

    def _attended(self, seen: Singles, part: str) -> Singles:
        rows, count, width = seen.shape
        asked, known, told = (
            self._linear(seen, part + name).reshape(rows, count, _HEADS, -1).transpose(0, 2, 1, 3)
            for name in ("query", "key", "value")
        )
        powers = asked @ known.transpose(0, 1, 3, 2) / np.float32(asked.shape[-1] ** 0.5)
        powers = np.exp(powers - powers.max(axis=-1, keepdims=True))
        heard: Singles = (powers / powers.sum(axis=-1, keepdims=True)) @ told
        return heard.transpose(0, 2, 1, 3).reshape(rows, count, width)

    def _linear(self, seen: Singles, name: str) -> Singles:
        return np.asarray(seen @ self._arrays[name + ".weight"].T + self._arrays[name + ".bias"])

    def _normed(self, seen: Singles, name: str) -> Singles:
        apart = seen - seen.mean(axis=-1, keepdims=True)
        spread = np.sqrt(np.square(apart).mean(axis=-1, keepdims=True) + _EPSILON)
        return np.asarray(apart / spread * self._arrays[name + ".weight"] + self._arrays[name + ".bias"])


def sums_of(asks: Iterable[Sequence[str]], encoder: Encoder, vocabulary: Mapping[str, int]) -> dict[str, Singles]:
    """Return the sum of what the encoder says at each word of the asks, a last number that counts them behind it."""
    found: dict[str, Singles] = {}
    for ask in asks:
        words = [*ask] if len(ask) <= HEAD + TAIL else [*ask[:HEAD], *ask[-TAIL:]]
        numbers, owners = [vocabulary[_BEGIN]], [-1]
        for place, word in enumerate(words):
            pieces = pieces_of(word, vocabulary)
            numbers += pieces
            owners += [place] * len(pieces)
        said, owner = (
            encoder.outputs(np.array([[*numbers, vocabulary[_END]][:PIECES]]))[0],
            np.array([*owners, -1][:PIECES]),
        )
        for place in range(owner.max() + 1):
            mean = said[owner == place].mean(axis=0)
            one = np.append(mean, np.float32(1))
            found[words[place]] = found[words[place]] + one if words[place] in found else one
    return found


def compressed(sums: Mapping[str, Singles], prompts: Mapping[str, int]) -> tuple[Ints, npt.NDArray[np.int8]]:
    """Return places in the block of words and their vectors (n, WIDTH) as octets, from `sums_of` its words.

    Vectors are the WIDTH strongest directions about their mean. `prompts` says how many prompts hold a word.
    """
    start = block_bounds()[WORDS]
    whole: dict[int, Singles] = {}
    held: dict[int, int] = defaultdict(int)
    for word, one in sums.items():
        for index in places_of_word(word)[0]:
            whole[index - start] = whole[index - start] + one if index - start in whole else one
            held[index - start] += prompts[word]
    places = np.array(sorted(place for place in whole if held[place] >= LEAST_PROMPTS), dtype=np.int64)
    table = np.array([whole[place] for place in places.tolist()], dtype=np.float64)
    counts, often = table[:, -1:], np.array([held[place] for place in places.tolist()])[:, None]
    vectors = table[:, :-1] / counts
    vectors -= (vectors * np.sqrt(counts)).sum(axis=0) / np.sqrt(counts).sum()
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    _, directions = np.linalg.eigh((vectors * often).T @ vectors)
    seen = vectors @ directions[:, ::-1][:, :WIDTH]
    seen /= np.linalg.norm(seen, axis=1, keepdims=True)
    return places, np.rint(seen / np.abs(seen).max() * 127).astype(np.int8)


def main() -> int:
    """Write the file and return 0."""
    parser = argparse.ArgumentParser(prog="python -m classifier.training.encoder", description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="folder of the encoder")
    parser.add_argument("--data-dir", type=Path, default=DEFAULT_DATA_DIR, help="default: %(default)s")
    parser.add_argument("--out", type=Path, default=WORD_VECTORS, help="default: %(default)s")
    options = parser.parse_args()
    vocabulary = json.loads((options.model / "tokenizer.json").read_bytes())["model"]["vocab"]
    encoder = Encoder(arrays_of(options.model / "model.safetensors"))
    asks = [tokens_of(plain(one.prompt.reading(SHIPPED).ask)) for one in annotated(options.data_dir)]
    prompts: dict[str, int] = defaultdict(int)
    for ask in asks:
        for word in set(ask):
            prompts[word] += 1
    places, vectors = compressed(sums_of(tqdm(asks, unit="prompt"), encoder, vocabulary), prompts)
    np.savez_compressed(options.out, places=places.astype(np.uint16), vectors=vectors)
    sys.stdout.write(f"{len(places)} vectors in {options.out}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
