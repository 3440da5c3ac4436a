"""Health: answers from memory, costs nothing, tells nothing secret."""

from fastapi import APIRouter

from router import __version__

router = APIRouter()


@router.get("/health")
@router.get("/healthz")
@router.get("/readyz")
@router.get("/health/liveliness")
@router.get("/health/readiness")
async def health() -> dict[str, str]:
    """Say that the process serves."""
    return {"status": "ok", "version": __version__}
