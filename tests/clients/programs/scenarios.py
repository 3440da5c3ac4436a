"""Runs the scenarios of a client program and prints what each saw, as one line of JSON. Standard library only."""

import asyncio
import inspect
import json
import sys
import traceback
from collections.abc import Callable
from typing import Any

BASE_URL, KEY = (*sys.argv[1:3], "", "")[:2]
"""Where the proxy is, up to and including /v1, and the client key that it knows."""


def run(*scenarios: Callable[[], Any]) -> None:
    """Perform them in order. What a scenario raises is kept as its trace: the next one runs all the same."""
    results = {}
    for scenario in scenarios:
        try:
            value = scenario()
            results[scenario.__name__] = asyncio.run(value) if inspect.isawaitable(value) else value
        except Exception:  # noqa: BLE001  # whatever a library raises is what the test shows
            results[scenario.__name__] = traceback.format_exc()[-3000:]
    sys.stdout.write("\n" + json.dumps(results) + "\n")


def caught(call: Callable[[], Any], *kinds: type[Exception]) -> list[Any]:
    """Return the name of the one of `kinds` that `call` raises, a subclass of it counts, and its HTTP status."""
    try:
        call()
    except kinds as error:
        return [next(kind.__name__ for kind in kinds if isinstance(error, kind)), getattr(error, "status_code", None)]
    return ["nothing was raised"]
