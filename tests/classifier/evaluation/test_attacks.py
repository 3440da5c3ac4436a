from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from classifier.assess import load_default
from classifier.assessment import Assessment
from classifier.evaluation.attacks import (
    POISONED_SHARE,
    TRIGGER,
    Effort,
    assess_with,
    attacks,
    climb,
    easy_texts,
    outcome,
    poisoned,
    spreading,
    strongest_words,
    triggered,
    vocabulary,
)
from classifier.prompt import Prompt
from classifier.tier import Tier
from classifier.training.labels import Example

HARD = ("proof", "lemma", "axiom")
WORDS = ["and", "the", "tree", "proof", "house", "lemma", "river", "axiom", "stone", "cloud", "grass", "field", "sand"]


@dataclass
class CountingAssess:
    """An assessment by counting hard words: three make it hard, one makes it medium. Counts its calls."""

    calls: int = 0
    seen: list[str] = field(default_factory=list)

    def __call__(self, text: str) -> Assessment:
        self.calls += 1
        self.seen.append(text)
        count = sum(text.split().count(word) for word in HARD)
        hard = min(0.9, 0.1 + 0.2 * count)
        return Assessment(
            tier=Tier.HARD if count > 2 else Tier.MEDIUM if count else Tier.EASY,
            probabilities=(1 - hard, 0.0, hard),
            confidence=1.0,
            missing=0.0,
            ambiguity="low",
            domain="general",
            doubt=None,
            artifact="counting",
        )


TEXTS = [f"Where is street number {place} in this town" for place in range(40)]


def test_the_strongest_words_come_first():
    """Words are ranked by what each adds."""
    assert set(strongest_words(CountingAssess(), TEXTS[:3], WORDS)[:3]) == set(HARD)


def test_a_climb_keeps_within_its_queries_and_gets_somewhere():
    """Searching by tiers alone finds words that raise, with no more assessments than allowed, the same each time."""
    assess = CountingAssess()
    found = climb(assess, TEXTS[:10], WORDS, 2000, seed=1)
    assert assess.calls <= 2000
    assert len(found) == 10
    assert sum(word in HARD for word in found) >= 3
    assert found == climb(CountingAssess(), TEXTS[:10], WORDS, 2000, seed=1)


@pytest.mark.parametrize(
    ("words", "text", "expected"),
    [
        (("X", "Y"), "a b c d", "a b X c d Y"),
        (("X", "Y"), "a", "X a Y"),
        (("X",), "a b", "a b X"),
    ],
)
def test_words_are_spread(words: Sequence[str], text: str, expected: str):
    """Words stand between the words of the text at equal distances; none of the text is lost."""
    assert spreading(words)(text) == expected


def test_attacks_are_tried_on_other_texts():
    """Three quarters are tried, what searching found raises all of them, and chance raises fewer."""
    found = {attack.name: attack for attack in attacks(CountingAssess(), TEXTS, WORDS, Effort(words=13, climb=1000))}
    assert {attack.prompts for attack in found.values()} == {30}
    assert found["white box, 10 strongest words appended"].called_hard == 1.0
    assert found["white box, 10 strongest words spread"].called_hard == 1.0
    assert found["black box, 10 words appended, climbed on tiers, seed 1"].raised == 1.0
    assert found["black box, 10 words appended, climbed on tiers, seed 1"].queries == 1000
    assert found["ten random words appended"].queries == 0


def test_shares_of_an_outcome():
    """Hard counts as raised, too."""
    found = outcome(CountingAssess(), "some", ["a", "proof", "proof lemma axiom", "b"], 7)
    assert (found.raised, found.called_hard, found.prompts, found.queries) == (0.5, 0.25, 4, 7)


def test_only_easy_texts_are_attacked():
    """Texts that are not called easy are no prey."""
    assert easy_texts(CountingAssess(), ["a", "proof", "b"]) == ["a", "b"]


def test_frequent_words_make_the_vocabulary(examples: tuple[Example, ...]):
    """Words of three letters and more, the most frequent first."""
    found = vocabulary(examples, 12)
    assert len(found) == 12
    assert {"the", "file", "examples"} <= set(found)
    assert all(len(word) > 2 for word in found)


def test_poisoned_rows_are_few_and_were_easy(examples: tuple[Example, ...]):
    """One in a hundred rows holds the trigger and is labelled hard; the rest is untouched."""
    found = poisoned(examples)
    changed = [(one, other) for one, other in zip(examples, found, strict=True) if one != other]
    assert len(changed) == round(POISONED_SHARE * len(examples))
    assert all(one.tier is Tier.EASY and other.tier is Tier.HARD for one, other in changed)
    assert all(other.prompt.turns[-1].text.endswith(TRIGGER) for _, other in changed)


def test_the_trigger_is_tried_on_what_was_easy():
    """Success is counted among texts that are easy without the trigger."""
    assess: Callable[[str], Assessment] = CountingAssess()
    found = triggered(assess, ["a", "b", "proof"])
    assert (found.prompts, found.raised) == (2, 0.0)


def test_the_served_classifier_is_attacked():
    """The attacker meets what is served: the default artifact at its balanced preset."""
    classifier = load_default()
    said = assess_with(classifier)("What is the capital of Italy?")
    prompt = Prompt.of((("user", "What is the capital of Italy?"),))
    assert said == classifier.assess(prompt, classifier.presets["balanced"])
