from itertools import product

import numpy as np
import pytest

from classifier.evaluation.benchmarks import Benchmark, designed
from classifier.evaluation.in_domain import FEW_LABELS, GainModel, in_domain

TASKS = ("prove the bound of", "spell the name of", "derive the law of", "say hello to")
TOPICS = ("rome", "the bank", "a queue", "primes", "water", "the garden", "graphs", "invoices", "trains", "light")


def _benchmark(repeats: int) -> Benchmark:
    """Return a benchmark in which the first and third task need the strong model, whatever the topic."""
    rows = [
        (f"{task} {topic} number {place}", place_of_task % 2 == 0)
        for (place_of_task, task), topic, place in product(enumerate(TASKS), TOPICS, range(repeats))
    ]
    texts = tuple(text for text, _ in rows)
    design = designed(texts)
    needs = np.array([needed for _, needed in rows])
    return Benchmark(
        name="small",
        texts=texts,
        design=design,
        bare=design,
        weak=(~needs).astype(float),
        strong=np.ones(len(texts)),
        length=np.log1p([len(text) for text in texts]),
        halves=np.random.default_rng(1).random(len(texts)) < 0.5,
    )


def test_half_of_the_labels_teach_the_other_half():
    """Where words say what the strong model gains, nearly all of the gap is won with the calls that need it."""
    found = in_domain(_benchmark(5), draws=20, few=3)
    assert found.whole.curve.apgr == pytest.approx(0.75, abs=0.03)  # half of the calls, one after the other
    assert found.whole.above_length[0] > 0
    assert found.few is None


def test_few_labels_are_drawn_where_there_are_more():
    """With more labels than FEW_LABELS in a half, so many are drawn, as often as asked."""
    small = _benchmark(repeats=-(-2 * (FEW_LABELS + 200) // 40))
    found = in_domain(small, draws=2, few=2)
    assert found.few is not None
    assert len(found.few.draws) == 2
    assert found.few.span[0] <= found.few.mean <= found.few.span[1]
    assert found.few.mean > 0.7


def test_a_gain_is_predicted_from_words():
    """The model gives a known task its gain and an empty prompt something in between."""
    small = _benchmark(5)
    model = GainModel(1.0).fit(small.design, small.strong - small.weak)
    hard, easy, nothing = model.predict(designed(["derive the law of rome", "say hello to rome", ""]))
    assert hard > 0.8
    assert easy < 0.2
    assert easy < nothing < hard
