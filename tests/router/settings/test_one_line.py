"""A line break, or another control character, in a text of the YAML is refused with the way to write it."""

from pathlib import Path

import pytest

from router.errors import SettingsInvalid
from router.settings.load import load
from router.settings.one_line import in_one_line
from router.settings.problems import Problems
from router.settings.shipped import shipped_files

FILE = """
providers:
  own: {kind: vllm, base_url: "http://127.0.0.1:9/v1", region: eu}
upstreams:
  a:
    provider: own
    model: m-a
    tier: hard
    window: 8000
    price: {input: 1, output: 2}
routes: {auto: {}}
"""

REFUSED = [
    ("model: m-a", "model: |\n      m-a", "'model' holds a line break. Write it in one line: model: m-a ("),
    ("model: m-a", 'model: "m\\r\\nX: y"', "'model' holds a line break. Write it in one line. ("),
    ("model: m-a", 'model: "m\\u2028a"', "'model' holds a line break. Write it in one line. ("),
    ("model: m-a", 'model: "m\\ea"', "'model' holds a control character. Write it in one line. ("),
    ("9/v1", "9/v1\\r\\nX: y", "'base_url' holds a line break."),
    ("region: eu", 'region: "eu\\n"', "'region' holds a line break. Write it in one line: region: eu ("),
    ("provider: own", 'provider: "own\\n"', "Write it in one line: provider: own ("),
    ("  a:\n", '  "a\\n":\n', "The name 'a' holds a line break. Write it in one line."),
    ("kind: vllm,", 'kind: vllm, api_key: "$KEY\\n",', "'api_key' holds a line break. Write it in one line. ("),
    (
        "price:",
        'capabilities: ["tools\\n"]\n    price:',
        "'capabilities' holds a line break. Write it in one line: tools (",
    ),
]


def problems_of(folder: Path, text: str, environ: dict[str, str]) -> tuple[str, ...]:
    """Return what is wrong with a file of this text."""
    path = folder / "my.yaml"
    path.write_text(text, encoding="utf-8")
    try:
        load(path, environ)
    except SettingsInvalid as error:
        return error.problems
    return ()


@pytest.mark.parametrize(("was", "becomes", "told"), REFUSED)
def test_each_is_one_problem_of_one_line(tmp_path: Path, was: str, becomes: str, told: str) -> None:
    """The fix is told, nothing else is said of the same slip, and the problem itself is one line."""
    assert problems_of(tmp_path, FILE, {}) == ()

    found = problems_of(tmp_path, FILE.replace(was, becomes), {})

    assert len(found) == 1
    assert told in found[0]
    assert len(found[0].splitlines()) == 1


def test_they_are_gathered_with_the_others(tmp_path: Path) -> None:
    """A line break hides no other problem, and another problem hides no line break."""
    text = FILE.replace("m-a", '"m-a\\n"').replace("tier: hard", "tier: hrad").replace("region: eu", 'region: "e\\tu"')

    found = "\n".join(problems_of(tmp_path, text, {}))

    assert "model: m-a" in found
    assert "'region' holds a control character" in found
    assert "Did you mean 'hard'?" in found


@pytest.mark.parametrize("where", ['api_key: "sk-canary\\n"', 'api_key: "$canary\\n x"'])
def test_what_may_be_a_key_is_not_repeated(tmp_path: Path, where: str) -> None:
    """The message names the place only."""
    found = problems_of(tmp_path, FILE.replace("kind: vllm,", f"kind: vllm, {where},"), {})

    assert "'api_key' holds a line break" in "\n".join(found)
    assert "canary" not in "\n".join(found)


@pytest.mark.parametrize("value", ["http://127.0.0.1:9/v1\r\nX: y", "http://127.0.0.1:9\x1b/v1"])
def test_a_variable_is_no_way_around_it(tmp_path: Path, value: str) -> None:
    """What the environment holds goes into the same URL."""
    text = FILE.replace('"http://127.0.0.1:9/v1"', "$WHERE")

    assert problems_of(tmp_path, text, {"WHERE": "http://127.0.0.1:9/v1\n"}) == ()
    (found,) = problems_of(tmp_path, text, {"WHERE": value})
    assert "base_url of provider 'own' comes from a variable" in found


def test_a_script_may_have_many_lines(tmp_path: Path) -> None:
    """The arguments of a token's command go to no header."""
    text = FILE.replace("kind: vllm,", 'kind: vllm, token_command: [sh, -c, "echo a\\necho b"],')

    assert problems_of(tmp_path, text, {"PATH": "/bin"}) == ()


@pytest.mark.parametrize("path", shipped_files(), ids=lambda path: path.name)
def test_shipped_files_are_as_they_were(path: Path) -> None:
    """No shipped configuration is refused for its texts."""
    load(path, {})


def test_what_is_one_line_stays_as_it_is() -> None:
    """Spaces, letters of any alphabet and values that are no text are nobody's business here."""
    data = {"a": ["b c", 1, None, True, "é\u00a0漢"], "d": {"e": " f "}}
    problems = Problems(origin="x")

    assert in_one_line(data, problems) == data
    assert problems.found == []
