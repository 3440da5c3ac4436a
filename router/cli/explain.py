"""tierwise explain: the whole decision for one prompt or request; nothing is sent."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping
from itertools import zip_longest
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from classifier.artifact import ArtifactInvalid
from classifier.assess import DEFAULT_FOLDER
from classifier.explain import Account, Explanation, Kind, Move, load_explainer
from classifier.explain import document as explained
from classifier.prompt import Prompt
from classifier.tier import Tier
from router.app import dry_run
from router.cli.command import pasteable
from router.cli.notes import note_roles, note_shipped, printable
from router.errors import ArtifactRejected, MalformedRequest, OperatorError, RouterError
from router.plan import BUILTIN
from router.policy.explanation import DryRun, Unserved, comparison, document, estimate, heading, sized
from router.settings.load import load

Decider = Callable[[bytes, Tier | None], DryRun]
"""Decides the body of a chat completion at a lowest tier (x-router-min-tier); raises RouterError."""

Start = Callable[[Path | None, Mapping[str, str]], Decider]
"""Makes a decider of a configuration file (None: the shipped one) and the environment; raises OperatorError."""

Reasons = Callable[[Prompt], Explanation]
"""Says which words and traits of a prompt moved its assessment."""

FEATURES = 6
_QUOTED = {Kind.WORD: "'{}'", Kind.PAIR: "'{}'", Kind.EARLIER: "'{}', around the request"}
_HEADS = {"medium": "medium or hard", "hard": "hard", "missing": "missing information"}


def open_reasons(config: Path | None, environ: Mapping[str, str]) -> Reasons:
    """Take apart the artifact that a configuration names (None: the shipped one); OperatorError where it is broken."""
    settings = load(config, environ).classifier
    folder = DEFAULT_FOLDER if settings.artifact == BUILTIN else Path(settings.artifact)
    try:
        return load_explainer(folder, settings.harness_tags).explain
    except ArtifactInvalid as error:
        raise ArtifactRejected(error.message, fix=error.fix) from None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("prompt", nargs="?", help="the prompt, as one user message")
    what.add_argument("--request", type=Path, metavar="FILE", help="the JSON body of a chat completion")
    parser.add_argument("--config", type=Path, help="the routing YAML (default: config/tierwise.yaml as shipped)")
    parser.add_argument(
        "--model", help="what the client asks for, as in auto:quality (default: the request's, else auto)"
    )
    parser.add_argument(
        "--min-tier", choices=[tier.label for tier in Tier], help="as the header x-router-min-tier would say it"
    )
    parser.add_argument(
        "--features",
        type=_count,
        default=FEATURES,
        metavar="N",
        help="words and traits that moved the assessment, each way; 0 for none (default: %(default)s)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(
    args: argparse.Namespace,
    start: Start = dry_run,
    begin: Callable[[Path | None, Mapping[str, str]], Reasons] = open_reasons,
) -> int:
    """Print the decision; 0, or 1 where the request would be refused (the error and its fix go to stderr)."""
    try:
        body = body_of(args.prompt, args.request, args.model)
        floor = None if args.min_tier is None else Tier.parse(args.min_tier)
        note_shipped(args.config, ", or simulated upstreams where none of its keys is set")
        decided = start(args.config, os.environ)(body, floor)
    except Unserved as refusal:
        note_roles(refusal.request.prompt)
        for line in sized(refusal.request, refusal.assessment):
            print(line)
        print(pasteable(f"tierwise: {refusal.message}\n{refusal.fix}"), file=sys.stderr)
        return 1
    except OperatorError:
        raise  # the command's entry point ends the process for these, alike for every command
    except RouterError as error:
        print(pasteable(f"tierwise: {error.message}\n{error.fix}"), file=sys.stderr)
        return 1
    note_roles(decided.request.prompt)
    reasons = None
    if args.features and decided.assessment is not None:
        reasons = begin(args.config, os.environ)(decided.request.prompt)
    if args.json:
        told = document(decided)
        if reasons is not None:
            told["features"] = explained(reasons, args.features)
        print(json.dumps(told, indent=2))
        return 0
    console = Console(markup=False, emoji=False, highlight=False)
    render(decided, console)
    if reasons is not None and decided.assessment is not None:
        render_reasons(reasons, decided.assessment.tier, args.features, console)
    return 0


def body_of(prompt: str | None, request: Path | None, model: str | None) -> bytes:
    """Return the body to decide: a prompt as one user message, or a file's, untouched unless `model` must be set.

    MalformedRequest where the file cannot be read or is not a JSON object.
    """
    if request is None:
        message = {"role": "user", "content": prompt or ""}
        return json.dumps({"model": model or "auto", "messages": [message]}).encode()
    try:
        body = request.read_bytes()
        fields = json.loads(body)
    except OSError as error:
        raise MalformedRequest(f"{request} cannot be read: {error.strerror}", fix="Name a readable file.") from None
    except (ValueError, RecursionError) as error:
        raise MalformedRequest(f"{request} is not JSON: {error}") from None
    if not isinstance(fields, dict):
        raise MalformedRequest(f"{request} is not a JSON object.")
    if model is None and "model" in fields:
        return body
    return json.dumps({**fields, "model": model or "auto"}).encode()


def render(decided: DryRun, console: Console) -> None:
    """Print the decision for a person."""
    for line in heading(decided):
        console.print(line, soft_wrap=True)
    ranked = Table(title="Candidates, in the order of attempts", title_justify="left")
    for column in ("#", "upstream", "provider", "model", "tier", "estimate"):
        ranked.add_column(column, overflow="fold")
    for place, candidate in enumerate(decided.decision.ranked, start=1):
        upstream = candidate.upstream
        ranked.add_row(
            str(place), upstream.name, upstream.provider.name, upstream.model, upstream.tier.label, estimate(candidate)
        )
    console.print(ranked)
    if decided.decision.rejected:
        refused = Table(title="Not eligible", title_justify="left")
        for column in ("upstream", "cause", "why"):
            refused.add_column(column, overflow="fold")
        for refusal in decided.decision.rejected:
            refused.add_row(refusal.upstream.name, refusal.cause.value, refusal.detail)
        console.print(refused)
    console.print(comparison(decided), soft_wrap=True)


def render_reasons(reasons: Explanation, tier: Tier, most: int, console: Console) -> None:
    """Print what moved the score that a prompt of `tier` hangs on, and that of missing information."""
    for head in ("hard" if tier is Tier.HARD else "medium", "missing"):
        account = reasons.accounts[head]
        before, chance = f"{account.bias:+.2f} before a word was read", "0 is a chance of one half"
        console.print(f"Score of {_HEADS[head]}: {account.logit:+.2f} ({before}; {chance})", soft_wrap=True)
        console.print(moved(account, most))


def moved(account: Account, most: int) -> Table:
    """Return what moved one logit, the strongest first, at most so many each way. It quotes the prompt."""
    table = Table(box=box.SIMPLE_HEAD)
    for column in ("moves it up", "moves it down"):
        table.add_column("by", justify="right", no_wrap=True)
        table.add_column("share", justify="right", no_wrap=True)
        table.add_column(column, overflow="fold")
    for up, down in zip_longest(account.up(most), account.down(most)):
        table.add_row(*_cells(up), *_cells(down))
    return table


def _cells(move: Move | None) -> tuple[str, str, str]:
    """Return how far a move went, its share of all that moved, and what it was."""
    if move is None:
        return "", "", ""
    what = printable(move.what)
    return f"{move.logit:+.2f}", f"{move.share:.0%}", _QUOTED.get(move.kind, "{}").format(what)


def _count(text: str) -> int:
    """Read a number of features; ArgumentTypeError says what was expected."""
    if not (text.isascii() and text.isdigit() and len(text) < 5):
        raise argparse.ArgumentTypeError(f"'{text}' is not a number from 0 to 9999")
    return int(text)
