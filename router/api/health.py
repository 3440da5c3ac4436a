"""Health: answers from memory, costs nothing, tells nothing secret."""

from fastapi import APIRouter

from router import __version__

router = APIRouter()


METHODS = ["GET", "HEAD"]


@router.api_route("/health", methods=METHODS)
@router.api_route("/healthz", methods=METHODS)
@router.api_route("/readyz", methods=METHODS)
@router.api_route("/health/liveliness", methods=METHODS)
@router.api_route("/health/readiness", methods=METHODS)
async def health() -> dict[str, str]:
    """Say that the process serves."""
    return {"status": "ok", "version": __version__}
