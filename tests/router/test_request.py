"""A request is a frozen value."""

from dataclasses import FrozenInstanceError

import pytest

from router.request import Needs
from tests.fakes.values import a_request


def test_nothing_can_be_changed_after_reading() -> None:
    """What was decided on is what is sent."""
    request = a_request()

    with pytest.raises(FrozenInstanceError):
        request.body = b"{}"
    with pytest.raises(FrozenInstanceError):
        request.needs.tools = True
    assert Needs() == Needs(tools=False, images=False, json_schema=False, reasoning=False, context_tokens=0)
