"""The examples that training and evaluation share, their families and their folds."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import Any

from classifier.training import sources
from classifier.training.labels import OWN, Example, flagged, own, public, session, told, written
from classifier.training.sources import Source

FOLDS = 5
_SHINGLE = 4
_SAME = 0.5
_WORD = re.compile(r"\w+")
_COMMON = 40


def annotated(data_dir: Path) -> tuple[Example, ...]:
    """Return the annotated examples, the project's own rows last, near-duplicates in one group.

    DataMissing when a file is not there.
    """
    rows = chain(
        map(written, sources.WRITTEN.rows(data_dir)),
        map(public, sources.PUBLIC.rows(data_dir)),
        chain.from_iterable(map(session, sources.SESSIONS.rows(data_dir))),
        *(own(row, path.stem) for path in sources.own_files() for row in sources.own_rows(path)),
    )
    instructions = sources.instructions()
    return tuple(told(example, instructions) for example in with_families(tuple(rows)))


def flagged_examples(data_dir: Path, source: Source) -> tuple[Example, ...]:
    """Return the examples of a source that only says whether something is missing."""
    return tuple(map(flagged, source.rows(data_dir)))


def overlapping(data_dir: Path) -> frozenset[str]:
    """Return the ids of annotated prompts that are (nearly) an item of a classical benchmark."""
    rows = chain.from_iterable(source.rows(data_dir) for source in sources.OVERLAPPING)
    return frozenset(row["id"] for row in rows if row.get("overlap"))


def checksums(used: Sequence[Source]) -> dict[str, Any]:
    """Return the SHA-256 of each source and of each file of own rows, by name."""
    own_files = (*sources.own_files(), sources.INSTRUCTIONS)
    return {
        **{source.name: source.sha256 for source in used},
        **{OWN + path.stem: sha256(path.read_bytes()).hexdigest() for path in own_files},
    }


def folds_of(examples: Sequence[Example], *, seed: int) -> list[int]:
    """Return a fold below FOLDS for each example; a group is never divided."""
    groups = sorted({example.group for example in examples}, key=lambda group: _order(seed, group))
    fold = {group: place % FOLDS for place, group in enumerate(groups)}
    return [fold[example.group] for example in examples]


def _order(seed: int, name: str) -> bytes:
    """Return a sort key that shuffles names, the same in every run."""
    return sha256(f"{seed}:{name}".encode()).digest()


def with_families(examples: tuple[Example, ...]) -> tuple[Example, ...]:
    """Return the examples with groups joined where the last turns are near-duplicates.

    Near-duplicates share at least half of their four-word shingles (Jaccard). Shingles that more than 40 prompts
    share are templates and count for nothing.
    """
    shingles = [_shingles(example) for example in examples]
    holders: dict[str, list[int]] = defaultdict(list)
    for place, found in enumerate(shingles):
        for shingle in found:
            holders[shingle].append(place)
    parents = {example.group: example.group for example in examples}
    for first, second in _similar(shingles, holders):
        one, other = _root(parents, examples[first].group), _root(parents, examples[second].group)
        parents[max(one, other)] = min(one, other)
    return tuple(replace(example, group=_root(parents, example.group)) for example in examples)


def _similar(shingles: list[set[str]], holders: dict[str, list[int]]) -> list[tuple[int, int]]:
    """Return the pairs of places whose shingles are alike."""
    shared: dict[tuple[int, int], int] = defaultdict(int)
    for places in holders.values():
        if 1 < len(places) <= _COMMON:
            for place, first in enumerate(places):
                for second in places[place + 1 :]:
                    shared[first, second] += 1
    return [
        (first, second)
        for (first, second), count in shared.items()
        if count >= _SAME * (len(shingles[first]) + len(shingles[second]) - count)
    ]


def _shingles(example: Example) -> set[str]:
    words = _WORD.findall(example.prompt.turns[-1].text.lower())
    return {" ".join(words[place : place + _SHINGLE]) for place in range(len(words) - _SHINGLE + 1)}


def _root(parents: dict[str, str], group: str) -> str:
    while parents[group] != group:
        group = parents[group]
    return group
