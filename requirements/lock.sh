#!/bin/sh
# Writes the hash-locked requirement files from pyproject.toml. No lock names an index: whoever installs chooses it.
set -eu
cd "$(dirname "$0")/.."
common="--universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --quiet --custom-compile-command make\ lock"
compile() { eval uv pip compile $common "$@"; }
compile pyproject.toml -o requirements/run.lock
compile pyproject.toml --extra train --group test --group check -o requirements/dev.lock
echo 'hatchling>=1.27' | compile - -o requirements/build.lock
compile --group clients -o requirements/clients.lock
compile --group aider -o requirements/aider.lock
compile pyproject.toml --group fuzz -o requirements/fuzz.lock
