"""Which way imports point: the contracts of pyproject.toml hold, they notice a breach, and the core stays light."""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LINT = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"


def _lint(folder: Path) -> tuple[int, str]:
    """Run import-linter over the packages in `folder`; return its exit code and what it printed."""
    done = subprocess.run([sys.executable, "-c", LINT], cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_imports_point_down() -> None:
    """Every import contract of the project is kept."""
    code, said = _lint(ROOT)

    assert code == 0, said


def test_a_breach_is_noticed(tmp_path: Path) -> None:
    """Each contract breaks when an import that it forbids is added, so that none of them is empty."""
    for package in ("router", "classifier"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    breaches = {
        "router/catalog/sneak.py": "import time\nfrom router.policy import decide\n",
        "router/homeless.py": "import sklearn\n",
        "router/access/sneak.py": "import aiohttp\nfrom router.settings import load\nfrom classifier import artifact\n",
        "classifier/sneak.py": "import router\nfrom classifier import assess\n",
        "classifier/calibration/sneak.py": "import time\n",
        "classifier/training/sneak.py": "from classifier import sneak\n",
    }
    for name, text in breaches.items():
        (tmp_path / name).write_text('"""A breach."""\n\n' + text, encoding="utf-8")
    with (tmp_path / "classifier" / "assess.py").open("a", encoding="utf-8") as source:
        source.write("from classifier import sneak\n")

    code, said = _lint(tmp_path)

    assert code == 1
    assert [line for line in said.splitlines() if line.endswith(" KEPT")] == []


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is imported in a fresh interpreter, and what that must not load."""

    id: str
    modules: tuple[str, ...]
    unloaded: tuple[str, ...]


CASES = (
    Case(
        id="core",
        modules=("router.policy.decide", "router.wire.openai_chat", "router.catalog.catalog", "router.ledger.entry"),
        unloaded=("sklearn", "scipy", "numpy", "aiohttp", "httpx2", "pydantic", "yaml", "fastapi", "asyncio"),
    ),
    Case(id="values", modules=("classifier",), unloaded=("numpy", "sklearn", "msgspec", "router")),
    Case(
        id="serving",
        modules=("router.app", "classifier.assess"),
        unloaded=("sklearn", "scipy", "joblib", "matplotlib", "classifier.training", "classifier.evaluation"),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_imports_stay_light(case: Case) -> None:
    """Importing the core loads neither a model library nor an HTTP client; serving loads no training library."""
    script = f"import sys, {', '.join(case.modules)}; print(*(set({case.unloaded!r}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout.split(), done.stderr) == (0, [], "")
