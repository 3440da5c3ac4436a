from collections import defaultdict
from dataclasses import replace
from pathlib import Path

from classifier.prompt import Prompt
from classifier.training import sources
from classifier.training.dataset import (
    FOLDS,
    annotated,
    checksums,
    flagged_examples,
    folds_of,
    overlapping,
    with_families,
)
from classifier.training.labels import Example, is_own

STORY = "Anna has four red apples and gives two of them to her brother Tom before lunch on Monday"


def test_a_group_is_in_one_fold(examples: tuple[Example, ...]):
    """No family is divided by the folds, and every fold is used."""
    folds = folds_of(examples, seed=3)
    seen = defaultdict(set)
    for example, fold in zip(examples, folds, strict=True):
        seen[example.group].add(fold)
    assert all(len(found) == 1 for found in seen.values())
    assert set(folds) == set(range(FOLDS))


def test_folds_follow_the_seed(examples: tuple[Example, ...]):
    """One seed gives one division, another seed another."""
    assert folds_of(examples, seed=3) == folds_of(examples, seed=3)
    assert folds_of(examples, seed=3) != folds_of(examples, seed=4)


def test_near_duplicates_become_one_family(examples: tuple[Example, ...]):
    """Prompts that share most of their words in order are one family, others are left alone."""
    texts = (STORY, STORY + ".", STORY.replace("Monday", "Friday"), "an entirely different question about the weather")
    named = tuple(
        replace(examples[0], id=str(place), group=str(place), prompt=Prompt.of((("user", text),)))
        for place, text in enumerate(texts)
    )
    groups = [example.group for example in with_families(named)]
    assert groups[0] == groups[1] == groups[2]
    assert groups[3] != groups[0]


def test_families_chain(examples: tuple[Example, ...]):
    """A family joined by a duplicate keeps its other members."""
    named = tuple(
        replace(examples[0], id=str(place), group=group, prompt=Prompt.of((("user", text),)))
        for place, (group, text) in enumerate(
            (("a", "nothing alike in this one at all"), ("a", STORY), ("b", STORY), ("b", "nor in that other one here"))
        )
    )
    assert len({example.group for example in with_families(named)}) == 1


def test_checksums_are_by_name():
    """The manifest's data section names each source, each file of own rows and that of instructions by its checksum."""
    found = checksums((sources.WRITTEN,))
    assert found["written"] == sources.WRITTEN.sha256
    assert len(found) == 2 + len(sources.own_files())
    assert "own_instructions" in found
    assert all(len(digest) == 64 for digest in found.values())


def test_every_second_own_prompt_stands_behind_instructions_of_no_consequence(data_dir: Path):
    """The same ones in every run, and no other prompt: what is tested is as it was."""
    examples, lines = annotated(data_dir), set(sources.instructions())
    behind = [one for one in examples if one.prompt.turns[0].role == "system" and one.prompt.turns[0].text in lines]
    assert len(lines) == len(sources.instructions()) > 50
    assert all(is_own(one) and len(one.prompt.turns) == 2 for one in behind)
    alone = [one for one in examples if is_own(one) and len(one.prompt.turns) == 1]
    assert 0.8 < len(behind) / len(alone) < 1.25
    assert [one.prompt for one in examples] == [one.prompt for one in annotated(data_dir)]


def test_the_annotated_data_is_whole(data_dir: Path):
    """All annotated prompts and session calls are read, then the own rows, no id twice."""
    examples = annotated(data_dir)
    others = 2524 + 2902 + 264
    assert not any(is_own(example) for example in examples[:others])
    assert all(is_own(example) for example in examples[others:])
    assert len(examples) > others + 2000
    assert len({example.id for example in examples}) == len(examples)


def test_overlapping_items_are_known(data_dir: Path):
    """Items of the classical benchmarks among the public prompts are found."""
    ids = {example.id for example in annotated(data_dir)}
    assert len(overlapping(data_dir) & ids) > 50


def test_flagged_sources_have_both_labels(data_dir: Path):
    """Each missing-information source has rows that lack something and rows that do not."""
    for source in sources.FLAGGED:
        assert {example.missing for example in flagged_examples(data_dir, source)} == {True, False}
