"""Each client program runs once a session, against a proxy of its own; tests look at what it printed."""

import functools
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fakes.clients import PROGRAMS, Ran, needs_heavy, node_with, python_of, run

HERE = Path(__file__).parent
TIMEOUT_SECONDS = 300  # the first test of a client waits for its whole program


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the tests of this folder the time that a program takes."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.timeout(TIMEOUT_SECONDS))


@pytest.fixture(scope="session")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Ran]:
    """Return what runs a Python program of .venv-clients, once, and returns what came of it."""

    @functools.cache
    def once(program: str) -> Ran:
        return run((python_of(".venv-clients"), PROGRAMS / program), _folder(tmp_path_factory, program))

    return once


@pytest.fixture(scope="session")
def ran_by_node(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Ran]:
    """Return what runs a program of node that needs a package, once, and returns what came of it."""

    @functools.cache
    def once(program: str, package: str) -> Ran:
        return run((node_with(package), PROGRAMS.parent / "node" / program), _folder(tmp_path_factory, program))

    return once


@pytest.fixture(scope="session")
def ran_by_aider(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Return what came of aider, which has a virtualenv of its own: it pins the versions of a hundred packages."""
    needs_heavy(".venv-aider/clients.stamp")
    return run((python_of(".venv-aider"), PROGRAMS / "with_aider.py"), _folder(tmp_path_factory, "with_aider.py"))


@pytest.fixture(scope="session")
def ran_by_morph(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Return what came of Morph's SDK, which brings 270 packages."""
    needs_heavy("tests/clients/morph/node_modules/clients.stamp")
    program = PROGRAMS.parent / "morph" / "with_morph.mjs"
    return run((node_with("openai"), program), _folder(tmp_path_factory, "with_morph.mjs"))


def _folder(factory: pytest.TempPathFactory, program: str) -> Path:
    return factory.mktemp(program.partition(".")[0])
