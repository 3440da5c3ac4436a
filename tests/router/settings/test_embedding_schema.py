"""A group of embedding upstreams in each form in which it may be written."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from router.settings.embedding_schema import EmbeddingGroupSettings, EmbeddingSettings

READ = TypeAdapter(EmbeddingGroupSettings).validate_python


@pytest.mark.parametrize(
    ("written", "upstreams", "policy"),
    [
        ("a", ("a",), None),
        (["a", "b", "a"], ("a", "b"), None),
        ({"upstreams": "a"}, ("a",), None),
        ({"upstreams": ["a", "b"], "policy": "eu"}, ("a", "b"), "eu"),
    ],
)
def test_a_group_is_read(written: Any, upstreams: tuple[str, ...], policy: str | None) -> None:
    """One name, a list or a map; a name counts once."""
    assert READ(written) == EmbeddingSettings(upstreams=list(upstreams), policy=policy)
    assert READ(written).upstreams == upstreams


@pytest.mark.parametrize("written", [[], {}, 5, {"upstreams": [1]}, {"upstreams": ["a"], "polcy": "eu"}])
def test_what_is_no_group_is_refused(written: Any) -> None:
    """An empty list names nobody."""
    with pytest.raises(ValidationError):
        READ(written)
