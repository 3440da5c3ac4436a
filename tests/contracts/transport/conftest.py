"""Every test of this folder runs against each transport and an upstream of its own."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.fakes.transports import KINDS, SECRETS
from tests.fakes.upstream import FakeUpstream


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def kind(request):
    return request.param


@pytest.fixture
async def transport(kind) -> AsyncIterator[Any]:
    made = kind(SECRETS)
    yield made
    await made.close()


@pytest.fixture
async def upstream() -> AsyncIterator[FakeUpstream]:
    async with FakeUpstream() as fake:
        yield fake
