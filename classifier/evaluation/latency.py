"""How long one assessment takes, by length of the prompt."""

import time
from dataclasses import dataclass

from classifier.assess import Classifier
from classifier.prompt import Prompt

LENGTHS = (20, 1_000, 8_000, 32_000, 256_000)
"""Tokens of the measured prompts, at four characters a token."""

_TEXT = "Please compare these two sorting functions, in Python 3, and say which one is faster on 10 million rows: why? "


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Wall time of `assess` in milliseconds, median and 99th percentile, for a prompt of `tokens` tokens."""

    tokens: int
    p50_ms: float
    p99_ms: float


def latencies(classifier: Classifier, *, repeats: int = 400) -> tuple[Latency, ...]:
    """Measure `assess` on English prompts of LENGTHS, `repeats` times each."""
    return tuple(_latency(classifier, tokens, repeats) for tokens in LENGTHS)


def _latency(classifier: Classifier, tokens: int, repeats: int) -> Latency:
    size = 4 * tokens
    prompt = Prompt.of((("user", (_TEXT * (size // len(_TEXT) + 1))[:size]),))
    thresholds = classifier.presets["balanced"]
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        classifier.assess(prompt, thresholds)
        taken.append((time.perf_counter() - start) * 1000.0)
    taken.sort()
    return Latency(tokens=tokens, p50_ms=taken[repeats // 2], p99_ms=taken[int(repeats * 0.99)])
