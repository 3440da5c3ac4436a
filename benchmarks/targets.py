"""What is measured: the mock itself, nginx, tierwise and LiteLLM's proxy, each started as a user would start it."""

import contextlib
import http.client
import os
import shlex
import shutil
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import Cores, Process, cpu_ns, pss_mib

DIRECT = "direct"
"""The mock itself, without a proxy in between."""

CLIENT_KEY = "sk-bench-client"
START_TIMEOUT_SECONDS = 90.0
POLL_SECONDS = 0.002
PLAIN_PYTHON = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONUNBUFFERED": ""}
"""Undoes what a developer's shell may set: without cached bytecode, a start compiles everything anew each time."""


class TargetFailedError(Exception):
    """A target did not start or does not answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What every target is given: a folder of its own files, the cores, the mock's port and the short request."""

    folder: Path
    root: Path
    cores: Cores
    mock_port: int
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A server under test. `process` is the one whose CPU and memory count; `start_seconds` to the first answer."""

    name: str
    port: int
    process: Process
    headers: tuple[str, ...] = ()
    start_seconds: float | None = None

    def cpu_ns(self) -> int:
        """Return the CPU time it has used, in nanoseconds."""
        return cpu_ns(self.process.pid)

    def pss_mib(self) -> float:
        """Return its memory in MiB."""
        return pss_mib(self.process.pid)

    def stop(self) -> None:
        """End it."""
        self.process.stop()


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _served(port: int, body: bytes, headers: tuple[str, ...]) -> int | None:
    """Send one request; its status, or None when nobody listens yet."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    fields = dict(header.split(": ", 1) for header in headers)
    try:
        connection.request("POST", "/v1/chat/completions", body, {"content-type": "application/json", **fields})
        answer = connection.getresponse()
        answer.read()
    except OSError:
        return None
    finally:
        connection.close()
    return answer.status


def launch(name: str, command: list[str], stage: Stage, *, port: int, environ: dict[str, str], keyed: bool) -> Target:
    """Start `command` on the target's core and wait until it has served a request. TargetFailedError shows its log."""
    headers = (f"authorization: Bearer {CLIENT_KEY}",) if keyed else ()
    log = stage.folder / f"{name}.log"
    process = Process(command, core=stage.cores.target, environ={**PLAIN_PYTHON, **environ}, log=log)
    with contextlib.ExitStack() as on_failure:
        on_failure.callback(process.stop)
        seconds, status = _wait_until_served(process, port, stage.body, headers)
        if status != 200:
            raise TargetFailedError(f"{name} did not serve (last status {status}). It wrote:\n{process.log_tail()}")
        on_failure.pop_all()
    return Target(name=name, port=port, process=process, headers=headers, start_seconds=seconds)


def _wait_until_served(process: Process, port: int, body: bytes, headers: tuple[str, ...]) -> tuple[float, int | None]:
    """Ask until the answer is 200, the process ends or the time is up: seconds since its start, and the last status."""
    while True:
        status = _served(port, body, headers)
        seconds = time.monotonic() - process.started_at
        if status == 200 or process.ended() or seconds > START_TIMEOUT_SECONDS:
            return seconds, status
        time.sleep(POLL_SECONDS)


NGINX_CONFIG = """\
daemon off; worker_processes 1; worker_rlimit_nofile 65536; pid {folder}/nginx.pid; error_log {folder}/nginx.err; {user}
events {{ worker_connections 16384; }}
http {{
  access_log off; keepalive_requests 100000000; keepalive_timeout 600s;
  client_max_body_size 64m; client_body_buffer_size 2m; proxy_http_version 1.1; proxy_buffering off;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  upstream mock {{ server 127.0.0.1:{mock}; keepalive 2048; keepalive_requests 100000000; keepalive_timeout 600s; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{ proxy_pass http://mock; proxy_set_header Connection ""; }}
  }}
}}
"""


def nginx_path() -> str | None:
    """Return where nginx is, or None."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


def start_nginx(stage: Stage) -> Target:
    """Start one nginx worker that passes everything on: the physical limit of a proxy on this machine."""
    port, config = free_port(), stage.folder / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""
    config.write_text(NGINX_CONFIG.format(folder=stage.folder, mock=stage.mock_port, port=port, user=user))
    command = [str(nginx_path()), "-c", str(config), "-p", str(stage.folder), "-e", str(stage.folder / "nginx.err")]
    return launch("nginx", command, stage, port=port, environ={}, keyed=False)


TIERWISE_CONFIG = """\
version: 1
server: {{auth: {{keys: {{bench: os.environ/TIERWISE_BENCH_KEY}}}}}}
providers:
  mock: {{kind: vllm, base_url: "http://127.0.0.1:{mock}/v1"}}
upstreams:
  small: {{provider: mock, model: mock-small, tier: easy, window: 400000, price: {{input: 0.15, output: 0.6}}}}
  middle: {{provider: mock, model: mock-mid, tier: medium, window: 400000, price: {{input: 0.5, output: 1.5}}}}
  large: {{provider: mock, model: mock-large, tier: hard, window: 400000, price: {{input: 2.5, output: 10}}}}
routes:
  auto: {{tiers: {{easy: cheapest, medium: cheapest, hard: cheapest}}, thresholds: balanced}}
baseline: large
"""


def start_tierwise(stage: Stage) -> Target:
    """Start the proxy with a client key, classification, usage and the ledger on, as the command line does."""
    port, config = free_port(), stage.folder / "tierwise.yaml"
    config.write_text(TIERWISE_CONFIG.format(mock=stage.mock_port))
    command = [sys.executable, "-m", "router", "serve", "--config", str(config), "--listen", f"127.0.0.1:{port}"]
    environ = {
        "TIERWISE_BENCH_KEY": CLIENT_KEY,
        "TIERWISE_LEDGER": str(stage.folder / "ledger.db"),
        "PYTHONPATH": str(stage.root),
    }
    return launch("tierwise", command, stage, port=port, environ=environ, keyed=True)


LITELLM_VERSION = "1.106.2"
"""1.82.7, 1.82.8 and 1.107.0 were compromised releases: never install those."""

LITELLM_CONFIG = """\
model_list:
  - model_name: auto
    litellm_params:
      model: openai/mock-small
      api_base: http://127.0.0.1:{mock}/v1
      api_key: sk-mock
      input_cost_per_token: 0.00000015
      output_cost_per_token: 0.0000006
litellm_settings:
  callbacks: ["prometheus"]
  telemetry: false
general_settings:
  master_key: {key}
"""


def install_litellm(root: Path) -> Path:
    """Return the command `litellm` of .venv-litellm, in which exactly LITELLM_VERSION is installed (once, minutes)."""
    venv = root / ".venv-litellm"
    command = venv / "bin" / "litellm"
    if not command.exists():
        print(f"Installing LiteLLM {LITELLM_VERSION} into {venv.name} (once, some minutes)", flush=True)
        _run_to_end([sys.executable, "-m", "venv", str(venv)])
        wanted = [f"litellm[proxy]=={LITELLM_VERSION}", "prometheus-client"]
        _run_to_end([str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet", *wanted])
    probe = "import importlib.metadata as m, sys; sys.exit(m.version('litellm') != sys.argv[1])"
    _run_to_end([str(venv / "bin" / "python"), "-c", probe, LITELLM_VERSION])
    return command


def _run_to_end(command: list[str]) -> None:
    code = os.spawnv(os.P_WAIT, command[0], command)
    if code:
        raise TargetFailedError(f"{shlex.join(command)} ended with {code}")


def start_litellm(stage: Stage) -> Target:
    """Start LiteLLM's proxy with prices and its cost callback, one worker, no database."""
    port, config = free_port(), stage.folder / "litellm.yaml"
    config.write_text(LITELLM_CONFIG.format(mock=stage.mock_port, key=CLIENT_KEY))
    command = [str(install_litellm(stage.root)), "--config", str(config), "--host", "127.0.0.1", "--port", str(port)]
    environ = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "PROMETHEUS_MULTIPROC_DIR": str(_folder(stage, "prometheus"))}
    return launch("litellm", [*command, "--num_workers", "1"], stage, port=port, environ=environ, keyed=True)


def _folder(stage: Stage, name: str) -> Path:
    path = stage.folder / name
    path.mkdir(exist_ok=True)
    return path


def start_other(stage: Stage, name: str, template: str) -> Target:
    """Start any other proxy: `template` is its command, with {port} to listen on and {mock} to forward to."""
    port = free_port()
    command = shlex.split(template.format(port=port, mock=stage.mock_port))
    return launch(name, command, stage, port=port, environ={}, keyed=False)


def start_targets(
    names: list[str], others: dict[str, str], stage: Stage, started: contextlib.ExitStack
) -> list[Target]:
    """Start what is named (direct is the mock and needs no start); each is stopped when `started` closes."""
    starters = {"nginx": start_nginx, "tierwise": start_tierwise, "litellm": start_litellm}
    targets = []
    for name in names:
        if name == DIRECT:
            continue
        print(f"starting {name}", flush=True)
        target = start_other(stage, name, others[name]) if name in others else starters[name](stage)
        started.callback(target.stop)
        targets.append(target)
    return targets
