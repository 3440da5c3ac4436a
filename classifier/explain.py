"""Why a prompt was assessed as it was: which of its words and traits moved the logits, and by how much.

Between its features and its logits the model is made of straight pieces: within the piece on which a prompt lies it is
linear, so the contributions and the bias add up to each logit; nothing is estimated.

An explanation quotes the prompt: it is for the operator alone, and it is not made on the hot path.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from classifier.artifact import Arrays, load
from classifier.features import AROUND, BLOCKS, WORDS, Features, extract, fingerprint
from classifier.lexicon import plain, tokens_of
from classifier.numbers import NUMBERS
from classifier.phrases import phrase
from classifier.prompt import Prompt, Reading, harness
from classifier.weights import CLIP, HEADS, LEAST_GAP, SCORES, weights_of

Floats = npt.NDArray[np.float64]

_LETTERS = "characters"
_REACH = 3
"""Letters on either side of a word that stand in a group of four with one of its own."""


class Kind(StrEnum):
    """What moved a logit."""

    WORD = "word"
    """A word of the request, with its stem and its letters."""

    PAIR = "pair"
    """Two words in a row."""

    EARLIER = "earlier"
    """A word of the instructions, of earlier turns or of what came back since the request."""

    TRAIT = "trait"
    """A handcrafted number, in words: a length, a mark, a kind of word, the course of the talk."""

    REST = "rest"
    """What belongs to no word: marks and spaces between words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """By how much one thing moved a logit, up (above 0) or down. `share` is its part of all that moved it, in 0..1.

    `what` is a text of the prompt for WORD, PAIR and EARLIER, else words about it.
    """

    kind: Kind
    what: str = field(repr=False)
    logit: float
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One logit: `bias`, that of a prompt without words and with usual traits, plus all `moves`, strongest first."""

    logit: float
    bias: float
    moves: tuple[Move, ...]

    def up(self, most: int) -> tuple[Move, ...]:
        """Return the strongest moves upwards, at most so many."""
        return tuple(move for move in self.moves if move.logit > 0)[:most]

    def down(self, most: int) -> tuple[Move, ...]:
        """Return the strongest moves downwards, at most so many."""
        return tuple(move for move in self.moves if move.logit < 0)[:most]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """An account for each of HEADS: medium or harder, hard, information missing, unclear."""

    accounts: Mapping[str, Account]


class Explainer:
    """The weights of one artifact, taken apart."""

    def __init__(self, arrays: Arrays, tags: Sequence[str] = ()) -> None:
        """Take the arrays of an artifact that a Classifier could be made of, and the operator's own harness tags."""
        self._elements = harness(tags)
        self._weights = weights_of(arrays)

    def explain(self, prompt: Prompt) -> Explanation:
        """Return what moved each logit of `prompt`."""
        features = extract(prompt, self._elements)
        words, numbers, bias = self._terms(features)
        moves: dict[tuple[Kind, str], Floats] = defaultdict(lambda: np.zeros(len(HEADS)))
        for index, term in zip(features.indices.tolist(), words, strict=True):
            moves[Kind.REST, str(index)] += term
        owners = _owners(prompt.reading(self._elements), frozenset(features.indices.tolist()))
        for index, pieces in owners.items():
            term = moves.pop((Kind.REST, str(index)))
            for piece in pieces:
                moves[piece] += term / len(pieces)
        rest = [moves.pop(key) for key in list(moves) if key[0] is Kind.REST]
        if rest:
            moves[Kind.REST, "marks, spaces and the order of words"] = np.sum(rest, axis=0)
        for what, term in self._traits(features, numbers):
            moves[Kind.TRAIT, what] += term
        return Explanation(accounts={head: _account(moves, bias, place) for place, head in enumerate(HEADS)})

    def _traits(self, features: Features, terms: Floats) -> Iterator[tuple[str, Floats]]:
        """Yield what the numbers say in words, with what they add: once for numbers that speak of the same thing.

        Such numbers (how many words of a kind, which share they are) may lie on both sides of what is usual: told is
        the side of those that weigh more.
        """
        usual = self._weights.centre.astype(np.float64)
        sums: dict[tuple[str, str], Floats] = defaultdict(lambda: np.zeros(len(HEADS)))
        leaning: dict[tuple[str, str], float] = defaultdict(float)
        for name, value, centre, term in zip(NUMBERS, features.numbers.tolist(), usual, terms, strict=True):
            ways = phrase(name, more=True), phrase(name, more=False)
            sums[ways] += term
            leaning[ways] += float(np.abs(term).sum()) * (1.0 if value > centre else -1.0)
        for ways, term in sums.items():
            yield ways[0 if leaning[ways] > 0 else 1], term

    def _terms(self, features: Features) -> tuple[Floats, Floats, Floats]:
        """Return what each index (n, HEADS), each of NUMBERS and nothing (HEADS) adds to the logits."""
        words, numbers = self._inputs(features)
        weights, first = self._weights, len(SCORES)
        start = np.concatenate((weights.bias, np.zeros(len(weights.hidden) - first))).astype(np.float64)
        hidden, out = weights.hidden.astype(np.float64), weights.out.astype(np.float64)
        seen = words.sum(axis=0) + numbers.sum(axis=0) + start
        active = seen @ hidden + weights.hidden_bias > 0
        slopes = (hidden * active) @ out
        slopes[:first] += weights.direct
        bias = start @ slopes + (weights.hidden_bias * active) @ out + weights.out_bias
        heads = slice(len(HEADS))
        mix, shift = _apart((seen - start) @ slopes[:, heads] + bias[heads])
        to_logits = slopes[:, heads] @ mix
        return words @ to_logits, numbers @ to_logits, np.asarray(bias[heads] @ mix + shift)

    def _inputs(self, features: Features) -> tuple[Floats, Floats]:
        """Return what each index and each of NUMBERS adds to what the hidden layer sees (n, inputs)."""
        weights = self._weights
        rows = weights.rows[features.indices]
        counts, idf = features.counts.astype(np.float64), weights.idf[rows].astype(np.float64)
        factors = counts * idf
        for place, (start, end) in enumerate(zip(features.bounds[:-1], features.bounds[1:], strict=True)):
            length = float(np.sqrt((counts[start:end] * np.square(idf[start:end])).sum()))
            factors[start:end] *= float(weights.blocks[place]) / max(length, 1e-6)
        words = np.zeros((len(rows), len(weights.hidden)))
        words[:, : len(SCORES)] = factors[:, None] * weights.scores[rows]
        for place in (WORDS, AROUND):
            block = slice(features.bounds[place], features.bounds[place + 1])
            vectors = weights.vectors[np.maximum(rows[block] - weights.first + 1, 0)]
            words[block, len(SCORES) : len(SCORES) + vectors.shape[1]] = factors[block, None] * vectors
        deviations = (features.numbers.astype(np.float64) - weights.centre) / weights.spread
        scaled = np.diag(np.clip(deviations, -CLIP, CLIP))
        numbers = np.zeros((len(scaled), len(weights.hidden)))
        numbers[:, : len(SCORES)], numbers[:, -len(scaled) :] = scaled @ weights.numbers, scaled
        return words, numbers


def _apart(logits: Floats) -> tuple[Floats, Floats]:
    """Return the mix (HEADS, HEADS) and the shift by which logits that are too close are set LEAST_GAP apart."""
    mix, shift = np.eye(len(HEADS)), np.zeros(len(HEADS))
    if logits[0] - logits[1] < LEAST_GAP:
        mix[:2, :2], shift[:2] = 0.5, (LEAST_GAP / 2, -LEAST_GAP / 2)
    return mix, shift


def load_explainer(folder: Path, tags: Sequence[str] = ()) -> Explainer:
    """Load the artifact in `folder`, to read past these harness tags as well; ArtifactInvalid when it does not fit."""
    return Explainer(load(folder, fingerprint=fingerprint()).arrays, tags)


def document(explanation: Explanation, most: int) -> dict[str, Any]:
    """Return the accounts as JSON values, at most so many moves each way; they quote the prompt."""
    return {
        head: {
            "logit": account.logit,
            "bias": account.bias,
            **{way: [_value(move) for move in moves] for way, moves in _ways(account, most)},
        }
        for head, account in explanation.accounts.items()
    }


def _ways(account: Account, most: int) -> tuple[tuple[str, tuple[Move, ...]], ...]:
    return (("up", account.up(most)), ("down", account.down(most)))


def _value(move: Move) -> dict[str, Any]:
    return {"kind": move.kind.value, "what": move.what, "logit": move.logit, "share": move.share}


def _account(moves: Mapping[tuple[Kind, str], Floats], bias: Floats, place: int) -> Account:
    """Return one head's account, its moves sorted by strength."""
    total = sum(abs(float(term[place])) for term in moves.values()) or 1.0
    found = [
        Move(kind=kind, what=what, logit=float(term[place]), share=abs(float(term[place])) / total)
        for (kind, what), term in moves.items()
    ]
    found.sort(key=lambda move: (-abs(move.logit), move.kind, move.what))
    logit = float(bias[place]) + sum(move.logit for move in found)
    return Account(logit=logit, bias=float(bias[place]), moves=tuple(found))


def _owners(reading: Reading, present: frozenset[int]) -> dict[int, list[tuple[Kind, str]]]:
    """Return for each index that is `present` the pieces of the prompt which it stands for, a piece each time.

    What a piece stands for is asked of `extract` itself, so that this can never differ from what the model reads.
    """
    owners: dict[int, list[tuple[Kind, str]]] = defaultdict(list)
    for piece, indices in (
        *_of_ask(plain(reading.ask), reading.ask),
        *_of_context((reading.after, reading.before, reading.system)),
    ):
        for index in indices & present:
            owners[index].append(piece)
    return owners


def _of_ask(text: str, original: str) -> Iterator[tuple[tuple[Kind, str], frozenset[int]]]:
    """Yield the words of the ask, their letters and their pairs, each as it is written, with its indices."""
    shown = original if len(original) == len(text) else text
    spans = list(_spans(text))
    words: dict[str, frozenset[int]] = {}
    for place, (start, end) in enumerate(spans):
        token = text[start:end]
        words[token] = words.get(token) or _indices(token)
        piece = (Kind.WORD, shown[start:end].casefold())
        around = f"x{text[max(0, start - _REACH) : end + _REACH]}x"
        yield piece, words[token] | _indices(around, letters=True)
        if place:
            before = spans[place - 1][0]
            pair = _indices(text[before:end]) - words[token] - words[text[slice(*spans[place - 1])]]
            yield (Kind.PAIR, " ".join(shown[before:end].casefold().split())), pair


def _of_context(texts: Iterable[str]) -> Iterator[tuple[tuple[Kind, str], frozenset[int]]]:
    """Yield the distinct words around the ask with their indices."""
    nothing = frozenset(extract(Prompt.of((("system", "."), ("user", "")))).indices.tolist())
    for token in {token for text in texts if text for token in tokens_of(plain(text))}:
        found = extract(Prompt.of((("system", token), ("user", ""))))
        yield (Kind.EARLIER, token), frozenset(found.indices.tolist()) - nothing


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield where each token of a plain text stands."""
    place = 0
    for token in tokens_of(text):
        start = text.index(token, place)
        place = start + len(token)
        yield start, place


def _indices(text: str, *, letters: bool = False) -> frozenset[int]:
    """Return the indices of a text that is a whole prompt: those of its groups of letters, or all others."""
    found = extract(Prompt.of((("user", text),)))
    if _LETTERS not in BLOCKS:
        return frozenset() if letters else frozenset(found.indices.tolist())
    place = BLOCKS.index(_LETTERS)
    start, end = found.bounds[place], found.bounds[place + 1]
    inside = found.indices[start:end].tolist()
    return frozenset(inside) if letters else frozenset(found.indices.tolist()) - frozenset(inside)
