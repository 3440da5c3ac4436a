"""Programs of other people's client libraries, run as their users run them: a process, a base URL and a key.

A program in tests/clients/programs performs its scenarios one after the other and prints one JSON object, what each
scenario saw. The Python libraries live in a virtualenv of their own (.venv-clients), those for node in node_modules.
"""

import asyncio
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import behaviour
from tests.fakes.answering import answering, editing
from tests.fakes.proxy import running
from tests.fakes.upstream import FakeUpstream, Seen

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ROOT / "tests" / "clients" / "programs"
NODE_MODULES = ROOT / "tests" / "clients" / "node" / "node_modules"
KEY = "client-key-0123456789abcdef"
RUN_SECONDS = 250  # eight imports of large libraries on a machine that does other things as well
LISTED = ("talks", "reasons", "limited", "busy", "gone", "refuses", "broken", "cut", "endless", "edits")
"""The upstreams that a program can ask for by name. Each is `NAME-1` at its provider."""

CONFIG = """
version: 1
server: {{auth: {{keys: {{clients: os.environ/CLIENTS_KEY}}}}}}
providers:
  one: {{kind: vllm, base_url: "{base_url}"}}
upstreams:
  small: {{provider: one, model: small-1, tier: easy, window: 128000, capabilities: [tools, json_schema, vision],
    price: {{input: 0.1, output: 0.4}}}}
  large: {{provider: one, model: large-1, tier: hard, window: 128000, capabilities: [tools, json_schema, vision],
    price: {{input: 2, output: 10}}}}
{listed}
routes: {{auto: {{}}}}
delivery: {{deadline: 20s, first_byte_timeout: 10s, idle_timeout: 10s, connect_timeout: 2s}}
"""
_UPSTREAM = """\
  {name}: {{provider: one, model: {name}-1, tier: hard, window: 128000, price: {{input: 20, output: 90}},
    capabilities: [tools, json_schema, vision, reasoning]}}
"""


@dataclass(frozen=True, slots=True)
class Case:
    """A scenario of a program, and what it must have seen."""

    id: str
    expected: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A program that has run: what each scenario saw, and what the upstream saw of all of them, oldest first."""

    results: Mapping[str, Any]
    seen: tuple[Seen, ...]

    def asked(self, model: str) -> tuple[Seen, ...]:
        """Return the calls for one upstream."""
        return tuple(one for one in self.seen if one.model == f"{model}-1")


def python_of(venv: str) -> Path:
    """Return the interpreter of a virtualenv of clients; fails the test where it has not been installed."""
    found = ROOT / venv / "bin" / "python"
    if not found.exists() or not any((ROOT / venv).glob("*.stamp")):
        pytest.fail(f"{venv} is not installed, so this client was not tested: `make clients` installs it")
    return found


def needs_heavy(stamp: str) -> None:
    """Skip the test where a client that only `make clients` installs is missing."""
    if not (ROOT / stamp).exists():
        pytest.skip("too large for every run: `make clients` installs this client and runs its test")


def node_with(package: str) -> str:
    """Return node where `package` is installed for it; skips where there is no node, fails where only it is missing."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        pytest.skip("node and npm are not on this machine")
    if not (NODE_MODULES / package).exists():
        pytest.fail(f"{package} is not installed for node, so it was not tested: `make clients` installs it")
    return node


def run(command: tuple[str | Path, ...], folder: Path) -> Ran:
    """Run `command` with a base URL and a key behind it against a proxy of its own; its home is `folder`."""
    return asyncio.run(_run(command, folder))


async def _run(command: tuple[str | Path, ...], folder: Path) -> Ran:
    async with FakeUpstream() as upstream:
        _script(upstream)
        listed = "".join(_UPSTREAM.format(name=name) for name in LISTED)
        config = CONFIG.format(base_url=upstream.base_url, listed=listed)
        async with running(config, folder, {"CLIENTS_KEY": KEY}) as proxy:
            results = await _results(command, proxy.base_url, folder)
    return Ran(results=results, seen=tuple(upstream.seen))


def _script(upstream: FakeUpstream) -> None:
    upstream.script(answering())
    upstream.script(answering("Capitals, then."), model="reasons-1")
    upstream.script(behaviour.status(429), model="limited-1")
    upstream.script(behaviour.status(503, headers={"retry-after": "1"}), answering(), model="busy-1")
    upstream.script(behaviour.status(404), model="gone-1")
    upstream.script(behaviour.status(400), model="refuses-1")
    upstream.script(behaviour.status(500), model="broken-1")
    upstream.script(behaviour.error_in_stream(), model="cut-1")
    upstream.script(behaviour.hang_mid_stream(), model="endless-1")
    upstream.script(editing(), model="edits-1")


async def _results(command: tuple[str | Path, ...], base_url: str, folder: Path) -> Mapping[str, Any]:
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # otherwise it asks the network for prices
    }
    process = await asyncio.create_subprocess_exec(
        *command, base_url, KEY, cwd=folder, env=environ, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(RUN_SECONDS):
            out, errors = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    if process.returncode:
        pytest.fail(f"{command[-1]} ended with {process.returncode}:\n{errors.decode(errors='replace')[-3000:]}")
    return json.loads(out.splitlines()[-1])
