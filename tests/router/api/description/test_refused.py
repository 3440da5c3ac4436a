"""Refusals: every status that an error of ours has is described, with the headers that come with it."""

import json
from collections.abc import Iterator

import jsonschema_rs
import pytest

from router.api.description.refused import ERROR, MEANINGS, MESSAGES_ERROR, refusals
from router.api.error_body import error_headers
from router.errors import OperatorError, RouterError, WrongMethod
from router.policy.explanation import Unserved
from router.wire import anthropic_messages, openai_chat


def errors(kind: type[RouterError] = RouterError) -> Iterator[type[RouterError]]:
    """Yield every error that a client may be told."""
    for child in kind.__subclasses__():
        yield child
        yield from errors(child)


# Unserved is another refusal with what led to it, and tells what that one does.
TOLD = sorted(
    {kind for kind in errors() if not issubclass(kind, OperatorError) and kind not in (WrongMethod, Unserved)},
    key=lambda kind: kind.__name__,
)


@pytest.mark.parametrize("kind", TOLD, ids=lambda kind: kind.__name__)
def test_every_error_is_described(kind: type[RouterError]) -> None:
    """Its status has a meaning, its headers are named, its body fits in both shapes."""
    error = kind("a thing is wrong")
    error.retry_after = 1.5

    told = refusals([kind.status], "Error")[str(kind.status)]

    assert told["description"] == MEANINGS[kind.status]
    sent = {name.decode() for name, _ in error_headers(error)}
    required = {name for name, header in told["headers"].items() if header.get("required")}
    assert required - {"x-request-id"} <= sent
    assert jsonschema_rs.validator_for(ERROR).is_valid(json.loads(openai_chat.error_object(error)))
    body = json.loads(anthropic_messages.error_object(error, "id"))
    assert jsonschema_rs.validator_for(MESSAGES_ERROR).is_valid(body)


def test_refusals_name_their_schema_and_when_to_come_back() -> None:
    """In the order of their statuses."""
    told = refusals((503, 400), "MessagesError")

    assert list(told) == ["400", "503"]
    assert told["400"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/MessagesError"}
    assert ["retry-after" in told[status]["headers"] for status in told] == [False, True]
