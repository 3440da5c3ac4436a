"""The shape of the section `embeddings`: names, and the upstreams that serve the same model under them."""

from typing import Annotated, Any

from pydantic import BeforeValidator

from router.settings.scalars import shown
from router.settings.section import Section


def _group(value: Any) -> Any:
    """Read a list of upstreams, or a map."""
    return {"upstreams": value} if isinstance(value, list | str) else value


def _members(value: Any) -> tuple[str, ...]:
    """Read an upstream's name, or a list of them."""
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise ValueError(f"A group of embedding upstreams is a list of their names; it is {shown(value)}.")
    return tuple(dict.fromkeys(names))


class EmbeddingSettings(Section):
    """One name under which embeddings are asked for: upstreams that serve the same model."""

    upstreams: Annotated[tuple[str, ...], BeforeValidator(_members)]
    policy: str | None = None


EmbeddingGroupSettings = Annotated[EmbeddingSettings, BeforeValidator(_group)]
"""A group as it may be written: a map, a list of upstreams, or one."""
