"""A scripted upstream that counts what reaches it, and the running proxy in front of it."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from tests.fakes import behaviour
from tests.fakes.proxy import CONFIG, RunningProxy, running
from tests.fakes.upstream import FakeUpstream


@pytest.fixture
async def upstream() -> AsyncIterator[FakeUpstream]:
    """Serve an upstream that answers everything."""
    async with FakeUpstream() as fake:
        fake.script(behaviour.ok())
        yield fake


@pytest.fixture
async def proxy(upstream: FakeUpstream, tmp_path: Path) -> AsyncIterator[RunningProxy]:
    """Serve the proxy with three upstreams, all at the scripted one."""
    async with running(CONFIG.format(base_url=upstream.base_url), tmp_path) as serving:
        yield serving


@pytest.fixture
async def http(proxy: RunningProxy) -> AsyncIterator[httpx2.AsyncClient]:
    """Return a plain HTTP client."""
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{proxy.port}", timeout=20) as client:
        yield client
