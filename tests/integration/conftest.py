"""The real openai SDK at the running proxy."""

from collections.abc import AsyncIterator

import openai
import pytest

from tests.fakes.proxy import RunningProxy


@pytest.fixture
async def sdk(proxy: RunningProxy) -> AsyncIterator[openai.AsyncOpenAI]:
    """Return the asynchronous SDK without retries of its own."""
    async with openai.AsyncOpenAI(base_url=proxy.base_url, api_key="none", max_retries=0, timeout=20) as client:
        yield client
