from pathlib import Path

import numpy as np
import pytest

from classifier.evaluation.benchmarks import Benchmark, benchmark, compared, designed, unlabelled
from classifier.evaluation.curves import routing_curve
from classifier.training.sources import CLASSICAL, ROUTELLM_MMLU, DataMissing


def _benchmark(texts: tuple[str, ...]) -> Benchmark:
    """Return a benchmark whose longer half only the strong model solves."""
    length = np.log1p([len(text) for text in texts])
    return Benchmark(
        name="small",
        texts=texts,
        design=designed(texts),
        bare=designed(texts),
        weak=(length <= np.median(length)).astype(float),
        strong=np.ones(len(texts)),
        length=length,
        halves=np.arange(len(texts)) % 2 == 0,
    )


def test_a_text_is_its_own_family():
    """An unlabelled text has no tier and is a user's only turn."""
    found = unlabelled("why?")
    assert (found.id, found.group, found.tier) == ("why?", "why?", None)
    assert [turn.text for turn in found.prompt.turns] == ["why?"]


def test_a_score_is_compared_with_length():
    """Length against itself gains nothing; its opposite loses."""
    small = _benchmark(tuple("word " * count for count in range(1, 61)))
    same = compared("same", small.length, small, draws=30)
    assert same.above_length == (0.0, 0.0)
    assert same.curve == routing_curve(small.length, small.weak, small.strong)
    assert same.apgr[0] <= same.curve.apgr <= same.apgr[1]
    worse = compared("worse", -small.length, small, draws=30)
    assert worse.above_length[1] < 0


def test_a_benchmark_that_is_not_there_is_named(tmp_path: Path):
    """Without its file the message says what to do."""
    with pytest.raises(DataMissing, match="--data-dir"):
        benchmark(tmp_path, ROUTELLM_MMLU)


def test_the_items_of_the_published_protocol_are_used(data_dir: Path):
    """After contaminated items are dropped, RouteLLM's counts remain, and length has the APGR known for it."""
    found = [benchmark(data_dir, source) for source in CLASSICAL[1:]]
    assert [len(one.texts) for one in found] == [1307, 72]
    gsm8k = routing_curve(found[0].length, found[0].weak, found[0].strong)
    assert gsm8k.apgr == pytest.approx(0.598, abs=0.005)
    assert found[0].weak.mean() == pytest.approx(0.637, abs=0.002)
    assert found[0].strong.mean() == pytest.approx(0.858, abs=0.002)


def test_a_part_of_a_benchmark(data_dir: Path):
    """Each so-manieth item is kept, with its results; the templates are stripped from the second reading."""
    found = benchmark(data_dir, ROUTELLM_MMLU, every=200)
    assert len(found.texts) == 71
    assert found.design.numbers.shape == found.bare.numbers.shape
    assert not np.array_equal(found.design.numbers, found.bare.numbers)
