"""How long one assessment takes by length of the prompt, and what importing the serving part costs.

Both are measured in processes of their own, which hold what serving holds and not the gigabytes of an evaluation.
"""

import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from itertools import cycle
from pathlib import Path

from classifier.assess import Classifier, load_classifier
from classifier.prompt import Prompt

LENGTHS = (20, 1_000, 8_000, 32_000, 256_000)
"""Tokens of the measured prompts, at four characters a token."""

TEXTS = (
    "Please compare these two sorting functions, in Python 3, and say which one is faster on 10 million rows: why?",
    "Our tenants' council must answer the landlord by Friday; draft a polite letter which refuses the new rule.",
    "Given a bag with seven red and five blue marbles, how likely is it that three drawn at once are not all red?",
    "def mean(values):\n    return sum(values) / len(values)  # fails for an empty list, what should it do instead?",
)
"""What prompts are made of where there are no others."""

_IMPORT = (
    "import json, os, sys, time; memory = '/proc/self/statm'; "
    "pages = lambda: int(open(memory).read().split()[1]) if os.path.exists(memory) else None; "
    "before = pages(); start = time.perf_counter(); "
    "from pathlib import Path; from classifier.assess import load_classifier; load_classifier(Path(sys.argv[1])); "
    "taken, after = time.perf_counter() - start, pages(); "
    "print(json.dumps([taken, after and (after - before) * os.sysconf('SC_PAGESIZE') / 2**20]))"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Wall time of `assess` in milliseconds, median and 99th percentile, for a prompt of `tokens` tokens."""

    tokens: int
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """What a fresh process pays for the serving part: seconds to import and load, and mebibytes, numpy included.

    `megabytes` is None where the system does not say (no /proc).
    """

    seconds: float
    megabytes: float | None


def latencies(classifier: Classifier, *, texts: tuple[str, ...] = TEXTS, repeats: int = 400) -> tuple[Latency, ...]:
    """Measure `assess` on prompts of LENGTHS made of `texts` one after the other, `repeats` times each."""
    return tuple(_latency(classifier, tokens, texts, repeats) for tokens in LENGTHS)


def latencies_apart(folder: Path, *, texts: tuple[str, ...] = TEXTS, repeats: int = 400) -> tuple[Latency, ...]:
    """Return what `latencies` measures of the artifact in `folder` in a fresh process."""
    done = subprocess.run(  # noqa: S603  # this very interpreter and module
        [sys.executable, "-m", "classifier.evaluation.latency", str(folder), str(repeats)],
        input=json.dumps(texts),
        check=True,
        capture_output=True,
        text=True,
    )
    return tuple(Latency(**found) for found in json.loads(done.stdout))


def footprint(folder: Path, *, repeats: int = 3) -> Footprint:
    """Measure importing and loading the artifact in `folder` in fresh processes; the least of each counts."""
    found = []
    for _ in range(repeats):
        done = subprocess.run([sys.executable, "-c", _IMPORT, str(folder)], check=True, capture_output=True, text=True)  # noqa: S603  # this very interpreter and a constant
        found.append(json.loads(done.stdout))
    return Footprint(
        seconds=min(seconds for seconds, _ in found),
        megabytes=min((memory for _, memory in found if memory is not None), default=None),
    )


def _latency(classifier: Classifier, tokens: int, texts: tuple[str, ...], repeats: int) -> Latency:
    thresholds = classifier.presets["balanced"]
    taken = []
    for number in range(repeats):
        prompt = Prompt.of((("user", long_text(texts, number % len(texts), 4 * tokens)),))
        start = time.perf_counter()
        classifier.assess(prompt, thresholds)
        taken.append((time.perf_counter() - start) * 1000.0)
    taken.sort()
    return Latency(tokens=tokens, p50_ms=taken[repeats // 2], p99_ms=taken[int(repeats * 0.99)])


def long_text(texts: tuple[str, ...], first: int, size: int) -> str:
    """Return `size` characters of `texts` one after the other, over and over, beginning with the one at `first`."""
    pieces, length = [], 0
    for text in cycle(texts[first:] + texts[:first]):
        pieces.append(text)
        length += len(text) + 1
        if length > size:
            break
    return "\n".join(pieces)[:size]


def main(folder: Path, repeats: int) -> int:
    """Measure with the texts of a JSON list in the standard input, and print what was found as one; 0."""
    texts = tuple(json.load(sys.stdin))
    found = latencies(load_classifier(folder), texts=texts, repeats=repeats)
    sys.stdout.write(json.dumps([asdict(one) for one in found]) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
