"""The running proxy held against its own description by schemathesis: requests that fit it, and requests that do not.

    python -m tests.fakes.described --examples 200        # what `make fuzz` runs, beside the mutated bytes

Every request is answered by simulated upstreams. What is checked is in CHECKS; what schemathesis found stands in what
`held` returns, with a curl command for each. Left out is that everything which fits is accepted: whether a tool choice
goes with the tools, or a name is known, is more than a schema says.
"""

import argparse
import asyncio
import importlib.util
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.fakes.process import ROOT, served

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "unsupported_method",
    "allow_header_conformance",
    "ignored_auth",
    "use_after_free",
)
REQUEST_SECONDS = "60"
"""How long an answer may take: the machine may have other work, and how long it takes is not what is looked at."""

INSTALLED = importlib.util.find_spec("schemathesis") is not None

CONFIG = """
version: 1
server: {auth: {keys: {team: os.environ/TEAM_SECRET}}}
responses: {store: true}
providers: {one: {kind: vllm, base_url: "http://127.0.0.1:9/v1"}}
upstreams: {none: {provider: one, model: none-1, tier: easy, window: 8000}}
routes: {auto: {}}
"""
"""The simulator brings its own upstreams and routes; those that a file must name are not served."""

_SECRET = "client-key-0123456789abcdef"
_HOOKS = '''
import schemathesis


@schemathesis.hook
def map_body(context, body):
    """Ask for a name that there is, most of the time: an unknown one is refused before anything else is read."""
    if isinstance(body, dict) and isinstance(body.get("model"), str) and len(body["model"]) % 4:
        body["model"] = "auto"
    return body
'''


@dataclass(frozen=True, slots=True)
class Held:
    """How it ended: 0 where nothing was found, and what was said of it."""

    code: int
    told: str


async def held(folder: Path, *, examples: int, seed: int, phases: str = "coverage,fuzzing,stateful") -> Held:
    """Serve in `folder` and hold the proxy against its description, with so many examples an operation."""
    (folder / "described_hooks.py").write_text(_HOOKS)
    path = os.pathsep.join(filter(None, (str(folder), str(ROOT), os.environ.get("PYTHONPATH"))))
    async with served(CONFIG, folder, "--simulate", "always", environ={"TEAM_SECRET": _SECRET}) as process:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "schemathesis.cli", "run", f"http://127.0.0.1:{process.port}/openapi.json"),
            *("--header", f"Authorization: Bearer {_SECRET}", "--checks", ",".join(CHECKS), "--phases", phases),
            *(
                "--request-timeout",
                REQUEST_SECONDS,
                "--max-examples",
                str(examples),
                "--seed",
                str(seed),
                "--warnings",
                "off",
                "--continue-on-failure",
            ),
            cwd=folder,
            env={**os.environ, "PYTHONPATH": path, "SCHEMATHESIS_HOOKS": "described_hooks"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            said, _ = await child.communicate()
        finally:
            if child.returncode is None:
                child.kill()
        return Held(child.returncode or 0, said.decode(errors="replace"))


def main() -> int:
    """Hold the proxy against its description, print what is said of it, and return 0 where nothing was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=200, help="for each operation")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = asyncio.run(held(Path(folder), examples=chosen.examples, seed=chosen.seed))
    sys.stdout.write(result.told)
    return result.code


if __name__ == "__main__":
    sys.exit(main())
