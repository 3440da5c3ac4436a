"""Holding answers against a schema takes longer than most of what is asked of the proxy."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from tests.fakes.proxy import RunningProxy


@pytest.fixture
async def http(proxy: RunningProxy) -> AsyncIterator[httpx2.AsyncClient]:
    """Return a plain HTTP client with more patience."""
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{proxy.port}", timeout=60) as client:
        yield client
