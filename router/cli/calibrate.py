"""tierwise calibrate: cut points for a wished loss, share of hard prompts or budget, from labelled prompts."""

import argparse
import gzip
import json
import math
import os
import sys
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO, TextIO

import numpy as np
from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from classifier.assess import Classifier
from classifier.assessment import Assessment
from classifier.calibration.choose import Measured, Wish, choose, measure_presets
from classifier.calibration.path import path_through
from classifier.calibration.rows import Row, RowsInvalid, parse
from classifier.calibration.sample import Floats, Sample, of_thresholds, quality_losses, under_tier_losses
from classifier.calibration.words import cells, document, percent, snippet, verdict
from classifier.thresholds import Thresholds
from classifier.tier import Tier
from router.cli.notes import note_shipped
from router.errors import OperatorError
from router.plan import assembled_today, load_artifact
from router.policy.decide import View, requirement
from router.policy.estimate import PRIOR_OUTPUT_TOKENS
from router.policy.resolve import RouteTarget
from router.policy.rules import Route
from router.policy.tariff import Tariff
from router.request import Needs, Request
from router.settings.assemble import assemble
from router.settings.load import load
from router.settings.problems import meant
from router.wire import tokens

KEPT, NOT_KEPT = 0, 1
_GZIP = b"\x1f\x8b"
_MOST_PROBLEMS = 20
_WIDEST = 10_000
_COLUMNS = ("", "medium / hard", "loss", "at most", "easy", "medium", "hard", "a request", "saving")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("file", metavar="FILE", help="JSON Lines of labelled prompts; - is standard input")
    wish = parser.add_mutually_exclusive_group(required=True)
    wish.add_argument("--max-quality-loss", type=_share, metavar="SHARE", help="the mean loss to stay below, as 2%%")
    wish.add_argument("--hard-share", type=_share, metavar="SHARE", help="the prompts that may go to hard, as 30%%")
    wish.add_argument("--budget", type=_usd, metavar="USD", help="what a request may cost in the mean, as 0.002")
    wish.add_argument("--presets", action="store_true", help="measure cheap, balanced and quality instead of choosing")
    parser.add_argument("--confidence", type=_share, default=0.95, metavar="SHARE", help="of the bound (default: 95%%)")
    parser.add_argument("--route", default="auto", metavar="NAME", help="the route to calibrate (default: %(default)s)")
    parser.add_argument(
        "--tier-loss",
        type=_weights,
        default=(1.0, 1.0),
        metavar="ONE,TWO",
        help="what is lost one and two tiers too low, where rows have a tier and no quality (default: 1,1)",
    )
    parser.add_argument("--config", type=Path, help="the routing YAML (default: config/tierwise.yaml as shipped)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Print the cut points; 0, 1 where the wish cannot be promised or kept, OperatorError where the input is wrong."""
    rows = read_rows(args.file, sys.stdin.buffer)
    note_shipped(args.config)
    bench = open_bench(args.config, os.environ, datetime.now(UTC).date(), args.route)
    return calibrate(args, rows, bench, sys.stdout)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What prompts are measured on: a classifier, a route at its own dial, and what it costs there."""

    classifier: Classifier
    route: Route
    view: View

    @property
    def thresholds(self) -> Thresholds:
        """The cut points that the route uses where the client names no dial; those of doubts stay."""
        return self.route.thresholds[self.route.dial]


def open_bench(config: Path | None, environ: Mapping[str, str], today: date, route: str) -> Bench:
    """Load the configuration and its artifact; OperatorError where that fails or there is no such route.

    Where no upstream has its key, all count as if they had: a file can be calibrated away from its keys.
    """
    settings = load(config, environ)
    classifier = load_artifact(settings)
    found = assembled_today(settings, environ, classifier)
    if not found.usable:
        found = assemble(settings, environ, today, presets=classifier.presets, require_keys=False)
    routes = found.rules.routes
    if route not in routes:
        fix = f"Name one of: {', '.join(routes)}."
        raise OperatorError(f"There is no route '{route}'.{meant(route, routes)}", fix=fix)
    return Bench(classifier=classifier, route=routes[route], view=View(catalog=found.catalog, today=today))


def read_rows(name: str, standard_input: BinaryIO) -> tuple[Row, ...]:
    """Return the prompts of a file, plain or gzipped, or of standard input; OperatorError with what is wrong."""
    readable = "Name a readable file of JSON Lines, plain or gzipped."
    try:
        content = standard_input.read() if name == "-" else Path(name).read_bytes()
        if content.startswith(_GZIP):
            content = gzip.decompress(content)
        return parse(content.split(b"\n"))
    except OSError as error:
        raise OperatorError(f"{name} cannot be read: {error.strerror or 'it is broken'}.", fix=readable) from None
    except (EOFError, zlib.error):
        raise OperatorError(f"{name} is a broken gzip file.", fix=readable) from None
    except RowsInvalid as invalid:
        raise _refusal(invalid.problems) from None


def _refusal(problems: Sequence[str]) -> OperatorError:
    """Return the error for lines that cannot be used: the first of them, and how many more there are."""
    shown = list(problems[:_MOST_PROBLEMS])
    if len(problems) > len(shown):
        shown.append(f"... and {len(problems) - len(shown):,} more.")
    return OperatorError("these rows cannot be used:\n" + "\n".join(shown), fix="Mend the lines named above.")


def calibrate(args: argparse.Namespace, rows: Sequence[Row], bench: Bench, out: TextIO) -> int:
    """Choose or measure as wished, print, and return the exit code; OperatorError where rows lack labels or prices."""
    wish = _wish(args)
    sample = sample_of(rows, bench, args.tier_loss, labelled=wish is None or wish[0] is Wish.MAX_QUALITY_LOSS)
    console = Console(file=out, markup=False, emoji=False, highlight=False)
    presets = bench.classifier.presets
    if wish is None:
        measured = measure_presets(sample, presets, args.confidence)
        if args.json:
            out.write(json.dumps({name: document(one) for name, one in measured.items()}, indent=2) + "\n")
        else:
            _print_measured(measured, args.confidence, rows, console)
        return KEPT
    if wish[0] is Wish.BUDGET and (sample.costs is None or not np.isfinite(sample.costs).all()):
        raise OperatorError(
            f"Route '{bench.route.name}' has no price for each of these prompts in every tier.",
            fix="Write prices in the routing YAML (`tierwise check` shows what is covered), or use --hard-share.",
        )
    choice = choose(sample, path_through(map(of_thresholds, presets.values())), wish, args.confidence)
    if args.json:
        head = {"wish": wish[0].value, "value": wish[1], "confidence": args.confidence, "kept": choice.kept}
        place = {"rows_needed": choice.rows_needed, "route": bench.route.name, "dial": bench.route.dial}
        out.write(json.dumps({**head, **place, **document(choice.measured)}, indent=2) + "\n")
    else:
        for line in verdict(choice, wish, args.confidence):
            console.print(line, soft_wrap=True)
        console.print(f"\n{snippet(choice, bench.route.name, bench.route.dial)}\n", soft_wrap=True)
        _print_measured({"chosen": choice.measured}, args.confidence, rows, console)
    return KEPT if choice.kept else NOT_KEPT


def sample_of(rows: Sequence[Row], bench: Bench, weights: tuple[float, float], *, labelled: bool) -> Sample:
    """Assess every prompt, and look up what each tier loses and costs; OperatorError where labels are missing.

    `labelled` says that labels are needed; `weights` is the loss one and two tiers too low.
    """
    cut, target = bench.thresholds, RouteTarget(route=bench.route, dial=bench.route.dial)
    tariff = Tariff(route=bench.route, view=bench.view)
    probabilities, served, costs = [], [], []
    for row in rows:
        found = bench.classifier.assess(row.prompt, cut)
        probabilities.append(found.probabilities)
        served.append([requirement(target, replace(found, tier=tier), None).tier for tier in Tier])
        costs.append([math.nan if cost is None else float(cost) for cost in _costs(row, found, tariff)])
    losses, graded = _losses(rows, weights, labelled=labelled)
    return Sample(
        probabilities=np.array(probabilities, dtype=np.float64),
        served=np.array(served, dtype=np.int64),
        losses=losses,
        graded=graded,
        costs=np.array(costs, dtype=np.float64),
    )


def _costs(row: Row, found: Assessment, tariff: Tariff) -> tuple[Decimal | None, ...]:
    """Return what a prompt is expected to cost in each tier, its answer as long as its label or its tier has it."""
    prompt = row.prompt
    size, count = sum(tokens.text_bytes(text) for _, text in prompt.turns), len(prompt.turns)
    request = Request(
        id="calibration",
        caller="operator",
        model_asked=tariff.route.name,
        body=b"",
        model_at=(0, 0),
        prompt=prompt,
        needs=Needs(
            tools=prompt.tools > 0,
            images=prompt.images > 0,
            context_tokens=tokens.safe(size, messages=count, images=prompt.images),
        ),
        input_tokens=tokens.likely(size, messages=count, images=prompt.images),
    )
    likeliest = Tier(int(np.argmax(found.probabilities)))
    return tariff.costs(request, likeliest if row.tier is None else row.tier)


def _losses(rows: Sequence[Row], weights: tuple[float, float], *, labelled: bool) -> tuple[Floats | None, bool]:
    """Return the losses (n, 3) and whether they are graded; None without labels. Rows must be labelled alike."""
    qualities = [row.quality for row in rows if row.quality is not None]
    if len(qualities) == len(rows):
        return quality_losses(qualities), True
    tiers = [row.tier for row in rows if row.tier is not None]
    if len(tiers) == len(rows):
        return under_tier_losses(tiers, *weights), not set(weights) <= {0.0, 1.0}
    if not labelled and not tiers and not qualities:
        return None, True
    missing = "quality" if len(qualities) > len(tiers) else "tier"
    lacking = [row.line for row in rows if getattr(row, missing) is None]
    raise _refusal([f'Line {line}: it has no "{missing}"; give every line the same kind of label.' for line in lacking])


def _print_measured(measured: Mapping[str, Measured], confidence: float, rows: Sequence[Row], console: Console) -> None:
    """Print the table of what was measured, and what its columns mean."""
    table = Table(box=box.SIMPLE_HEAD)
    for place, column in enumerate(_COLUMNS):
        table.add_column(column, justify="left" if place < 2 else "right", no_wrap=True)
    for name, one in measured.items():
        table.add_row(name, *cells(one))
    needed = Measurement.get(console, console.options.update(max_width=_WIDEST), table).maximum
    console.width = max(console.width, needed)
    console.print(table)
    lengths = "/".join(map(str, PRIOR_OUTPUT_TOKENS))
    graded = all(row.quality is not None for row in rows)
    loss = "quality lost against the hard tier" if graded else "served below the labelled tier"
    for note in (
        f"{len(rows):,} prompts. loss: {loss}, in the mean.",
        f"at most: its bound with {percent(confidence)} confidence, for cut points not chosen by these labels.",
        f"a request: expected cost by the configured prices, answers of {lengths} tokens assumed (easy/medium/hard).",
        "saving: against sending everything to hard.",
        "All this holds for traffic like these prompts, if they did not train the classifier.",
    ):
        console.print(note, soft_wrap=True)


def _wish(args: argparse.Namespace) -> tuple[Wish, float] | None:
    """Return the wish and its number; None for --presets."""
    return next(((wish, value) for wish in Wish if (value := getattr(args, wish.value)) is not None), None)


def _share(text: str) -> float:
    """Read a share between 0 and 1, written 2% or 0.02; ArgumentTypeError says what was expected."""
    number = text.strip()
    value = _number(number.removesuffix("%")) / (100 if number.endswith("%") else 1)
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a share between 0 and 1: write 2% or 0.02")
    return value


def _usd(text: str) -> float:
    """Read an amount of USD above 0; estimates are floats, nothing is billed by them."""
    value = _number(text)
    if value <= 0:
        raise argparse.ArgumentTypeError(f"'{text}' is no amount of USD above 0: write 0.002")
    return value


def _weights(text: str) -> tuple[float, float]:
    """Read two losses in 0..1, the second at least the first."""
    parts = text.split(",")
    numbers = [_number(part) for part in parts]
    if len(numbers) != 2 or not 0 <= numbers[0] <= numbers[1] <= 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not ONE,TWO with 0 <= ONE <= TWO <= 1, as in 0.5,1")
    return numbers[0], numbers[1]


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"'{text}' is not a number")
    return value
