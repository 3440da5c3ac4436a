"""What review would otherwise repeat: sizes, names, mirrors, and what may not appear anywhere."""

import ast
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from router.errors import RouterError

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("router", "classifier")
SHIPPED = (*PACKAGES, "demo", "benchmarks")
CODE = (*SHIPPED, "tests")
MADE_BY_TOOLS = ("var", "build", "dist", "__pycache__", "node_modules")
KEPT_DOTFILES = (".ci", ".github", ".gitignore", ".dockerignore")

MAX_FILE = 300
MAX_BODY = 45
MAX_PARAMETERS = 6
VAGUE_NAMES = re.compile(r"util|helper|manager|common")
MOCKS = {"Mock", "MagicMock", "AsyncMock", "PropertyMock", "create_autospec", "mocker"}
CATCH_ALLS = (
    "router/api/surface.py",  # the outermost handler: what nobody foresaw becomes a bare 500
    "router/sizing.py",  # whatever a model raises, it must not cost anyone an answer
)
FOREIGN = {
    "a path of the machine it was written on": re.compile(
        r"/work[/](?:main|shared)|/root[/]|/home/[a-z]+/|/opt[/]pypi"
    ),
    "a package registry": re.compile(r"pypi\.org|pythonhosted\.org|registry\.npmjs|deb\.debian\.org|crates\.io/api"),
}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def _python(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py") if not _is_made(path))


def _is_made(path: Path) -> bool:
    return any(
        part in MADE_BY_TOOLS or part.endswith((".egg-info", ".db")) or (part[0] == "." and part not in KEPT_DOTFILES)
        for part in path.relative_to(ROOT).parts
    )


def _shipped_files(folder: Path = ROOT) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if _is_made(path) or path.is_symlink():
            continue
        if path.is_dir():
            yield from _shipped_files(path)
        else:
            yield path


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def _at(path: Path, line: int | None = None) -> str:
    name = str(path.relative_to(ROOT))
    return name if line is None else f"{name}:{line}"


def _body_lines(function: Function) -> int:
    first = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return (function.end_lineno or 0) - first[0].lineno + 1 if first else 0


def _parameters(function: Function) -> int:
    arguments = function.args
    names = [item.arg for item in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    return len([name for name in names if name not in ("self", "cls")])


def _does_something(tree: ast.Module) -> bool:
    """Say whether a function of the module has a body beyond its docstring: values and ports alone have none."""
    return any(_body_lines(function) for function in _functions(tree))


def _comments(path: Path) -> Iterator[tuple[int, str]]:
    with path.open("rb") as source:
        for token in tokenize.tokenize(source.readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string


def test_every_file_with_behaviour_has_its_test_file() -> None:
    """The tests mirror the tree: router/policy/decide.py is tested by tests/router/policy/test_decide.py."""
    missing = [
        _at(path)
        for path in _python(*PACKAGES)
        if path.name not in ("__init__.py", "__main__.py")
        and _does_something(_tree(path))
        and not (ROOT / "tests" / path.relative_to(ROOT).parent / f"test_{path.name}").is_file()
    ]

    assert missing == []


def test_the_architecture_names_every_module() -> None:
    """Each module of the proxy and of the model in serving has its place in docs/architecture.md."""
    words = set(re.findall(r"[a-z0-9_]+", (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")))
    unnamed = [
        _at(path)
        for path in _python(*PACKAGES)
        if path.stem not in words and path.stem != "__init__" and path.parent.name not in ("training", "evaluation")
    ]

    assert unnamed == []


def test_no_file_is_long() -> None:
    """No Python file passes 300 lines."""
    long = [_at(path) for path in _python(*CODE) if len(path.read_text(encoding="utf-8").splitlines()) > MAX_FILE]

    assert long == []


def test_no_function_is_long() -> None:
    """No function body passes 45 lines, docstring apart."""
    long = [
        _at(path, function.lineno)
        for path in _python(*CODE)
        for function in _functions(_tree(path))
        if _body_lines(function) > MAX_BODY
    ]

    assert long == []


def test_no_function_takes_many_parameters() -> None:
    """No function takes more than six parameters, self and cls apart; a test's parameters are its fixtures."""
    wide = [
        _at(path, function.lineno)
        for path in _python(*SHIPPED)
        for function in _functions(_tree(path))
        if _parameters(function) > MAX_PARAMETERS
    ]

    assert wide == []


def test_no_file_has_a_vague_name() -> None:
    """No file is called util, helper, manager or common: a name says what is inside."""
    vague = [_at(path) for path in _python(*CODE) if VAGUE_NAMES.search(path.stem)]

    assert vague == []


def test_no_lint_rule_is_silenced_wholesale() -> None:
    """No complexity warning is silenced, and every `type: ignore` names its error."""
    silenced = [
        _at(path, line)
        for path in _python(*CODE)
        for line, comment in _comments(path)
        if re.search(r"noqa:.*C901|noqa(?!:)|type:\s*ignore(?!\[)", comment)
    ]

    assert silenced == []


def test_every_module_says_what_it_is() -> None:
    """Every module of the packages, the demo and the benchmarks begins with a docstring."""
    silent = [_at(path) for path in _python(*SHIPPED) if not ast.get_docstring(_tree(path))]

    assert silent == []


def test_every_import_stands_at_the_top() -> None:
    """No function of the proxy imports: an inline import hides a cycle."""
    inline = [
        _at(path, node.lineno)
        for path in _python("router")
        for function in _functions(_tree(path))
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]

    assert inline == []


def test_nothing_mutates_a_global() -> None:
    """No `global` statement stands in the packages."""
    mutated = [
        _at(path, node.lineno)
        for path in _python(*PACKAGES)
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Global)
    ]

    assert mutated == []


def test_tests_use_fakes_not_mocks() -> None:
    """No test replaces a part of the program under its feet: ports have fakes."""
    mocked = [_at(path, node.lineno) for path in _python("tests") for node in _mocks(_tree(path))]

    assert mocked == []


def _mocks(tree: ast.Module) -> Iterator[ast.expr | ast.stmt]:
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module="unittest.mock" | "mock"):
                yield node
            case ast.ImportFrom(module="unittest", names=names) | ast.Import(names=names):
                if {"mock", "unittest.mock"} & {alias.name for alias in names}:
                    yield node
            case ast.Name(id=name) if name in MOCKS:
                yield node
            case ast.Attribute(attr="setattr", value=ast.Name(id="monkeypatch")):
                yield node


def test_one_place_catches_everything() -> None:
    """Broad catches stand where CATCH_ALLS says and nowhere else; a bare one only cleans up and raises again."""
    broad = [
        _at(path)
        for path in _python(*PACKAGES)
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.ExceptHandler) and _is_broad(node)
    ]

    assert sorted(broad) == sorted(CATCH_ALLS)


def _is_broad(handler: ast.ExceptHandler) -> bool:
    caught = "BaseException" if handler.type is None else ast.unparse(handler.type)
    if re.search(r"\bBaseException\b", caught):
        return not (isinstance(handler.body[-1], ast.Raise) and handler.body[-1].exc is None)
    return re.search(r"\bException\b", caught) is not None


def _every(error: type[RouterError]) -> Iterator[type[RouterError]]:
    yield error
    for child in error.__subclasses__():
        yield from _every(child)


@pytest.mark.parametrize("error", sorted(set(_every(RouterError)), key=lambda error: error.__name__))
def test_every_error_says_what_to_do(error: type[RouterError]) -> None:
    """Every error of the tree has an HTTP error status, a code in snake case, OpenAI's type, a fix and a docstring."""
    assert 400 <= error.status < 600
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", error.code)
    assert error.type.endswith("_error")
    assert error.fix.strip().endswith((".", ")."))
    assert error.__doc__


def test_the_project_speaks_of_itself_alone() -> None:
    """No shipped file holds a path of some machine or the address of a package registry."""
    found = []
    for path in _shipped_files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{_at(path)}: {what}" for what, pattern in FOREIGN.items() if pattern.search(text)]

    assert found == []
