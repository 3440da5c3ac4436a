"""Every map of the YAML is closed and immutable."""

import pytest
from pydantic import ValidationError

from router.settings.section import Section


class Example(Section):
    known: int = 1


def test_a_section_knows_its_keys_and_keeps_its_values():
    """Another key is refused, without the value, and nothing is changed afterwards."""
    with pytest.raises(ValidationError) as raised:
        Example.model_validate({"unknown": "canary"})
    assert "canary" not in str(raised.value)
    with pytest.raises(ValidationError, match="frozen"):
        Example().known = 2
