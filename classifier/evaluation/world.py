"""The examples with their features and folds, and the held-out predictions that all tables of them rest on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from classifier.evaluation.alterations import ALTERATIONS, altered
from classifier.evaluation.held_out import TEMPLATES, missing_found
from classifier.evaluation.recipe import Fitted, Predicted
from classifier.evaluation.scores import Finding
from classifier.evaluation.splits import SERVED, SESSIONS, by_folds, by_source, is_tested
from classifier.evaluation.table import CUT, Slice, Table, table_of
from classifier.evaluation.templates import stripped
from classifier.training.dataset import annotated, folds_of
from classifier.training.fit import Design, design_of
from classifier.training.labels import Example, is_own

Floats = npt.NDArray[np.float64]
Watch = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Examples, a row each, with their features and folds."""

    examples: tuple[Example, ...]
    design: Design
    folds: tuple[int, ...]

    def only(self, rows: Sequence[int]) -> "World":
        """Return the world of some rows."""
        return World(
            examples=tuple(self.examples[row] for row in rows),
            design=self.design.at(np.asarray(rows, dtype=np.int64)),
            folds=tuple(self.folds[row] for row in rows),
        )

    def without_own(self) -> "World":
        """Return the world without the project's own rows."""
        return self.only([row for row, one in enumerate(self.examples) if not is_own(one)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """Held-out predictions of one world: five folds by reading, the run without the first fold, left-out sources.

    `left_out` are difficulty and P(missing) by models that saw nothing of a row's source.
    """

    world: World
    table: Table
    readings: Mapping[str, Predicted]
    first: Fitted
    left_out: tuple[Floats, Floats]

    @property
    def served(self) -> Predicted:
        """What the prompts are told as they are."""
        return self.readings[SERVED]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """How difficulty and missing information are ordered: by five folds, and source by source left out.

    `left_out` begins with all sources pooled.
    """

    overall: tuple[Slice, ...]
    left_out: tuple[Slice, ...]
    missing: Finding
    left_out_missing: Finding


def world_of(data_dir: Path, *, seed: int, every: int = 1) -> World:
    """Read the annotated examples, each so-manieth; DataMissing without data."""
    examples = annotated(data_dir)[::every]
    return World(examples=examples, design=design_of(examples), folds=tuple(folds_of(examples, seed=seed)))


def tested_sources(world: World) -> list[str]:
    """Return the sources that are left out one after the other: those that are tested, but for agent sessions."""
    return sorted({example.source for example in world.examples if is_tested(example)} - {SESSIONS})


def ordered(world: World, *, draws: int, changed: bool, watch: Watch) -> Ordered:
    """Return the held-out predictions of a world; if `changed`, of its prompts altered and stripped."""
    readings = {SERVED: world.design}
    if changed:
        changes = {**ALTERATIONS, TEMPLATES: stripped}
        for name, change in changes.items():
            readings[name] = design_of([altered(example, change) for example in world.examples])
            watch(f"features, {name}")
    predicted, first = by_folds(world.examples, world.folds, readings, watch)
    return Ordered(
        world=world,
        table=table_of(world.examples, draws=draws),
        readings=predicted,
        first=first,
        left_out=by_source(world.examples, world.design, world.folds, tested_sources(world), watch),
    )


def order_of(found: Ordered) -> Order:
    """Return the figures of the order."""
    table, served = found.table, found.served
    difficulty, missing = found.left_out
    return Order(
        overall=tuple(
            table.slice(name, rows, served.difficulty, served.tiers[CUT]) for name, rows in table.parts().items()
        ),
        left_out=(
            table.slice("all, pooled", table.prompts, difficulty),
            *table.by_key(lambda example: example.source, difficulty),
        ),
        missing=missing_found(table, served.missing, table.prompts),
        left_out_missing=missing_found(table, missing, table.prompts),
    )
