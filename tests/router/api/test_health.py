"""Health answers from memory: alive is not the same as ready."""

import json

import pytest
from fastapi import FastAPI

from router import __version__
from router.api.health import paths
from router.api.readiness import Readiness
from tests.fakes.asgi import Exchange, call


async def ask(path: str, readiness: Readiness) -> Exchange:
    """Ask a process in this state."""
    app = FastAPI()
    app.include_router(paths(readiness))
    return await call(app, path=path, method="GET", headers=[(b"host", b"127.0.0.1")])


@pytest.mark.parametrize("path", ["/health", "/readyz"])
async def test_it_says_which_version_serves(path: str) -> None:
    """An operator sees at a glance what is running."""
    done = await ask(path, Readiness())

    assert (done.status, json.loads(done.body)) == (200, {"status": "ok", "version": __version__})


@pytest.mark.parametrize(
    ("path", "status"),
    [("/readyz", 503), ("/health/readiness", 503), ("/health", 200), ("/healthz", 200), ("/health/liveliness", 200)],
)
async def test_a_process_that_ends_lives_and_is_not_ready(path: str, status: int) -> None:
    """A load balancer takes it out; nobody kills it for that while it drains."""
    done = await ask(path, Readiness(stopping=True))

    assert done.status == status
    assert ("retry-after" in done.headers) == (status == 503)
