"""What is read of an answer, and how a finish_reason is translated."""

import pytest

from router.errors import UpstreamBroken
from router.wire.chat_answer import MALFORMED, decode_answer, reported_error, usage_of, with_finish


@pytest.mark.parametrize(
    "data", [b"", b"[]", b'{"choices": 5}', b'{"choices": [1]}', b'{"choices":[{"delta":"x"}]}', b"\xff"]
)
def test_refuses_what_is_no_answer(data):
    """Other JSON, wrong types and no JSON are malformed."""
    with pytest.raises(MALFORMED):
        decode_answer(data)


def test_finds_usage_in_both_places():
    """On top, or else in a choice."""
    assert usage_of(decode_answer(b'{"usage": {"a": 1}, "choices": [{"usage": {"b": 2}}]}')) == {"a": 1}
    assert usage_of(decode_answer(b'{"usage": null, "choices": [{}, {"usage": {"b": 2}}]}')) == {"b": 2}
    assert usage_of(decode_answer(b'{"choices": null}')) is None


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b'{"error": {"code": 500}}', True),
        (b'{"object": "error"}', True),
        (b'{"choices": [{}, {"error": {"code": 500}}]}', True),
        (b'{"choices": [{"error": null}, {"error": {}}]}', False),
        (b'{"detail": "Internal error"}', True),
        (b'{"detail": "Internal error", "choices": []}', False),
        (b'{"detail": "Internal error", "usage": {}}', False),
        (b'{"message": "all is well"}', False),
        (b'{"message": "all is well", "status": 500}', True),
        (b'{"message": "all is well", "code": "internal_error"}', True),
        (b'{"message": "an error", "type": "note"}', False),
        (b'{"error": null}', False),
        (b'{"error": {}}', False),
    ],
)
def test_finds_a_reported_error(data, found):
    """An error object, object "error" and an object that only tells of an error is one; null and {} are not."""
    error = reported_error(decode_answer(data), data)
    assert isinstance(error, UpstreamBroken) is found


def test_translates_the_member_not_the_text():
    """A finish_reason quoted in a text stays; unknown ones stay."""
    text = b'{"content":"\\"finish_reason\\":\\"a\\"","finish_reason" : "a","x":{"finish_reason":"b"}}'
    assert with_finish(text, {"a": "stop"}) == text.replace(b'"finish_reason" : "a"', b'"finish_reason" : "stop"')
