"""Health: answers from memory, costs nothing, tells nothing secret."""

from fastapi import APIRouter, Response

from router import __version__
from router.api.readiness import Readiness

METHODS = ["GET", "HEAD"]

RETRY_SECONDS = "1"
"""What a client that asks a process which ends is told to wait: another one serves."""


def paths(readiness: Readiness) -> APIRouter:
    """Return the paths that probes use: whether this process lives, and whether it wants requests."""
    router = APIRouter()

    @router.api_route("/health", methods=METHODS)
    @router.api_route("/healthz", methods=METHODS)
    @router.api_route("/health/liveliness", methods=METHODS)
    async def health() -> dict[str, str]:
        """Say that the process serves."""
        return {"status": "ok", "version": __version__}

    @router.api_route("/readyz", methods=METHODS)
    @router.api_route("/health/readiness", methods=METHODS)
    async def ready(response: Response) -> dict[str, str]:
        """Say whether new requests are wanted (503: the process ends), and which configuration they would meet."""
        if readiness.stopping:
            response.status_code = 503
            response.headers["retry-after"] = RETRY_SECONDS
        return {**readiness.told(), "version": __version__}

    return router
