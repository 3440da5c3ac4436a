"""What is shipped around the code: locks, licence, container, changelog, and documents whose words still hold."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from router import __version__
from router.settings.load import load

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "demo").glob("*.md")])
SHIPPED = sorted(path for path in (ROOT / "config").rglob("*.yaml") if path.name != "catalog.yaml")
LOCKS = sorted((ROOT / "requirements").glob("*.lock"))


def _text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def _project() -> dict[str, object]:
    project = tomllib.loads(_text("pyproject.toml"))["project"]
    assert isinstance(project, dict)
    return project


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _locked(text: str) -> set[str]:
    return {_canonical(name) for name in re.findall(r"^([A-Za-z0-9._-]+)==", text, re.MULTILINE)}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_locked_requirement_has_hashes(lock: Path) -> None:
    """A lock pins each requirement to one version and its hashes, and names no index."""
    lines = [line for line in lock.read_text(encoding="utf-8").splitlines() if not line.lstrip().startswith("#")]
    requirements = re.split(r"(?<!\\)\n", "\n".join(lines).strip())

    assert requirements != [""]
    assert [entry for entry in requirements if "==" not in entry or "--hash=sha256:" not in entry] == []
    assert "://" not in "".join(lines)
    assert "index-url" not in "".join(lines)


def test_the_lock_covers_what_is_declared() -> None:
    """Every run-time dependency of pyproject.toml is in run.lock, and no training library is."""
    declared = _project()["dependencies"]
    assert isinstance(declared, list)
    names = {_canonical(re.split(r"[\[<>=~; ]", line)[0]) for line in declared}
    locked = _locked(_text("requirements/run.lock"))

    assert names - locked == set()
    assert locked & {"scikit-learn", "scipy", "matplotlib", "pytest", "openai"} == set()


def test_licence_and_types_are_shipped() -> None:
    """The project is under the Apache License 2.0, whole, and both packages carry their types."""
    assert _project()["license"] == "Apache-2.0"
    assert "Version 2.0, January 2004" in _text("LICENSE")
    assert "END OF TERMS AND CONDITIONS" in _text("LICENSE")
    assert (ROOT / "router" / "py.typed").is_file()
    assert (ROOT / "classifier" / "py.typed").is_file()


def test_the_changelog_knows_the_version() -> None:
    """The changelog has an entry for the version of the package, and one for what is unreleased."""
    assert f"## [{__version__}]" in _text("CHANGELOG.md")
    assert "## [Unreleased]" in _text("CHANGELOG.md")


@pytest.mark.parametrize("shipped", SHIPPED, ids=lambda shipped: str(shipped.name))
def test_every_shipped_configuration_loads(shipped: Path) -> None:
    """Each routing YAML in config/ and config/examples/ is sound as it is shipped, with no variable set."""
    settings = load(shipped, {})

    assert settings.upstreams
    assert "auto" in settings.routes


def _instructions() -> list[tuple[str, str]]:
    """Return the Dockerfile's instructions as (word, rest), continued lines joined, comments left out."""
    lines = [line for line in _text("Dockerfile").splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in joined.splitlines() if line.strip())]


def test_the_image_is_built_from_what_is_there() -> None:
    """Every path that the Dockerfile copies from the checkout is there, and .dockerignore lets it through."""
    copied = [
        source.rstrip("/")
        for word, rest in _instructions()
        if word == "COPY" and "--from" not in rest
        for source in rest.split()[:-1]
    ]
    let_through = {line.strip("!/") for line in _text(".dockerignore").splitlines() if line.startswith("!")}

    assert [source for source in copied if not (ROOT / source).exists()] == []
    assert set(copied) == let_through


def test_the_image_runs_without_root() -> None:
    """The last stage ends as an unprivileged user, with a health check, and starts the proxy without a shell."""
    instructions = _instructions()
    last = instructions[max(index for index, (word, _) in enumerate(instructions) if word == "FROM") :]
    stage = dict(last)

    assert stage["USER"] == "65532:65532"
    assert "/health" in stage["HEALTHCHECK"]
    assert json.loads(stage["ENTRYPOINT"]) == ["tierwise"]
    assert json.loads(stage["CMD"])[0] == "serve"
    assert [rest for _, rest in instructions if "requirements/run.lock" in rest and "--require-hashes" in rest]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: str(document.relative_to(ROOT)))
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    """Every relative link of a document leads to a file that is there."""
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8"))
    dead = [link for link in links if "://" not in link and not (document.parent / link).exists()]

    assert dead == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: str(document.relative_to(ROOT)))
def test_documents_name_targets_that_exist(document: Path) -> None:
    """Every `make target` that a document tells people to type is in the Makefile."""
    targets = set(re.findall(r"^([a-z][a-z-]*):", _text("Makefile"), re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z][a-z-]*)", document.read_text(encoding="utf-8"), re.MULTILINE))

    assert named - targets == set()
