"""The words that whole answers, streams and errors share."""

import json

import msgspec
import pytest
from msgspec import Raw

from router.errors import (
    LedgerUnavailable,
    MalformedRequest,
    NoEligibleUpstream,
    Overloaded,
    RateLimited,
    RequestTooLarge,
    RouterError,
    UnknownCaller,
    UnknownModel,
    UpstreamBroken,
    UpstreamTimeout,
)
from router.usage import Usage
from router.wire import anthropic_messages as words


def said(**members: object) -> words.Said:
    """Return a message or a piece of one."""
    return msgspec.json.decode(json.dumps(members), type=words.Said)


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, []),
        ({"content": None, "reasoning_content": None}, []),
        ({"content": "", "reasoning": ""}, []),
        ({"content": "Hi"}, [("text", "Hi")]),
        ({"content": "Hi", "reasoning_content": "Hm"}, [("thinking", "Hm"), ("text", "Hi")]),
        ({"reasoning": "Hm"}, [("thinking", "Hm")]),
        ({"reasoning_content": "Hm", "reasoning": "Hm"}, [("thinking", "Hm")]),
        ({"content": None, "refusal": "No."}, [("text", "No.")]),
        (
            {
                "content": [
                    {"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]},
                    {"type": "text", "text": "Hi"},
                ]
            },
            [("thinking", "Hm"), ("text", "Hi")],
        ),
    ],
)
def test_tells_thoughts_from_text(members: dict[str, object], expected: list[tuple[str, str]]) -> None:
    """Every host's way of writing its reasoning is read, once."""
    assert [(kind, json.loads(raw)) for kind, raw in words.spoken(said(**members))] == expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (b'"{\\"a\\": 1}"', b'"{\\"a\\": 1}"'),
        (b'{"a": 1}', b'"{\\"a\\": 1}"'),
        (b'""', b'""'),
        (b"null", b'""'),
        (b"", b'""'),
    ],
)
def test_arguments_are_one_json_string(arguments: bytes, expected: bytes) -> None:
    """An object is written down as it stands."""
    assert words.arguments_of(words.Function(name="f", arguments=Raw(arguments))) == expected


@pytest.mark.parametrize(
    ("finish", "calls", "matched", "expected"),
    [
        ("stop", False, b"", ("end_turn", None)),
        (None, False, b"", ("end_turn", None)),
        ("length", False, b"", ("max_tokens", None)),
        ("length", True, b"", ("max_tokens", None)),
        ("tool_calls", True, b"", ("tool_use", None)),
        ("function_call", True, b"", ("tool_use", None)),
        ("stop", True, b"", ("tool_use", None)),
        ("content_filter", False, b"", ("refusal", None)),
        ("eos", False, b"", ("end_turn", None)),
        ("stop", False, b'"END"', ("stop_sequence", "END")),
        ("stop", False, b'"other"', ("end_turn", None)),
        ("stop", False, b"128009", ("end_turn", None)),
        ("stop", False, b"null", ("end_turn", None)),
    ],
)
def test_why_it_stopped(finish: str | None, calls: bool, matched: bytes, expected: tuple[str, str | None]) -> None:
    """A call is told by its being there; a sequence only where the host names one that was asked for."""
    assert words.stop_of(finish, calls=calls, matched=Raw(matched), stops=("END",)) == expected


def test_buckets_exclude_each_other() -> None:
    """Cached and written tokens are not input tokens a second time; what is not known is left out."""
    assert words.counted(Usage(input=100, output=7, cached_input=60, cache_write=10)) == {
        "input_tokens": 30,
        "output_tokens": 7,
        "cache_creation_input_tokens": 10,
        "cache_read_input_tokens": 60,
    }
    assert words.counted(Usage(input=100, output=7)) == {"input_tokens": 100, "output_tokens": 7}


@pytest.mark.parametrize(
    ("reported", "expected"),
    [
        ({"prompt_tokens": 9, "completion_tokens": 4}, {"input_tokens": 9, "output_tokens": 4}),
        (
            {"prompt_tokens": 9, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 0}},
            {"input_tokens": 9, "output_tokens": 4, "cache_read_input_tokens": 0},
        ),
        (None, {"input_tokens": 5, "output_tokens": 3}),
        ("many", {"input_tokens": 5, "output_tokens": 3}),
    ],
)
def test_what_is_not_reported_is_estimated(reported: object, expected: dict[str, int]) -> None:
    """The estimate is the ledger's: a token per four bytes."""
    assert words.usage_of(reported, 5, 12) == expected


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (MalformedRequest("no"), "invalid_request_error"),
        (NoEligibleUpstream("no"), "invalid_request_error"),
        (UnknownCaller("no"), "authentication_error"),
        (UnknownModel("no"), "not_found_error"),
        (RequestTooLarge("no"), "request_too_large"),
        (RateLimited("no"), "rate_limit_error"),
        (RouterError("no"), "api_error"),
        (UpstreamBroken("no"), "api_error"),
        (Overloaded("no"), "overloaded_error"),
        (LedgerUnavailable("no"), "overloaded_error"),
        (UpstreamTimeout("no"), "timeout_error"),
    ],
)
def test_an_error_has_the_type_of_its_status(error: RouterError, kind: str) -> None:
    """The shape is Anthropic's, the message ends in the fix."""
    told = json.loads(words.error_object(error, "req-1"))

    assert (told["type"], told["error"]["type"], told["request_id"]) == ("error", kind, "req-1")
    assert told["error"]["message"].startswith("no. ")
    assert set(told["error"]) == {"type", "message"}


def test_a_fix_speaks_of_this_api() -> None:
    """Whoever sends x-api-key is not told of another header alone, nor of OpenAI's reference."""
    assert b"x-api-key" in words.error_object(UnknownCaller("no"), None)
    assert b"Messages API" in words.error_object(MalformedRequest("no"), None)
    assert b"Do this." in words.error_object(MalformedRequest("no", fix="Do this."), None)


@pytest.mark.parametrize(
    ("problem", "kind"),
    [
        ({"message": "no", "type": "api_error", "code": "upstream_stream_error"}, "api_error"),
        ({"message": "no", "type": "api_error", "code": "upstream_timeout"}, "timeout_error"),
        ({"message": "no", "type": "rate_limit_error", "code": "rate_limit_exceeded"}, "rate_limit_error"),
        ({"message": "no"}, "api_error"),
    ],
)
def test_an_error_within_a_stream(problem: dict[str, str], kind: str) -> None:
    """The event is called error and holds what the error body holds."""
    name, data, *_ = words.error_event(problem).split(b"\n")

    assert name == b"event: error"
    assert json.loads(data.removeprefix(b"data: ")) == {"type": "error", "error": {"type": kind, "message": "no"}}


def test_a_message_begins_unstopped() -> None:
    """These are the members of Anthropic's message object."""
    assert words.message("msg_1", "m", [], {"input_tokens": 1, "output_tokens": 0}) == {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 1, "output_tokens": 0},
    }
