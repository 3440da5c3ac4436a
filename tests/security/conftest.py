"""A scripted upstream that answers whatever reaches it."""

import pytest

from tests.fakes import behaviour
from tests.fakes.upstream import FakeUpstream


@pytest.fixture
def upstream(upstream: FakeUpstream) -> FakeUpstream:
    """Answer everything."""
    upstream.script(behaviour.ok())
    return upstream
