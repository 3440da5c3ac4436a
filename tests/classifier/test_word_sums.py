"""What is added up word by word is what the features of the same prompt give; unseen words and full memories too."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier import features, word_sums
from classifier.assessment import DOMAINS
from classifier.features import AROUND, BLOCKS, HEARD, LEARNT, WORDS, block_bounds, extract, parts_of
from classifier.numbers import NUMBERS
from classifier.prompt import Prompt
from classifier.weights import HEADS, SCORES, VECTORS, Weights, weights_of
from classifier.word_sums import WordSums

ROWS = 30_000


def a_table() -> Weights:
    """Return weights in which a quarter of all places is known."""
    draw = np.random.default_rng(3)
    known = np.zeros(LEARNT, dtype=np.uint8)
    known[draw.permutation(LEARNT)[:ROWS]] = 1
    edges = block_bounds()
    words, units, outputs = int(known[edges[WORDS] : edges[WORDS + 1]].sum()), 3, len(HEADS) + len(DOMAINS)
    table = draw.normal(size=(ROWS + 1, 1 + len(SCORES)))
    table[:, 0] = draw.uniform(1, 8, ROWS + 1)
    table[0] = 0
    numbers, inputs = len(NUMBERS), len(SCORES) + VECTORS + len(NUMBERS)
    arrays = {
        "table": table,
        "vectors": draw.normal(size=(words, VECTORS)),
        "centre": np.zeros(numbers),
        "spread": np.ones(numbers),
        "numbers": np.zeros((numbers, len(SCORES))),
        "bias": np.zeros(len(SCORES)),
        "blocks": np.array([0.4, 0.6, 0.25, 0.4, 0.5]),
        "hidden": np.zeros((inputs, units)),
        "hidden_bias": np.zeros(units),
        "out": np.zeros((units, outputs)),
        "out_bias": np.zeros(outputs),
        "direct": np.zeros((len(SCORES), outputs)),
    }
    return weights_of({"known": np.packbits(known), **arrays})


TABLE = a_table()
SUMS = WordSums(TABLE)


def by_features(prompt: Prompt) -> np.ndarray:
    """Return what the features of a prompt weigh, index by index, and the vectors of its words."""
    found, total, about = extract(prompt), np.zeros(len(SCORES)), np.zeros(VECTORS)
    for place in range(len(BLOCKS)):
        inside = slice(found.bounds[place], found.bounds[place + 1])
        taken, counts = TABLE.rows[found.indices[inside]], found.counts[inside]
        length = np.sqrt((counts * TABLE.idf[taken] ** 2).sum())
        if length > 0:
            shares = TABLE.blocks[place] / length * (counts * TABLE.idf[taken])
            total += shares @ TABLE.scores[taken]
            if place in (WORDS, AROUND):
                about += shares @ np.where(taken[:, None] > 0, TABLE.vectors[taken - TABLE.first + 1], 0)
    return np.concatenate((total, about))


def by_words(prompt: Prompt, sums: WordSums = SUMS) -> np.ndarray:
    """Return the same by its words."""
    parts = parts_of(prompt)
    scores, vector = sums.of(parts.ask, parts.context, parts.around)
    return np.concatenate((scores[:-1], vector))


@settings(deadline=None, max_examples=200)
@given(ask=st.text(max_size=200), system=st.text(max_size=40), before=st.text(max_size=60))
def test_any_prompt_weighs_what_its_features_weigh(ask: str, system: str, before: str):
    """Whatever the text, in whatever script."""
    prompt = Prompt.of((("system", system), ("user", before), ("assistant", before), ("user", ask)))
    assert np.allclose(by_words(prompt), by_features(prompt), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("text", ["", " ", "a", "a a a a", "internationalisation", "證明 √2 是無理數", "x" * 5000])
def test_short_and_odd_texts(text: str):
    """One word, no word, one word many times, one long word."""
    prompt = Prompt.of((("user", text),))
    for _ in range(2):  # the second time from memory
        assert np.allclose(by_words(prompt), by_features(prompt), rtol=1e-3, atol=1e-3)


def test_memory_has_an_end():
    """After more words than are remembered the sums are still right, and no more are kept than that."""
    sums = WordSums(TABLE)
    for start in range(0, word_sums.REMEMBERED + 3000, 500):
        sums.of([f"word{start + at}" for at in range(500)], [], ())
    assert len(sums._words) <= word_sums.REMEMBERED
    prompt = Prompt.of((("user", "word1 word2 is what was remembered first, and this was never seen"),))
    assert np.allclose(by_words(prompt, sums), by_features(prompt), rtol=1e-3, atol=1e-3)


def test_instructions_are_remembered_up_to_a_number():
    """Those of an application weigh the same every time, before a talk too, and what is kept of them is bounded."""
    sums = WordSums(TABLE)
    talk = (("user", "what is a lemma"), ("assistant", "a helping theorem"), ("user", "prove one"))
    for number in range(HEARD + 20):
        case = "".join(chr(ord("a") + int(digit)) for digit in str(number))
        system = ("system", f"You help with case {case} and prove what you say.")
        for turns in ((system, talk[0]), (system, *talk), (system, talk[0])):
            prompt = Prompt.of(turns)
            assert np.allclose(by_words(prompt, sums), by_features(prompt), rtol=1e-3, atol=1e-3)
    assert len(sums._instructions) <= HEARD
    assert len(features._heard) <= HEARD
