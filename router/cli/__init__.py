"""The commands: each parses, calls one function and prints. A command's module is loaded only when it is asked for."""

import argparse
import importlib
import sys
from collections.abc import Sequence
from types import ModuleType

from router import __version__
from router.cli.command import pasteable
from router.errors import OperatorError

COMMANDS = {
    "serve": "serve the OpenAI-compatible proxy",
    "check": "validate a configuration and show what it covers",
    "explain": "show the whole decision for a prompt; sends nothing",
    "calibrate": "choose the classifier's cut points for a wished loss, share of hard prompts or budget",
    "costs": "show what was spent, by tier, model, provider, caller or day",
}
"""Each command is the module router.cli.<name> with add_arguments(parser) and run(args) -> exit code."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; 0 is success, 1 a finding, 2 something that the operator must change (never a traceback)."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    command = next((word for word in arguments if not word.startswith("-")), None)
    parser = argparse.ArgumentParser(
        prog="tierwise", description="Each prompt to the cheapest model that meets its tier."
    )
    parser.add_argument("--version", action="version", version=f"tierwise {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    module: ModuleType | None = None
    for name, purpose in COMMANDS.items():
        sub = commands.add_parser(name, help=purpose, description=f"{purpose[0].upper()}{purpose[1:]}.")
        if name == command:
            module = importlib.import_module(f"router.cli.{name}")
            module.add_arguments(sub)
    args = parser.parse_args(arguments)
    if module is None:
        parser.error("name a command")
    try:
        code: int = module.run(args)
    except OperatorError as error:
        print(pasteable(f"tierwise: {error.message}\n{error.fix}"), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return 0
    return code
