"""All figures of the card, step by step: what is measured, on which rows, and in which order."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from classifier.evaluation.alterations import ALTERATIONS
from classifier.evaluation.attacks import (
    Attack,
    Effort,
    assess_with,
    attacks,
    easy_texts,
    poisoned,
    triggered,
    vocabulary,
)
from classifier.evaluation.benchmarks import Benchmark, benchmark
from classifier.evaluation.held_out import HeldOut, held_out
from classifier.evaluation.in_domain import InDomain, in_domain
from classifier.evaluation.latency import Footprint, Latency, footprint, latencies_apart
from classifier.evaluation.recipe import fit
from classifier.evaluation.routing import Transfer, apart, transfer
from classifier.evaluation.scores import Ranking, ranking
from classifier.evaluation.splits import READINGS, SERVED, divide, sessions_read_as
from classifier.evaluation.table import Slice, slices
from classifier.evaluation.world import Order, Ordered, World, order_of, ordered, tested_sources, world_of
from classifier.training import sources
from classifier.training.fit import design_of

Watch = Callable[[str], None]
Plan = Callable[[int], None]


THOROUGH = Effort()
PLAIN_DRAWS = 10
"""No interval of the training without own rows is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """How much is measured: each so-manieth example and benchmark item, samples an interval, draws of few labels."""

    every: int = 1
    draws: int = 200
    few: int = 5
    repeats: int = 1000
    attack: Effort = THOROUGH


FULL = Depth()
QUICK = Depth(every=8, draws=20, few=0, repeats=50, attack=Effort(words=40, climb=500))


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Everything the card says.

    What ends in `_plain` was measured without the project's own rows in the training, None where there are none;
    `own_rows` counts them.
    """

    own_rows: int
    order: Order
    order_plain: Order | None
    slices: Mapping[str, tuple[Slice, ...]]
    held: HeldOut
    sessions: Mapping[str, Ranking]
    transfer: Transfer
    transfer_plain: Transfer | None
    in_domain: Mapping[str, InDomain]
    attacks: tuple[Attack, ...]
    latency: tuple[Latency, ...]
    footprint: Footprint


def evaluate(data_dir: Path, folder: Path, *, seed: int, depth: Depth, plan: Plan, watch: Watch) -> Figures:
    """Compute all figures for the training recipe and the artifact in `folder`; DataMissing without data.

    `plan` is told once how many steps there are, `watch` what was done after each of them.
    """
    world = world_of(data_dir, seed=seed, every=depth.every)
    bare = world.without_own()
    own_rows = len(world.examples) - len(bare.examples)
    plan(steps(world, compared=own_rows > 0))
    items = [benchmark(data_dir, source, every=depth.every) for source in sources.CLASSICAL]
    watch("features")
    # first of all measurements: an artifact that does not fit is known before the long ones
    times, used = _latencies(world, folder, depth.repeats, watch), footprint(folder)
    found = ordered(world, draws=depth.draws, changed=True, watch=watch)
    plain = ordered(bare, draws=PLAIN_DRAWS, changed=False, watch=watch) if own_rows else None
    moved = _moved(data_dir, world, items, depth, watch)
    changed = {name: one for name, one in found.readings.items() if name != SERVED}
    return Figures(
        own_rows=own_rows,
        order=order_of(found),
        order_plain=None if plain is None else order_of(plain),
        slices=slices(found.table, found.served),
        held=held_out(found.table, changed, found.served),
        sessions=_sessions(found, watch),
        transfer=moved,
        transfer_plain=_moved(data_dir, bare, items, replace(depth, draws=PLAIN_DRAWS), watch) if own_rows else None,
        in_domain=_within(items, depth, watch),
        attacks=_attacks(found, depth.attack, watch),
        latency=times,
        footprint=used,
    )


def steps(world: World, *, compared: bool) -> int:
    """Return how often `watch` is told something; `compared` says that training without own rows is measured, too."""
    once = len(set(world.folds)) + len(tested_sources(world)) + 1  # folds, left-out sources, other benchmarks
    readings = len(ALTERATIONS) + 1
    return 1 + readings + once * (1 + compared) + 1 + len(READINGS) + len(sources.CLASSICAL) + 3


def _moved(data_dir: Path, world: World, items: list[Benchmark], depth: Depth, watch: Watch) -> Transfer:
    kept = world.only(apart(data_dir, world.examples, items))
    found = transfer(data_dir, (kept.examples, kept.design, kept.folds), items, draws=depth.draws)
    watch("other benchmarks")
    return found


def _within(items: list[Benchmark], depth: Depth, watch: Watch) -> dict[str, InDomain]:
    found = {}
    for item in items:
        found[item.name] = in_domain(item, draws=depth.draws, few=depth.few)
        watch(f"in domain, {item.name}")
    return found


def _sessions(found: Ordered, watch: Watch) -> dict[str, Ranking]:
    """Return how well session calls are ordered by what is read, and by what else could be read."""
    table = found.table
    tiers = table.tiers[table.calls]
    scores = {}
    for kind in (SERVED, *READINGS):
        scores[kind] = sessions_read_as(found.world.examples, found.world.folds, kind)
        watch(f"agent calls, {kind}")
    scores["length of the last turn"] = table.length
    return {name: ranking(score[table.calls], tiers) for name, score in scores.items()}


def _attacks(found: Ordered, effort: Effort, watch: Watch) -> tuple[Attack, ...]:
    """Attack the run that did not see the first fold, with easy prompts of that fold; then poison that run."""
    world, first = found.world, min(found.world.folds)
    inside, outside, inner = divide(world.examples, world.folds, first)
    assess = assess_with(found.first.classifier())
    single = [world.examples[row] for row in inside if len(world.examples[row].prompt.turns) == 1]
    texts = easy_texts(assess, [example.prompt.turns[-1].text for example in single])
    trained = [world.examples[row] for row in outside]
    reached = attacks(assess, texts, vocabulary(trained, effort.words), effort)
    watch("attacks")
    spoilt = poisoned(trained)
    halves = [fold % 2 for fold in inner]  # a coarse calibration is enough for this
    against = assess_with(fit(spoilt, design_of(spoilt), halves).classifier())
    watch("poisoned training")
    return (*reached, triggered(against, texts))


def _latencies(world: World, folder: Path, repeats: int, watch: Watch) -> tuple[Latency, ...]:
    some = world.examples[:: max(1, len(world.examples) // 400)]
    texts = tuple(example.prompt.turns[-1].text for example in some)
    found = latencies_apart(folder, texts=texts, repeats=repeats)
    watch("latency")
    return found
