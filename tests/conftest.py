"""What many folders run against: one scripted upstream, and one proxy in front of it."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from hypothesis import settings

from tests.fakes.proxy import CONFIG, RunningProxy, running
from tests.fakes.upstream import FakeUpstream

# An example has no deadline: what else the machine does must not fail a property.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")


@pytest.fixture
async def upstream() -> AsyncIterator[FakeUpstream]:
    """Serve a scripted upstream."""
    async with FakeUpstream() as fake:
        yield fake


@pytest.fixture
def configuration() -> str:
    """Return the configuration of `proxy`, which a file may override: three upstreams, all at `{base_url}`."""
    return CONFIG


@pytest.fixture
async def proxy(configuration: str, upstream: FakeUpstream, tmp_path: Path) -> AsyncIterator[RunningProxy]:
    """Serve the proxy with its upstreams at the scripted one."""
    async with running(configuration.format(base_url=upstream.base_url), tmp_path) as serving:
        yield serving


@pytest.fixture
async def http(proxy: RunningProxy) -> AsyncIterator[httpx2.AsyncClient]:
    """Return a plain HTTP client for what no SDK would send."""
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{proxy.port}", timeout=20) as client:
        yield client
