"""tierwise serve: its banner and how it fails to start."""

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from router.cli.serve import apart, banner
from router.errors import SettingsInvalid
from router.plan import prepare
from tests.fakes.proxy import CONFIG


def test_without_a_key_the_banner_says_that_upstreams_are_simulated(tmp_path: Path) -> None:
    """Nobody can take the simulation for the real thing."""
    plan = prepare(config=None, environ={}, simulate="auto", listen=None, ledger=tmp_path / "l.db")

    text = "\n".join(banner(plan, 8080))

    assert "http://127.0.0.1:8080/v1" in text
    assert "SIMULATED" in text


def test_with_a_key_the_banner_names_what_was_left_out_and_why(tmp_path: Path) -> None:
    """Each upstream without a key is one line that names the variable, never a key."""
    plan = prepare(
        config=None, environ={"MISTRAL_API_KEY": "k-canary"}, simulate="auto", listen=None, ledger=tmp_path / "l.db"
    )

    text = "\n".join(banner(plan, 8080))

    assert "SIMULATED" not in text
    assert "DEEPSEEK_API_KEY" in text
    assert "k-canary" not in text


def start(*words: str, folder: Path) -> subprocess.Popen[str]:
    """Start the command in a folder of its own."""
    environ = {key: value for key, value in os.environ.items() if not key.endswith("_KEY")}
    return subprocess.Popen(
        [sys.executable, "-m", "router", "serve", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**environ, "TIERWISE_LEDGER": str(folder / "ledger.db"), "PYTHONPATH": os.pathsep.join(sys.path)},
        cwd=folder,
    )


def test_from_nothing_to_an_answer_and_a_clean_end(tmp_path: Path) -> None:
    """Started bare, it serves simulated upstreams on the port it names, and names commands as it was started itself."""
    process = start("--listen", "127.0.0.1:0", folder=tmp_path)
    try:
        assert process.stdout is not None
        told = [next(process.stdout) for _ in range(6)]
        assert f"`{sys.executable} -m router costs --ledger {tmp_path / 'ledger.db'}`" in told[-1]
        port = re.search(r"127\.0\.0\.1:(\d+)", told[0])
        assert port is not None
        url = f"http://127.0.0.1:{port[1]}/v1/chat/completions"
        answer = httpx2.post(url, json={"model": "auto", "messages": [{"role": "user", "content": "hi"}]}, timeout=20)
        assert answer.status_code == 200
        assert "simulated" in answer.json()["choices"][0]["message"]["content"]
        assert float(answer.headers["x-router-cost-usd"]) > 0
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=20)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 0, errors
    assert "Traceback" not in errors + output


def test_a_taken_port_is_one_clear_line(tmp_path: Path) -> None:
    """Exit code 2 and the fix."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = start("--listen", f"127.0.0.1:{taken.getsockname()[1]}", folder=tmp_path)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 2
    assert "--listen" in errors
    assert "Traceback" not in errors


def test_a_ledger_that_cannot_be_opened_ends_the_start_with_one_clear_error(tmp_path: Path) -> None:
    """Exit code 2 and the fix, told once and in no other words; nothing claims to serve before it does."""
    process = start("--listen", "127.0.0.1:0", "--ledger", str(tmp_path), folder=tmp_path)
    output, errors = process.communicate(timeout=30)

    assert process.returncode == 2
    assert errors == f"tierwise: The ledger '{tmp_path}' is a folder.\nName a file in it: ledger.path or --ledger.\n"
    assert "serves" not in output


def test_the_banner_names_the_ledger_that_is_written(tmp_path: Path) -> None:
    """The command that it shows reads this ledger, not the default one."""
    plan = prepare(config=None, environ={}, simulate="always", listen=None, ledger=tmp_path / "mine.db")

    assert f"tierwise costs --ledger {tmp_path / 'mine.db'}" in "\n".join(banner(plan, 8080))


@pytest.mark.parametrize("listen", ["0.0.0.0:0", "[::]:0"])
def test_beyond_loopback_needs_client_keys(tmp_path: Path, listen: str) -> None:
    """Nobody serves the world without keys by accident."""
    process = start("--listen", listen, folder=tmp_path)
    _, errors = process.communicate(timeout=30)

    assert process.returncode == 2
    assert "server.auth.keys" in errors


def test_an_upstream_at_the_address_that_is_listened_on(tmp_path: Path) -> None:
    """One request would be thousands: exit code 2, with --listen as in the file."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = tmp_path / "c.yaml"
    config.write_text(CONFIG.format(base_url=f"http://localhost:{port}/v1"))
    process = start(str(config), "--listen", f"127.0.0.1:{port}", folder=tmp_path)
    output, errors = process.communicate(timeout=30)

    assert process.returncode == 2
    assert "where tierwise itself listens" in errors
    assert "Traceback" not in errors
    assert output == ""


def test_a_new_configuration_is_held_against_the_socket_that_is_open(tmp_path: Path) -> None:
    """A file that names another address by now cannot call the one that is still served; another port it can."""
    config = tmp_path / "c.yaml"
    config.write_text(CONFIG.format(base_url="http://127.0.0.1:9/v1") + "server: {listen: '127.0.0.1:10'}\n")
    plan = prepare(config=config, environ={}, simulate="never", listen=None, ledger=tmp_path / "l.db")

    assert apart(plan, ("127.0.0.1", "127.0.0.1"), 11) is plan
    for hosts in (("127.0.0.1",), ("gateway.example", "127.0.0.1")):
        with pytest.raises(SettingsInvalid, match="where tierwise itself listens"):
            apart(plan, hosts, 9)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_reload_does_not_turn_upstreams_to_the_port_that_was_given(tmp_path: Path, workers: str) -> None:
    """Also where the system chose the port: the last good configuration is served on, and the log has the reason."""
    config = tmp_path / "c.yaml"
    config.write_text(CONFIG.format(base_url="http://127.0.0.1:9/v1"))
    process = start(str(config), "--listen", "127.0.0.1:0", "--workers", workers, folder=tmp_path)
    try:
        assert process.stdout is not None
        assert process.stderr is not None
        port = re.search(r"127\.0\.0\.1:(\d+)", process.stdout.readline())
        assert port is not None
        config.write_text(CONFIG.format(base_url=f"http://localhost:{port[1]}/v1"))
        told = next(line for line in process.stderr if "configuration" in line)
        assert httpx2.get(f"http://127.0.0.1:{port[1]}/health", timeout=20).status_code == 200
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
    finally:
        process.kill()
        process.communicate()
    assert "the new configuration was refused" in told
    assert "where tierwise itself listens" in told


@pytest.mark.parametrize("number", ["0", "257", "two", "-1"])
def test_a_number_of_workers_that_cannot_be(tmp_path: Path, number: str) -> None:
    """Exit code 2 and what would do."""
    process = start(f"--workers={number}", folder=tmp_path)
    _, errors = process.communicate(timeout=30)

    assert process.returncode == 2
    assert "1 to 256" in errors
