"""The real proxy on a loopback port, in the test's own event loop: the same server that the command starts.

async with running(CONFIG.format(base_url=upstream.base_url), tmp_path) as proxy:
    client = openai.AsyncOpenAI(base_url=proxy.base_url, api_key="none")
"""

import asyncio
import contextlib
import json
import socket
import sqlite3
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from router.app import Proxy
from router.plan import prepare
from router.serving.server import server_for

CONFIG = """
version: 1
providers:
  one: {{kind: vllm, base_url: "{base_url}"}}
  two: {{kind: vllm, base_url: "{base_url}"}}
upstreams:
  small: {{provider: one, model: small-1, tier: easy, window: 128000, capabilities: [tools, json_schema, vision],
    price: {{input: 0.1, output: 0.4, cached_input: 0.01, as_of: 2026-11-01}}}}
  middle: {{provider: two, model: middle-1, tier: medium, window: 128000, capabilities: [tools, json_schema, vision],
    price: {{input: 0.5, output: 2, as_of: 2026-11-01}}}}
  large: {{provider: one, model: large-1, tier: hard, window: 200000,
    capabilities: [tools, json_schema, vision, reasoning], price: {{input: 2, output: 10, as_of: 2026-11-01}}}}
routes: {{auto: {{}}}}
delivery: {{deadline: 5s, first_byte_timeout: 1s, idle_timeout: 1s, connect_timeout: 1s}}
baseline: large
"""
"""Three upstreams, one a tier, all at one address; format it with base_url."""


@dataclass(frozen=True, slots=True)
class RunningProxy:
    """A proxy that serves."""

    port: int
    ledger: Path

    @property
    def base_url(self) -> str:
        """What an OpenAI SDK is pointed at."""
        return f"http://127.0.0.1:{self.port}/v1"

    def rows(self) -> list[dict[str, Any]]:
        """Return the ledger's rows, oldest first; attempts as a list."""
        with contextlib.closing(sqlite3.connect(f"file:{self.ledger}?mode=ro", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            found = [dict(row) for row in connection.execute("SELECT * FROM request ORDER BY rowid")]
        return [row | {"attempts": json.loads(row["attempts"])} for row in found]


@contextlib.asynccontextmanager
async def running(
    config: str, folder: Path, environ: Mapping[str, str] | None = None, simulate: str = "never"
) -> AsyncIterator[RunningProxy]:
    """Serve `config` (YAML text) until the block ends; its ledger lies in `folder`."""
    path = folder / "tierwise.yaml"
    path.write_text(config)
    ledger = folder / "ledger.db"
    plan = prepare(config=path, environ=environ or {}, simulate=simulate, listen="127.0.0.1:0", ledger=ledger)
    async with serving(Proxy(plan)) as port:
        yield RunningProxy(port, ledger)


@contextlib.asynccontextmanager
async def serving(app: Any) -> AsyncIterator[int]:
    """Serve an ASGI app as the command would until the block ends; yield its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = server_for(app)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started and not task.done():  # noqa: ASYNC110  # uvicorn offers no event to wait for
            await asyncio.sleep(0.005)
        if task.done():
            task.result()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            await task
