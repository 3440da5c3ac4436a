"""Health answers from memory."""

from router import __version__
from router.api.health import health


async def test_it_says_which_version_serves() -> None:
    """An operator sees at a glance what is running."""
    assert await health() == {"status": "ok", "version": __version__}
