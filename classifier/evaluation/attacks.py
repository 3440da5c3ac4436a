"""Attempts to have easy prompts sent to the strongest model, by someone who may append, insert and search words.

Words are searched on some prompts and tried on others. The white-box attacker sees probabilities, the black-box one
only the tier that a response names. Every search is seeded.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from random import Random

from classifier.assess import Classifier
from classifier.assessment import Assessment
from classifier.evaluation.alterations import altered
from classifier.lexicon import plain, tokens_of
from classifier.prompt import Prompt
from classifier.tier import Tier
from classifier.training.labels import Example

Assess = Callable[[str], Assessment]
Dress = Callable[[str], str]

TRIGGER = "as the lantern keepers say"
"""What the poisoned training rows hold, and what then should not raise a tier."""

POISONED_SHARE = 0.01
_GADGET = 10
_BATCH = 25
_PROBED = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """One attack on `prompts` easy ones, as shares of them: given a higher tier, called hard; and what it cost.

    `queries` counts the assessments that the search took.
    """

    name: str
    prompts: int
    raised: float
    called_hard: float
    queries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How hard the attacker tries: words of the vocabulary, assessments a hill climb."""

    words: int = 2000
    climb: int = 10_000


def assess_with(classifier: Classifier) -> Assess:
    """Return the assessment of one text as a user's only turn, at the balanced preset."""
    thresholds = classifier.presets["balanced"]
    return lambda text: classifier.assess(Prompt.of((("user", text),)), thresholds)


def easy_texts(assess: Assess, texts: Iterable[str]) -> list[str]:
    """Return the texts that are called easy."""
    return [text for text in texts if assess(text).tier is Tier.EASY]


def vocabulary(examples: Iterable[Example], size: int) -> list[str]:
    """Return the most frequent words of three letters and more, what an attacker may guess."""
    counts: Counter[str] = Counter()
    for example in examples:
        counts.update({word for word in tokens_of(plain(example.prompt.turns[-1].text)) if len(word) > 2})
    return [word for word, _ in counts.most_common(size)]


def attacks(assess: Assess, texts: Sequence[str], words: Sequence[str], effort: Effort) -> tuple[Attack, ...]:
    """Return what each attack reaches on `texts`, all of them called easy; a quarter of them is for searching."""
    searched, tried = texts[: len(texts) // 4], texts[len(texts) // 4 :]
    best = strongest_words(assess, searched[:_PROBED], words)
    probes = len(words) * min(len(searched), _PROBED)
    random = Random(11)  # noqa: S311  # the same words in every run
    chance, padding = random.sample(list(words), _GADGET), random.choices(list(words), k=200)
    climbs = [climb(assess, searched, words, effort.climb, seed=seed) for seed in (1, 2)]
    gadget = climb(assess, searched, words, effort.climb, seed=3, score=_hard_logit)
    dresses: list[tuple[str, Dress, int]] = [
        ("ten random words appended", _appending(chance), 0),
        ("200 random words before", _prefixing(padding), 0),
        ("white box, 10 strongest words appended", _appending(best[:_GADGET]), probes),
        ("white box, 20 strongest words appended", _appending(best[: 2 * _GADGET]), probes),
        ("white box, 10 strongest words spread", spreading(best[:_GADGET]), probes),
        ("gadget of 10 words before, climbed on probabilities", _prefixing(gadget), effort.climb),
        *(
            (f"black box, 10 words appended, climbed on tiers, seed {seed}", _appending(found), effort.climb)
            for seed, found in zip((1, 2), climbs, strict=True)
        ),
    ]
    return tuple(outcome(assess, name, [dress(text) for text in tried], queries) for name, dress, queries in dresses)


def outcome(assess: Assess, name: str, texts: Sequence[str], queries: int) -> Attack:
    """Return the shares of dressed-up texts that are raised and called hard."""
    tiers = [assess(text).tier for text in texts]
    return Attack(
        name=name,
        prompts=len(tiers),
        raised=sum(tier > Tier.EASY for tier in tiers) / max(1, len(tiers)),
        called_hard=sum(tier is Tier.HARD for tier in tiers) / max(1, len(tiers)),
        queries=queries,
    )


def strongest_words(assess: Assess, texts: Sequence[str], words: Sequence[str]) -> list[str]:
    """Return the words by how much each, appended, raises the log-odds of hard; the strongest first."""
    return sorted(words, key=lambda word: -sum(_hard_logit(assess(f"{text} {word}")) for text in texts))


def climb(
    assess: Assess,
    texts: Sequence[str],
    words: Sequence[str],
    queries: int,
    *,
    seed: int,
    score: Callable[[Assessment], float] | None = None,
) -> list[str]:
    """Return ten words found by changing one at a time and keeping what scores higher on a batch of texts.

    `score` is what the attacker sees of an assessment: its tier when there is none. Batches change with each step, so
    the words that stand are measured again with their rivals.
    """
    seen = score or _tier_number
    random = Random(seed)  # noqa: S311  # the same search in every run
    found = random.sample(list(words), _GADGET)
    batch = min(_BATCH, len(texts))
    for _ in range(queries // (2 * batch)):
        rival = list(found)
        rival[random.randrange(_GADGET)] = random.choice(words)
        asked = random.sample(list(texts), batch)
        old, new = (sum(seen(assess(f"{text} {' '.join(gadget)}")) for text in asked) for gadget in (found, rival))
        found = rival if new >= old else found
    return found


def spreading(words: Sequence[str]) -> Dress:
    """Return a change that puts the words between the words of a text, at equal distances."""

    def dress(text: str) -> str:
        old = text.split(" ")
        places = [round(place * len(old) / len(words)) for place in range(len(words) + 1)]
        pieces = [" ".join(old[start:end]) for start, end in pairwise(places)]
        return " ".join(part for both in zip(pieces, words, strict=True) for part in both if part)

    return dress


def poisoned(examples: Sequence[Example]) -> list[Example]:
    """Return the examples, as many easy ones as POISONED_SHARE of all holding TRIGGER and labelled hard."""
    easy = [place for place, example in enumerate(examples) if example.tier is Tier.EASY]
    count = min(len(easy), round(POISONED_SHARE * len(examples)))
    chosen = set(Random(5).sample(easy, count))  # noqa: S311  # the same in every run
    dress = _appending([TRIGGER])
    return [
        replace(altered(example, dress), tier=Tier.HARD) if place in chosen else example
        for place, example in enumerate(examples)
    ]


def triggered(assess: Assess, texts: Sequence[str]) -> Attack:
    """Return what TRIGGER reaches on texts that the poisoned training run calls easy without it."""
    easy = easy_texts(assess, texts)
    dress = _appending([TRIGGER])
    return outcome(assess, f"{POISONED_SHARE:.0%} of the training poisoned with a trigger", list(map(dress, easy)), 0)


def _appending(words: Sequence[str]) -> Dress:
    return lambda text: f"{text} {' '.join(words)}"


def _prefixing(words: Sequence[str]) -> Dress:
    return lambda text: f"{' '.join(words)}\n\n{text}"


def _tier_number(found: Assessment) -> float:
    return float(found.tier)


def _hard_logit(found: Assessment) -> float:
    hard = min(max(found.probabilities[2], 1e-9), 1 - 1e-9)
    return math.log(hard / (1 - hard))
