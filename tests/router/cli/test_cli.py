"""The command line: known commands, exit codes, never a traceback."""

import subprocess
import sys

import pytest

from router.cli import COMMANDS, main


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """--version prints and ends well."""
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("tierwise ")


@pytest.mark.parametrize("argv", [[], ["nothing"], ["--nothing"]])
def test_what_is_no_command_ends_with_2(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Usage goes to stderr."""
    with pytest.raises(SystemExit) as ended:
        main(argv)
    assert ended.value.code == 2
    assert "usage" in capsys.readouterr().err


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """--help of each command names its purpose."""
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert "usage: tierwise" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["serve", "check", "explain"])
def test_a_broken_file_ends_with_2_and_no_traceback(command: str, tmp_path) -> None:
    """A broken YAML starts nothing; every problem is a line that names its place."""
    broken = tmp_path / "broken.yaml"
    broken.write_text("version: 1\nserverr: {}\nroutes: {auto: {policy: nowhere}}\n")
    words = {"explain": ["explain", "hi"]}.get(command, [command])

    done = subprocess.run(
        [sys.executable, "-m", "router", *words, "--config", str(broken)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "serverr" in done.stderr
    assert "server" in done.stderr.replace("serverr", "")
