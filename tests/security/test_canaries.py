"""Twelve secrets go through everything that can fail, with the log at debug: none of them comes out anywhere."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from router.cli import main
from router.plan import prepare
from tests.fakes import behaviour
from tests.fakes.upstream import FakeUpstream

CANARY = {
    "upstream key": "canary-upstream-key-01",
    "key in a file": "canary-file-key-02",
    "printed token": "canary-printed-token-03",
    "signing secret": "canary-signing-secret-04",
    "client key": "canary-client-key-05-0123456789",
    "wrong authorization": "canary-wrong-key-06",
    "cookie": "canary-cookie-07",
    "prompt": "canary-prompt-08",
    "completion": "canary-completion-09",
    "mail": "canary.person10@private.example",
    "environment": "canary-environment-11",
    "in the YAML": "canary-literal-12",
}
TOLD_TO_CLIENT = {"completion"}
"""What a client that is answered may read: it is its answer."""

CONFIG = """
version: 1
server: {{auth: {{keys: {{team: os.environ/CLIENT_KEY}}}}}}
providers:
  env: {{kind: openai, base_url: "{base_url}", api_key: os.environ/UPSTREAM_KEY}}
  file: {{kind: openai, base_url: "{base_url}", api_key: "file:{folder}/key"}}
  printed: {{kind: vertex, base_url: "{base_url}", token_command: ["{python}", "-c", "print('{token}')"]}}
  signed: {{kind: bedrock, base_url: "{base_url}"}}
upstreams:
  env: {{provider: env, model: m, tier: hard, window: 128000, capabilities: [tools], price: null}}
  file: {{provider: file, model: m, tier: hard, window: 128000, capabilities: [tools], price: null}}
  printed: {{provider: printed, model: m, tier: hard, window: 128000, capabilities: [tools], price: null}}
  signed: {{provider: signed, model: m, tier: hard, window: 128000, capabilities: [tools], price: null}}
routes: {{auto: {{}}}}
delivery: {{deadline: 3s, first_byte_timeout: 1s, idle_timeout: 1s, connect_timeout: 1s}}
log: {{level: debug}}
"""
ALL = " ".join(CANARY.values())
ENVIRON = {
    "UPSTREAM_KEY": CANARY["upstream key"],
    "CLIENT_KEY": CANARY["client key"],
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": CANARY["signing secret"],
    "AWS_REGION": "us-west-2",
    "UNUSED": CANARY["environment"],
}
KEYS = ("upstream key", "key in a file", "printed token", "signing secret")
ECHO = " ".join(CANARY[name] for name in KEYS)
"""What a careless upstream repeats: the key that it was shown."""

FAULTS = (
    behaviour.ok(CANARY["completion"]),
    behaviour.stream([CANARY["completion"], "b"]),
    *(
        behaviour.status(code, {"error": {"message": f"Bad key {ECHO} in {code}", "code": ECHO, "param": ECHO}})
        for code in (400, 401, 403, 404, 413, 422, 429, 500, 503)
    ),
    behaviour.status(500, f"<html>{ECHO}</html>".encode()),
    behaviour.answer(f"{{ {ECHO}".encode()),
    behaviour.raw(f"HTTP/1.1 200 OK\r\nx-leak: {ECHO}\r\n\r\n{ECHO}".encode()),
    behaviour.raw(f"{ECHO}\r\n\r\n".encode()),
    behaviour.redirect(f"http://127.0.0.1:9/{CANARY['upstream key']}"),
    behaviour.error_in_200(ECHO),
    behaviour.error_in_stream(1, ECHO),
    behaviour.hang_before_headers(),
    behaviour.hang_mid_stream(1),
    behaviour.reset_before_headers(),
    behaviour.reset_mid_stream(1),
    behaviour.malformed_json(),
    behaviour.malformed_sse(),
    behaviour.short_body(),
    behaviour.empty_200(),
)


def hits(text: bytes, but: set[str] = frozenset()) -> list[str]:  # type: ignore[assignment]
    """Return the names of the canaries in `text`, except some."""
    return [name for name, value in CANARY.items() if name not in but and value.encode() in text]


@dataclass(slots=True)
class Run:
    """A proxy that runs as a command: where it listens and where its log goes."""

    port: int
    process: asyncio.subprocess.Process
    log: Path
    folder: Path


@pytest.fixture
async def upstream() -> AsyncIterator[FakeUpstream]:
    """Serve the careless upstream."""
    async with FakeUpstream() as fake:
        yield fake


@pytest.fixture
async def run(upstream: FakeUpstream, tmp_path: Path) -> AsyncIterator[Run]:
    """Run `tierwise serve` with every secret in its place."""
    (tmp_path / "key").write_text(CANARY["key in a file"])
    config = tmp_path / "c.yaml"
    token = CANARY["printed token"]
    config.write_text(CONFIG.format(base_url=upstream.base_url, folder=tmp_path, python=sys.executable, token=token))
    with (tmp_path / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "router", "serve", str(config), "--listen", "127.0.0.1:0"),
            *("--ledger", str(tmp_path / "ledger.db")),
            env={**os.environ, **ENVIRON},
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
        )
        assert process.stdout is not None
        banner = await process.stdout.readline()
        yield Run(int(banner.split(b"127.0.0.1:")[1].split(b"/")[0]), process, tmp_path / "log", tmp_path)
        if process.returncode is None:
            process.kill()
        await process.wait()


def requests() -> list[tuple[str, dict[str, Any]]]:
    """Return what each fault is asked for, on each surface, streamed and not."""
    turn = {"role": "user", "content": f"{CANARY['prompt']} {CANARY['mail']}", "name": CANARY["prompt"]}
    return [
        ("/v1/chat/completions", {"messages": [turn], "stream": False, "user": CANARY["mail"]}),
        ("/v1/chat/completions", {"messages": [turn], "stream": True, "metadata": {"a": CANARY["prompt"]}}),
        ("/v1/messages", {"messages": [{**turn, "name": None}], "max_tokens": 9, "stream": True}),
        ("/v1/responses", {"input": turn["content"]}),
    ]


BROKEN = (
    b'{"model": "%b", "messages": "%b"}',
    b'{"%b": "%b"',
    b'{"model": "auto", "messages": [{"role": 5, "%b": "%b"}]}',
    b'{"model": "auto", "messages": [], "stop": "%b", "input": ["%b"]}',
)


async def shown_once(http: httpx2.AsyncClient, headers: dict[str, str]) -> None:
    """Wait until the printed token was shown: the command may be slow, and nobody repeats what was never shown."""
    path, body = requests()[0]
    for _ in range(30):
        if (await http.post(path, json={"model": "printed", **body}, headers=headers)).is_success:
            return
        await asyncio.sleep(0.5)


async def test_no_secret_comes_out(run: Run, upstream: FakeUpstream) -> None:
    """Not in an error, a header, the log, the ledger's files or the description of the API."""
    secret = {"authorization": f"Bearer {CANARY['client key']}", "cookie": f"session={CANARY['cookie']}"}
    wrong = {"authorization": f"Bearer {CANARY['wrong authorization']}"}
    found: list[tuple[str, int, list[str]]] = []

    def look(answer: httpx2.Response, where: str) -> None:
        whole = str(answer.headers).encode() + answer.content
        if leaked := hits(whole, TOLD_TO_CLIENT if where == "fault" else set()):
            found.append((where, answer.status_code, leaked))

    prompt = CANARY["prompt"].encode()
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{run.port}", timeout=20) as http:
        upstream.script(behaviour.ok())
        await shown_once(http, secret)
        for number, fault in enumerate(FAULTS):
            upstream.script(fault)
            name = ("env", "file", "printed", "signed")[number % 4]
            for path, body in requests():
                look(await http.post(path, json={"model": name, **body}, headers=secret), "fault")
        for path in ("/v1/chat/completions", "/v1/messages", "/v1/responses", "/v1/router/explain"):
            look(await http.post(path, json={"model": "auto"}, headers=wrong), "wrong key")
            for body in BROKEN:
                look(await http.post(path, content=body % (prompt, prompt), headers=secret), "broken")
        for path in ("/openapi.json", "/v1/models", "/health", "/readyz", f"/{CANARY['prompt']}"):
            look(await http.get(path, headers=secret), "read")
    run.process.send_signal(signal.SIGTERM)
    assert await run.process.wait() == 0

    log = run.log.read_bytes()  # nothing else runs
    assert found == []
    assert hits(log) == []
    assert b'"level":' in log or b'"level": ' in log
    for kept in run.folder.glob("ledger.db*"):
        assert hits(kept.read_bytes()) == [], kept.name
    shown = {seen.header("authorization") for seen in upstream.seen}
    assert {f"Bearer {CANARY[name]}" for name in KEYS[:3]} <= shown


def test_no_secret_is_in_the_ledger_while_it_is_open_or_in_a_representation(tmp_path: Path) -> None:
    """What a debugger or a traceback shows of the configuration holds no key."""
    (tmp_path / "key").write_text(CANARY["key in a file"])
    config = tmp_path / "c.yaml"
    config.write_text(
        CONFIG.format(base_url="http://127.0.0.1:9/v1", folder=tmp_path, python=sys.executable, token="t")
    )
    plan = prepare(config=config, environ=ENVIRON, simulate="never", listen=None, ledger=tmp_path / "l.db")

    shown = [repr(plan.assembled), str(plan.assembled), repr(plan.settings), repr(plan.assembled.keys)]
    assert hits("".join(shown).encode(), {"environment"}) == []


@pytest.mark.parametrize("arguments", [["--help"], ["serve", "--help"], ["check"], ["explain", "--help"]])
def test_no_secret_is_in_what_a_command_says(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A key that stands in the file itself is refused and not repeated; help says nothing of the machine."""
    config = tmp_path / "c.yaml"
    config.write_text(json.dumps({"providers": {"one": {"kind": "openai", "api_key": CANARY["in the YAML"]}}}))
    try:
        code = main([*arguments, str(config)] if arguments == ["check"] else arguments)
    except SystemExit as end:
        code = int(end.code or 0)

    told = capsys.readouterr()
    assert code == (2 if arguments == ["check"] else 0)
    assert hits((told.out + told.err).encode()) == []
