"""What is said beside an answer: on stderr, in one line each."""

import argparse
import json
from pathlib import Path

import pytest

from classifier.prompt import Prompt
from router.cli.explain import add_arguments, run
from router.cli.notes import note_roles, note_shipped
from router.settings.shipped import config_file


def test_the_shipped_file_is_named_where_no_other_was(capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody takes its decisions for those of a file of his own."""
    note_shipped(None, ", or not")

    printed = capsys.readouterr()
    shipped = config_file("tierwise.yaml")
    assert printed.out == ""
    assert printed.err == f"No --config was given: {shipped}, the shipped file, is used, or not.\n"


def test_a_file_that_was_named_needs_no_note(capsys: pytest.CaptureFixture[str]) -> None:
    """Who named it knows it."""
    note_shipped(Path("mine.yaml"))

    assert capsys.readouterr().err == ""


def test_a_role_that_nobody_knows_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """A slip is seen here, since the proxy passes it on; it does not steer the terminal."""
    note_roles(Prompt.of((("user", "hi"), ("usr", "hi"), ("a\x1b[31m", "hi"))))

    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("A message has the role 'a?[31m', 'usr', which is none of system, developer, user,")
    assert printed.err.count("\n") == 1


def test_a_request_with_such_a_role_is_decided_with_a_note(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Through the command: the decision on stdout, the note on stderr."""
    (tmp_path / "request.json").write_text('{"messages": [{"role": "usr", "content": "hi"}]}')
    parser = argparse.ArgumentParser()
    add_arguments(parser)

    assert run(parser.parse_args(["--request", str(tmp_path / "request.json"), "--json", "--features", "0"])) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["candidates"]
    assert "the role 'usr'" in printed.err


def test_known_roles_need_no_note(capsys: pytest.CaptureFixture[str]) -> None:
    """Those of all chat APIs are known."""
    note_roles(Prompt.of(tuple((role, "hi") for role in ("system", "developer", "user", "assistant", "tool"))))

    assert capsys.readouterr().err == ""
