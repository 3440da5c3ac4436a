"""tierwise explain: the whole decision for one prompt or request; nothing is sent."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table

from classifier.tier import Tier
from router.app import dry_run
from router.errors import MalformedRequest, OperatorError, RouterError
from router.policy.explanation import DryRun, comparison, document, estimate, heading

Decider = Callable[[bytes, Tier | None], DryRun]
"""Decides the body of a chat completion at a lowest tier (x-router-min-tier); raises RouterError."""

Start = Callable[[Path | None, Mapping[str, str]], Decider]
"""Makes a decider of a configuration file (None: the shipped one) and the environment; raises OperatorError."""


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
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace, start: Start = dry_run) -> int:
    """Print the decision; 0, or 1 where the request would be refused (the error and its fix go to stderr)."""
    try:
        body = body_of(args.prompt, args.request, args.model)
        floor = None if args.min_tier is None else Tier.parse(args.min_tier)
        decided = start(args.config, os.environ)(body, floor)
    except OperatorError:
        raise  # the command's entry point ends the process for these, alike for every command
    except RouterError as error:
        print(f"tierwise: {error.message}\n{error.fix}", file=sys.stderr)
        return 1
    if args.json:
        print(json.dumps(document(decided), indent=2))
    else:
        render(decided, Console(markup=False, emoji=False, highlight=False))
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
