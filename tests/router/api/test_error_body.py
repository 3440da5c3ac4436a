"""Errors in OpenAI's shape."""

import json

from router.api.error_body import error_headers
from router.errors import Overloaded, RateLimited, RouterError, UnknownCaller, UnknownModel
from router.wire.openai_chat import error_object


def test_all_four_fields_always() -> None:
    """A field that says nothing is null, not absent; the message ends in the fix."""
    error = UnknownModel("model 'x' is unknown.", fix="Ask for 'auto'.", param="model")

    assert json.loads(error_object(error)) == {
        "error": {
            "message": "model 'x' is unknown. Ask for 'auto'.",
            "type": "invalid_request_error",
            "param": "model",
            "code": "model_not_found",
        }
    }
    assert json.loads(error_object(RouterError("x")))["error"]["param"] is None


def test_when_to_come_back_in_whole_seconds_and_milliseconds() -> None:
    """Retry-After is rounded up, so that nobody comes too early."""
    headers = dict(error_headers(RateLimited("slow down", retry_after=1.2)))

    assert (headers[b"retry-after"], headers[b"retry-after-ms"]) == (b"2", b"1200")


def test_every_error_says_whether_to_send_the_request_again() -> None:
    """SDKs retry by the status otherwise, also what would be answered the same."""
    assert (b"x-should-retry", b"true") in error_headers(Overloaded("full"))
    assert (b"x-should-retry", b"false") in error_headers(RouterError("x"))


def test_who_must_authenticate_is_told_how() -> None:
    """A 401 names the scheme."""
    assert (b"www-authenticate", b'Bearer realm="tierwise"') in error_headers(UnknownCaller("who?"))
